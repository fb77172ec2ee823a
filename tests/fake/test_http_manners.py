"""The server reads what hyper reads, refuses what hyper refuses, and answers as early as hyper."""

from __future__ import annotations

import re
import socket
import time

import pytest

from fake_tgi.app import create_app
from fake_tgi.hyper.request_body import BrokenBody, Chunked
from fake_tgi.hyper.request_head import Heads, Refused
from fake_tgi.server import Server
from fake_tgi.settings import Settings


def exchange(port: int, *packets: bytes, leave: bool = False) -> tuple[bytes, bool]:
    """What comes back for these packets, and whether the connection was then closed.

    `leave` closes the client's side behind the last packet.
    """
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        for number, packet in enumerate(packets):
            if number:
                time.sleep(0.05)
            sock.sendall(packet)
        if leave:
            sock.shutdown(socket.SHUT_WR)
        sock.settimeout(0.3)
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except TimeoutError:
            return answer, False
        return answer, True


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", answer)]


def asked(*packets: bytes, leave: bool = False, api_key: str | None = None) -> tuple[list[int], bytes, bool]:
    """The statuses of all answers, the last one's body, and whether the connection was closed."""
    with Server(create_app(Settings(api_key=api_key))) as server:
        answer, closed = exchange(server.port, *packets, leave=leave)
    return statuses(answer), answer.rpartition(b"\r\n\r\n")[2], closed


READ = {
    "a method that nobody knows": (b"FROB /info HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "a method in lower case": (b"get /info HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "a method of any token characters": (b"a!#$%&'*+-.^_`|~9 /generate HTTP/1.1\r\n\r\n", 405),
    "a method of another protocol": (b"SETUP /nope HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "UTF-8 in the path": ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 404),
    "UTF-8 in the query": ("GET /info?é=日 HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 200),
    "lines that end in LF": (b"GET /info HTTP/1.1\nHost: a\n\n", 200),
    "a length given twice alike": (
        b"GET /info HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
        200,
    ),
    "a target without a slash": (b"GET info HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "an authority to connect to": (b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "an absolute target without a path": (b"GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "an absolute target with an odd port": (b"GET http://a:99999/info HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    "a coding, then a length": (
        b"GET /info HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: x\r\n\r\n1\r\na\r\n0\r\n\r\n",
        200,
    ),
}


@pytest.mark.parametrize(("data", "status"), READ.values(), ids=list(READ))
def test_what_hyper_reads_reaches_the_router(data: bytes, status: int) -> None:
    again = b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n"
    assert asked(data, again) == ([status, 200], b"", False)


REFUSED = {
    "two blanks before the target": (b"GET  /info HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a method that is no token": (b"G(T /info HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a path that is not UTF-8": (b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a bracket behind a method that nobody knows": (b"FROB /<a> HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "two lengths": (b"GET /info HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400),
    "a wrong length, then a coding": (
        b"GET /info HTTP/1.1\r\nContent-Length: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    "a coding other than chunked": (b"POST /info HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
    "a coding in HTTP/1.0": (b"POST /info HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "HTTP/0.9": (b"GET /info\r\nHost: a\r\n\r\n", 400),
    "HTTP/2 as a version": (b"GET /info HTTP/2.0\r\nHost: a\r\n\r\n", 400),
    "a folded header": (b"FROB /info HTTP/1.1\r\na: b\r\n c\r\n\r\n", 400),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=list(REFUSED))
def test_what_hyper_refuses_ends_the_connection_with_nothing_but_a_status(data: bytes, status: int) -> None:
    assert asked(data) == ([status], b"", True)


def test_a_head_that_does_not_end_is_refused_at_400_kilobytes() -> None:
    with Server(create_app(Settings())) as server:
        begun = b"GET /info HTTP/1.1\r\nx: " + b"a" * 417_000
        assert exchange(server.port, begun) == (b"", False)
        with socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock:
            sock.sendall(begun + b"a" * 1000)
            assert statuses(sock.recv(65536)) == [431]


def test_a_head_may_come_in_pieces_whatever_it_says() -> None:
    assert asked(b"GET /in", b"fo HTTP/1.1\r\nContent-Length: 0\r\n", b"Content-Length: 0\r\n\r\n")[0] == [
        200
    ]


def test_each_of_several_requests_in_one_packet_is_read_whatever_it_says() -> None:
    statuses_, _, closed = asked(
        b"GET /ping HTTP/1.1\r\n\r\nFROB /ping HTTP/1.1\r\n\r\n"
        b"\r\nGET nope HTTP/1.1\n\nGET /ping HTTP/1.1\r\n\r\n"
    )
    assert (statuses_, closed) == ([200, 405, 404, 200], False)


JSON = b"POST /generate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
BROKEN = b"Failed to buffer the request body: error reading a body from connection"


@pytest.mark.parametrize(
    "rest", [b"zz\r\n", b"2\r\n{}x", b"0x2\r\n{}\r\n", b"\r\n", b"2\r\n{}\r\n0\r\nT 1\r\n\r\n"]
)
@pytest.mark.parametrize("cut", [False, True])
def test_a_body_with_broken_chunks_is_a_400_that_says_so(rest: bytes, cut: bool) -> None:
    head = JSON + b"Transfer-Encoding: chunked\r\n\r\n"
    packets = (head, rest) if cut else (head + rest,)
    assert asked(*packets) == ([400], BROKEN, True)


@pytest.mark.parametrize(
    "length", [b"Content-Length: 20\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n14\r\n"]
)
def test_a_client_that_stops_in_its_body_is_told_so(length: bytes) -> None:
    assert asked(JSON + length + b"{", leave=True) == ([400], BROKEN, True)


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"POST /nope", 404),
        (b"PUT /generate", 401),
        (b"POST /generate", 401),
        (b"PUT /chat_tokenize", 405),
        (b"POST /chat_tokenize", 415),
        (b"GET /info", 200),
        (b"OPTIONS /generate", 200),
    ],
)
@pytest.mark.parametrize(
    "body", [b"Content-Length: 20\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"]
)
def test_an_answer_that_needs_no_body_does_not_wait_for_one(line: bytes, status: int, body: bytes) -> None:
    got, _, closed = asked(line + b" HTTP/1.1\r\nHost: a\r\n" + body, api_key="sesame")
    assert (got, closed) == ([status], True)


@pytest.mark.parametrize(
    ("asks", "line", "connection", "closed"),
    [
        (b"GET /ping HTTP/1.0\r\n\r\n", b"HTTP/1.0 200 OK", None, True),
        (b"GET /ping HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", b"HTTP/1.0 200 OK", b"keep-alive", False),
        (b"GET /ping HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK", None, False),
        (b"GET /ping HTTP/1.1\r\nConnection: x, Close\r\n\r\n", b"HTTP/1.1 200 OK", b"close", True),
    ],
)
def test_an_answer_is_of_the_version_asked_in_and_says_what_becomes_of_the_connection(
    asks: bytes, line: bytes, connection: bytes | None, closed: bool
) -> None:
    with Server(create_app(Settings())) as server:
        answer, was_closed = exchange(server.port, asks)
    first, *headers = answer.removesuffix(b"\r\n\r\n").split(b"\r\n")
    said = dict(header.split(b": ", 1) for header in headers)
    assert (first, said.get(b"connection"), was_closed) == (line, connection, closed)
    assert headers[-1].startswith(b"date: ")


def test_a_stream_in_http_1_0_ends_with_its_connection() -> None:
    body = b'{"inputs":"Hi","parameters":{"max_new_tokens":3}}'
    head = b"POST /generate_stream HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with Server(create_app(Settings())) as server:
        answer, closed = exchange(server.port, head % len(body) + body)
    start, _, events = answer.partition(b"\r\n\r\n")
    assert start.startswith(b"HTTP/1.0 200 OK\r\n")
    assert b"transfer-encoding" not in start
    assert (events[:15], events.count(b"\n\n"), events[-2:], closed) == (b'data: {"index":', 3, b"\n\n", True)


def test_the_sizes_of_chunks_are_in_upper_case_as_the_router_writes_them() -> None:
    body = b'{"inputs":"Hi","parameters":{"max_new_tokens":9}}'
    head = b"POST /generate_stream HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with Server(create_app(Settings())) as server:
        answer, _ = exchange(server.port, head % len(body) + body)
    sizes = re.findall(rb"(?<=\r\n)([0-9A-Fa-f]+)\r\ndata:", answer)
    assert len(sizes) == 9
    assert set(b"".join(sizes)) & set(b"ABCDEF")
    assert not set(b"".join(sizes)) & set(b"abcdef")


@pytest.mark.parametrize(
    ("line", "asked_for"), [(b"POST /generate", True), (b"POST /nope", False), (b"GET /info", False)]
)
def test_a_body_is_asked_for_only_where_it_is_wanted(line: bytes, asked_for: bool) -> None:
    head = b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    with Server(create_app(Settings())) as server:
        answer, _ = exchange(server.port, line + b" HTTP/1.1" + head, b"{}" if asked_for else b"")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\n") is asked_for
    assert statuses(answer)[-1] == {b"POST /generate": 422, b"POST /nope": 404, b"GET /info": 200}[line]


@pytest.mark.parametrize(
    ("data", "path", "query"),
    [
        (b"FROB /\xc3\xa9?a=\xc3\xa9#c HTTP/1.1\n\n", "/%C3%A9", "a=%C3%A9"),
        (b"\r\n\nGET /a? HTTP/1.1\r\n\r\n", "/a", ""),
        (b"GET http://a:1 HTTP/1.0\r\n\r\n", "/", ""),
        (b"CONNECT a:80 HTTP/1.1\r\n\r\n", "*", ""),
    ],
)
def test_a_head_is_read_into_path_and_query(data: bytes, path: str, query: str) -> None:
    found = Heads().read(data + b"rest")
    assert found is not None
    assert (found[0].path, found[0].query, found[1]) == (path, query, len(data))


def test_a_head_that_was_read_is_remembered_and_one_that_was_refused_is_refused_again() -> None:
    heads = Heads()
    data = b"GET / HTTP/1.1\r\nA:  b \r\n\r\n"
    first, again = heads.read(data), heads.read(data + b"GET /")
    assert first is not None
    assert again is not None
    assert first[0].headers == ((b"a", b"b"),)
    assert first[0] is again[0]
    for _ in range(2):
        with pytest.raises(Refused) as refused:
            heads.read(b"GET / HTTP/1.1\r\nA b\r\n\r\n")
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "data", [b"", b"GET", b"\r\n\r\n", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\na: b\r\n"]
)
def test_a_head_that_has_not_ended_is_waited_for(data: bytes) -> None:
    assert Heads().read(data) is None


CHUNKED = b"3 \t;x=y\r\nabc\r\n0C\r\n0123456789ab\r\n0\r\nA: b\r\n\r\n"


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100])
def test_a_chunked_body_may_be_cut_anywhere(step: int) -> None:
    body, read, left = Chunked(), b"", b""
    data = CHUNKED + b"GET /"
    for at in range(0, len(data), step):
        if body.done:
            left += data[at : at + step]
            continue
        piece, left = body.feed(left + data[at : at + step])
        read += piece
    assert (body.done, read, left) == (True, b"abc0123456789ab", b"GET /")


@pytest.mark.parametrize(
    "data",
    [
        b"x",
        b"\r\n",
        b"3;\n",
        b"3\n",
        b"3\rx",
        b"3\r\nabcd",
        b"0\r\nA b\r\n\r\n",
        b"0\r\n A: b\r\n\r\n",
        b"1" * 17,
        b"3 4\r\n",
    ],
)  # fmt: skip
def test_what_is_no_chunk_breaks_a_body_off(data: bytes) -> None:
    with pytest.raises(BrokenBody):
        Chunked().feed(data)
