"""The server reads what hyper reads, refuses what hyper refuses, and answers as early as hyper."""

from __future__ import annotations

import re
import socket
import time

import pytest

from fake_tgi.app import create_app
from fake_tgi.hyper.restated_head import restated
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


def test_a_request_is_said_again_alone_and_not_with_the_one_before_it() -> None:
    """The second request in one packet cannot be told apart any more; the first one is answered."""
    statuses_, _, closed = asked(b"GET /ping HTTP/1.1\r\n\r\nFROB /ping HTTP/1.1\r\n\r\n")
    assert (statuses_[0], closed) == (200, True)


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


def test_saying_a_head_again_changes_nothing_but_what_parsers_stumble_over() -> None:
    head = b"FROB /\xc3\xa9?a HTTP/1.1\nA:  b \nTransfer-Encoding: gzip\ntransfer-encoding: Chunked\n"
    assert restated(head + b"Content-Length: 9\n\n3\r\nabc") == (
        b"PUT /%C3%A9?a HTTP/1.1\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc"
    )


@pytest.mark.parametrize(
    "head", [b"", b"FROB / HTTP/1.1\r\n", b"FROB / HTTP/1.1\r\n\n", b"\r\n\r\n", b"\x00\r\n\r\n"]
)
def test_what_is_no_head_is_not_said_again(head: bytes) -> None:
    assert restated(head) is None
