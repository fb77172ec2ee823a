"""What the transport for httpx reads and writes itself is what httpcore would: to the byte, to the error."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import httpcore
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_tgi import FakeTGI
from fake_tgi.transports.lines import Lines

PLAIN = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nContent-Length: 11\r\nx-n: \r\n\r\n{"a": "bc"}'
ANSWERS = {
    "plain": PLAIN,
    "nothing": b"",
    "no head": b"HTTP/1.1 200 OK\r\ncontent-le",
    "no such version": PLAIN.replace(b"/1.1", b"/2.0"),
    "an old version": PLAIN.replace(b"/1.1", b"/1.0"),
    "no reason": PLAIN.replace(b" OK", b""),
    "a status of its own": PLAIN.replace(b"200", b"799"),
    "continue, then it": b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN,
    "no body": b"HTTP/1.1 204 No Content\r\ncontent-length: 11\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\ncontent-length: 11\r\n\r\n",
    "an empty body": b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
    "a short body": PLAIN[:-4],
    "a long body": PLAIN + b"more",
    "an answer to nothing": PLAIN + PLAIN,
    "two lengths": PLAIN.replace(b"x-n: ", b"content-length: 12"),
    "the same length twice": PLAIN.replace(b"x-n: ", b"content-length: 11"),
    "no length": PLAIN.replace(b"Content-Length: 11\r\n", b""),
    "no number": PLAIN.replace(b": 11", b": 1x"),
    "a number of many digits": PLAIN.replace(b": 11", b": 0000000000000000000011"),
    "chunks": PLAIN.replace(b"Content-Length: 11", b"Transfer-Encoding: chunked").replace(b"\n{", b"\nb\r\n{")
    + b"\r\n0\r\n\r\n",
    "chunks and a length": PLAIN.replace(b"x-n: ", b"transfer-encoding: chunked"),
    "the last one": PLAIN.replace(b"x-n: ", b"connection: close"),
    "a name with a blank": PLAIN.replace(b"x-n:", b"x n:"),
    "a name with a blank behind it": PLAIN.replace(b"x-n:", b"x-n :"),
    "a value in Latin-1": PLAIN.replace(b"x-n: ", b"x-n: \xe9"),
    "blanks around a value": PLAIN.replace(b"x-n: ", b"x-n: \t a  b \t"),
    "no blank": PLAIN.replace(b"x-n: ", b"x-n:a"),
    "a folded line": PLAIN.replace(b"x-n: ", b"x-n: a\r\n b"),
    "bare line feeds": PLAIN.replace(b"\r\n", b"\n"),
    "a zero byte": PLAIN.replace(b"x-n: ", b"x-n: \0"),
    "no HTTP at all": b"220 mail.example.test ESMTP\r\n",
}
REQUESTS: dict[str, Callable[[], httpx.Request]] = {
    "json": lambda: httpx.Request("POST", "http://tgi/generate?a=b", json={"inputs": "Hi"}),
    "nothing": lambda: httpx.Request("GET", "http://tgi:8080/health"),
    "an empty post": lambda: httpx.Request("POST", "http://tgi/"),
    "head": lambda: httpx.Request("HEAD", "http://tgi/"),
    "a stream": lambda: httpx.Request("POST", "http://tgi/", content=iter([b"a", b"b"])),
    "a method of its own": lambda: httpx.Request("x-y", "http://tgi/"),
    "a method that is none": lambda: httpx.Request("G T", "http://tgi/"),
    "a method in no ASCII": lambda: httpx.Request("GÉT", "http://tgi/"),
    "no host": lambda: without("host", httpx.Request("GET", "http://tgi/")),
    "a host behind others": lambda: httpx.Request("GET", "http://tgi/", headers={"a": "b", "Host": "c"}),
    "a wrong length": lambda: httpx.Request(
        "POST", "http://tgi/", content=b"abc", headers={"content-length": "2"}
    ),
    "no length": lambda: without("content-length", httpx.Request("POST", "http://tgi/", content=b"abc")),
    "chunks": lambda: httpx.Request(
        "POST", "http://tgi/", content=b"abc", headers={"transfer-encoding": "chunked"}
    ),
    "the last one": lambda: httpx.Request("GET", "http://tgi/", headers={"connection": "close"}),
    "an upgrade": lambda: httpx.Request("GET", "http://tgi/", headers={"upgrade": "websocket"}),
    "a wait for leave": lambda: httpx.Request(
        "POST", "http://tgi/", content=b"abc", headers={"expect": "100-continue"}
    ),
    "a value of two lines": lambda: httpx.Request("GET", "http://tgi/", headers={"a": "b\r\nc: d"}),
    "a value that ends in a blank": lambda: httpx.Request("GET", "http://tgi/", headers={"a": "b "}),
    "a target that is not the URL's": lambda: httpx.Request(
        "GET", "http://tgi/info", extensions={"target": b"/health?x"}
    ),
    "a value in UTF-8": lambda: httpx.Request("GET", "http://tgi/", headers={"a": "é".encode()}),
}


@pytest.fixture
def fake() -> Iterator[FakeTGI]:
    with FakeTGI(listen=False) as fake:
        yield fake


def without(name: str, request: httpx.Request) -> httpx.Request:
    del request.headers[name]
    return request


class Stream:
    """A connection whose other end says the same whatever it is asked; then it is closed, or silent."""

    def __init__(self, came: Sequence[bytes], *, silent: bool) -> None:
        self.sent = b""
        self.closed = False
        self._came = list(came)
        self._silent = silent

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._came:
            return self._came.pop(0)
        if self._silent:
            raise httpcore.ReadTimeout("timed out")
        return b""

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.sent += buffer

    def get_extra_info(self, info: str) -> Any:
        return (bool(self._came) or not self._silent) if info == "is_readable" else None

    def close(self) -> None:
        self.closed = True


class Network:
    """Every connection to it is the next of these."""

    def __init__(self, *streams: Stream) -> None:
        self.used: list[Stream] = []
        self._streams = list(streams)

    def connect_tcp(self, *arguments: Any, **named: Any) -> Stream:
        self.used.append(self._streams.pop(0))
        return self.used[-1]


def played(asked: Callable[[], httpx.Request], came: Sequence[bytes], *, silent: bool, ours: bool) -> object:
    """All that there is to see of two exchanges, by us or all by httpcore."""
    network = Network(*(Stream(came, silent=silent) for _ in range(2)))
    lines = Lines(network, httpcore)  # type: ignore[arg-type]  # as much of a backend as is needed
    seen: list[object] = []
    for _ in range(2):
        request = asked()
        known = ours and isinstance(request.stream, httpx.ByteStream)
        got: list[bytes] = []
        try:
            body = b"".join(request.stream) if known else None  # type: ignore[arg-type]  # one that blocks
            answer = lines.ask(request, body)
            told = answer.extensions["http_version"], answer.extensions["reason_phrase"]
            seen.append((answer.status, list(answer.headers), told))
            try:
                got.extend(answer.pieces)
            finally:
                answer.pieces.close()
        except Exception as error:
            seen.append((type(error), str(error)))
        seen.append((got, [(stream.sent, stream.closed) for stream in network.used]))
    lines.close()
    assert all(stream.closed for stream in network.used)
    return seen


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "closed"])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_read_as_httpcore_reads_it(name: str, silent: bool) -> None:
    whole = ANSWERS[name]
    for came in ([whole], [whole[:60], whole[60:]], [whole[:-3], whole[-3:]]):
        pieces = [piece for piece in came if piece]
        asked = REQUESTS["json"]
        ours, theirs = (played(asked, pieces, silent=silent, ours=ours) for ours in (True, False))
        assert ours == theirs


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_written_as_httpcore_writes_it(name: str) -> None:
    ours, theirs = (played(REQUESTS[name], [PLAIN], silent=True, ours=ours) for ours in (True, False))
    assert ours == theirs


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(list(ANSWERS.values())),
    st.lists(st.integers(0, 120), max_size=4),
    st.integers(0, 120),
    st.binary(max_size=2),
    st.booleans(),
)
def test_whatever_comes_is_read_as_httpcore_reads_it(
    whole: bytes, cuts: list[int], place: int, put: bytes, silent: bool
) -> None:
    whole = whole[:place] + put + whole[place + len(put) :]
    bounds = [0, *sorted(cuts), len(whole)]
    came = [whole[start:end] for start, end in pairwise(bounds) if start < end]
    ours, theirs = (played(REQUESTS["json"], came, silent=silent, ours=ours) for ours in (True, False))
    assert ours == theirs


def test_a_plain_call_costs_no_state_machine(fake: FakeTGI, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: Any, **named: Any) -> None:
        raise AssertionError("httpcore was asked")

    fake.reply("Hi.")
    with httpx.Client(transport=fake.httpx_transport()) as client:
        monkeypatch.setattr(httpcore, "HTTPConnection", refuse)
        for _ in range(2):
            got = client.post("http://tgi/generate", json={"inputs": "x"})
            assert got.json() == {"generated_text": "Hi."}
        with pytest.raises(AssertionError, match="httpcore was asked"):
            client.post("http://tgi/generate_stream", json={"inputs": "x"})
    assert {event.call.connection for event in fake.journal} == {fake.journal[0].call.connection}


def test_who_wants_to_be_told_of_each_step_is(fake: FakeTGI) -> None:
    told: list[str] = []
    with httpx.Client(transport=fake.httpx_transport()) as client:
        client.get("http://tgi/health", extensions={"trace": lambda name, info: told.append(name)})
    assert "http11.send_request_headers.complete" in told


@pytest.mark.parametrize("logger", ["httpcore", "httpcore.http11"])
def test_who_has_the_steps_logged_reads_them(
    fake: FakeTGI, caplog: pytest.LogCaptureFixture, logger: str
) -> None:
    with (
        httpx.Client(transport=fake.httpx_transport()) as client,
        caplog.at_level(logging.DEBUG, logger=logger),
    ):
        client.get("http://tgi/health")
    assert any("receive_response_headers" in record.message for record in caplog.records)


def test_a_scheme_that_is_none_of_http_is_refused_as_httpcore_does(fake: FakeTGI) -> None:
    with (
        httpx.Client(transport=fake.httpx_transport()) as client,
        pytest.raises(httpx.UnsupportedProtocol, match="ftp://"),
    ):
        client.get("ftp://tgi/health")
