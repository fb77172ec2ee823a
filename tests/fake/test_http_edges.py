"""At its edges, too, the server is hyper: heads not yet complete, bodies that nobody wants, and limits."""

from __future__ import annotations

import socket

import pytest

from fake_tgi.app import create_app
from fake_tgi.hyper.request_body import BrokenBody, Chunked
from fake_tgi.hyper.request_head import Heads, Refused, read_head
from fake_tgi.server import Server
from fake_tgi.settings import Settings

from .test_http_manners import BROKEN, JSON, asked, exchange, statuses

PING = b"GET /ping HTTP/1.1\r\n"
LONG = b"GET /" + b"a" * 30


@pytest.mark.parametrize(
    ("data", "seen", "status"),
    [
        (b"\x16\x03\x01\x02", -1, 400),
        (b"GET /\x01", -1, 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", -1, 400),
        (b'{"inputs"', 0, 400),
        (LONG + b"\x01", 0, 400),
        (b"GET  ", 0, 400),
        (b"GET /a HTTX", 0, 400),
        (b"GET /a HTTP/2", 0, 400),
        (b"GET /\xff H", 0, 400),
        (PING + b"A b", 0, 400),
        (PING + b"A: b\r\nC: \x01", 0, 400),
        (PING + b"A: b\r\n" * 101, 0, 431),
        (b"\r\n\rG", 0, 400),
    ],
)
def test_what_no_head_begins_with_is_refused_at_the_first_look(data: bytes, seen: int, status: int) -> None:
    with pytest.raises(Refused) as refused:
        Heads().read(data, seen)
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"GET /a\x01", 3),
        (LONG + b"\x01", -1),
        (b"PRI * HTTP/2.0\r\n\r\n", -1),
        (PING + b"A: b\r", 0),
        (b"\r\n\r", 0),
        (b"GET /\xff", 0),
        (PING + b"A: b\n\r\n", 5),
        (PING + b"A: b\n\r\n", -1),
    ],
)
def test_at_a_later_look_nothing_counts_but_the_end(data: bytes, seen: int) -> None:
    assert Heads().read(data, seen) is None


def test_an_empty_line_behind_a_bare_line_feed_ends_a_head_that_is_there_at_once() -> None:
    assert Heads().read(PING + b"A: b\n\r\n", 0) is not None


def test_bytes_that_are_not_http_are_refused_without_waiting_for_a_line() -> None:
    assert asked(b"\x16\x03\x01\x02\x00\x01") == ([400], b"", True)


@pytest.mark.parametrize(
    ("packets", "answers"),
    [
        ((LONG + b"\x01",), []),
        ((PING + b"\r\n", LONG + b"\x01"), [200, 400]),
        ((PING + b"\r\n", PING + b"A", b" b"), [200]),
        ((PING + b"\r\n", PING + b"A", b" b\r\n\r\n"), [200, 400]),
        ((PING, b"\r\n", b"\x16"), [200, 400]),
    ],
)
def test_a_first_look_is_at_what_is_there_when_a_request_begins(
    packets: tuple[bytes, ...], answers: list[int]
) -> None:
    got, _, closed = asked(*packets)
    assert (got, closed) == (answers, 400 in answers)


def test_a_body_without_a_length_is_taken_for_the_next_request() -> None:
    got, _, closed = asked(JSON + b'\r\n{"inputs":"Hi"}')
    assert (got, closed) == ([400, 400], True)


def test_a_client_that_closes_its_side_during_its_answer_gets_no_more_of_it() -> None:
    body = b'{"inputs":"Hi","parameters":{"max_new_tokens":3}}'
    head = JSON + b"Content-Length: %d\r\n\r\n" % len(body)
    with Server(create_app(Settings(time_to_first_token="5s"))) as server:
        assert exchange(server.port, head + body, leave=True) == (b"", True)


def chunks(*sizes: int, trailer: bytes = b"") -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (size, b"x" * size) for size in sizes) + b"0\r\n" + trailer + b"\r\n"


@pytest.mark.parametrize(
    ("line", "body", "kept"),
    [
        (b"POST /nope", 32_000, True),
        (b"POST /nope", 33_000, False),
        (b"PUT /generate", 33_000, False),
        (b"POST /generate", 33_000, False),
        (b"POST /nope", chunks(9_000), True),
        (b"POST /nope", chunks(17_000), False),
        (b"POST /nope", chunks(5, 5), False),
        (b"POST /nope", chunks(5, trailer=b"A: b\r\n"), False),
    ],
)
def test_a_body_that_nobody_wants_is_read_if_two_reads_do_and_else_ends_the_connection(
    line: bytes, body: int | bytes, kept: bool
) -> None:
    if isinstance(body, int):
        rest = b"Content-Length: %d\r\n\r\n" % body + b"x" * body
    else:
        rest = b"Transfer-Encoding: chunked\r\n\r\n" + body
    got, _, closed = asked(line + b" HTTP/1.1\r\n" + rest, PING + b"\r\n")
    assert (len(got), closed) == (2 if kept else 1, not kept)


def test_a_client_that_is_still_sending_has_its_answer_and_no_reset() -> None:
    head = b"POST /nope HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n"
    with (
        Server(create_app(Settings())) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock,
    ):
        with pytest.raises(BrokenPipeError):
            sock.sendall(head + b"x" * 30_000_000)
        assert statuses(sock.recv(65536)) == [404]
        assert sock.recv(65536) == b""


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"2;" + b"x" * 16_383 + b"\r\n{}\r\n0\r\n\r\n", 422),
        (b"2;" + b"x" * 16_384 + b"\r\n{}\r\n0\r\n\r\n", 400),
        (b"1;" + b"x" * 9_000 + b"\r\n{\r\n1;" + b"x" * 9_000 + b"\r\n}\r\n0\r\n\r\n", 400),
        (b"0" * 30 + b"2\r\n{}\r\n0\r\n\r\n", 422),
        (b"2\r\n{}\r\n0\r\nA:" + b"x" * 16_377 + b"\r\n\r\n", 422),
        (b"2\r\n{}\r\n0\r\nA:" + b"x" * 16_378 + b"\r\n\r\n", 400),
        (b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 99 + b"\r\n", 422),
        (b"2\r\n{}\r\n0\r\n" + b"A: b\r\n" * 100 + b"\r\n", 400),
    ],
)
def test_extensions_and_trailers_of_a_body_have_their_limits(body: bytes, status: int) -> None:
    got, said, closed = asked(JSON + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert got == [status]
    assert (said == BROKEN) == (status == 400)
    assert closed == (status == 400 or b"A:" in body), "behind trailers nothing is read"


@pytest.mark.parametrize("data", [b"2;" + b"x" * 16_384, b"0\r\nA: " + b"x" * 16_384, b"1" * 17])
def test_what_is_beyond_a_limit_is_not_waited_for(data: bytes) -> None:
    with pytest.raises(BrokenBody):
        Chunked().feed(data)


def test_trailers_are_judged_at_their_end() -> None:
    body = Chunked()
    _, left = body.feed(b"0\r\n A: b\r\n")
    with pytest.raises(BrokenBody):
        body.feed(left + b"\r\n")


LONG_NAME = b"x" * 65_536 + b": b\r\n"
LONG_TARGET = b"GET /" + b"a" * 65_535 + b" HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (PING + b"Content-Length: 18446744073709551613\r\n", None),
        (PING + b"Content-Length: 18446744073709551614\r\n", 431),
        (PING + b"Content-Length: 18446744073709551615\r\n", 431),
        (PING + b"Content-Length: 18446744073709551616\r\n", 400),
        (PING + b"Content-Length: " + b"0" * 5000 + b"25\r\n", None),
        (PING + b"Content-Length: " + b"9" * 5000 + b"\r\n", 400),
        (PING + b"Content-Length:\r\n", 400),
        (PING + LONG_NAME[1:], None),
        (PING + LONG_NAME, 431),
        (b"GET /<a HTTP/1.1\r\n" + LONG_NAME, 431),
        (LONG_TARGET, 414),
        (LONG_TARGET + LONG_NAME, 414),
        (LONG_TARGET + b"A b\r\n", 400),
        (LONG_TARGET + b"A: b\r\n" * 101, 431),
        (PING + b"A: b\r\n" * 100 + b"A b\r\n", 400),
        (PING + b"A: b\r\n" * 101 + b"A b\r\n", 431),
    ],
)
def test_of_several_reasons_to_refuse_a_head_the_first_one_that_hyper_looks_for_counts(
    head: bytes, status: int | None
) -> None:
    if status is None:
        read_head(head.removesuffix(b"\n"))
        return
    with pytest.raises(Refused) as refused:
        read_head(head.removesuffix(b"\n"))
    assert refused.value.status == status


@pytest.mark.parametrize(
    ("version", "said", "kept"),
    [
        (1, [b"close", b"keep-alive"], True),
        (1, [b"keep-alive", b"close"], False),
        (1, [b"close", b"x"], False),
        (1, [b"close, \xe9"], True),
        (0, [b"keep-alive", b"close"], False),
        (0, [b"close", b"keep-alive"], True),
        (0, [b"keep-alive, close"], True),
        (0, [b"keep-alive", b"x"], True),
    ],
)
def test_of_several_connection_headers_a_later_one_counts_more(
    version: int, said: list[bytes], kept: bool
) -> None:
    lines = [b"GET / HTTP/1.%d" % version, *(b"Connection: " + value for value in said)]
    assert read_head(b"\r\n".join(lines)).keep_alive == kept


def test_a_stream_in_http_1_0_repeats_a_keep_alive_that_it_cannot_keep() -> None:
    body = b'{"inputs":"Hi","parameters":{"max_new_tokens":3}}'
    head = JSON.replace(b"generate HTTP/1.1", b"generate_stream HTTP/1.0") + b"Connection: keep-alive\r\n"
    with Server(create_app(Settings())) as server:
        answer, closed = exchange(server.port, head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert (answer.startswith(b"HTTP/1.0 200 OK\r\n"), closed) == (True, True)
    assert b"\r\nconnection: keep-alive\r\n" in answer
