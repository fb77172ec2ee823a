"""Four clocks, the same in both clients: connect, first token, silence, total."""

from __future__ import annotations

import importlib
import socket
import threading
import time
from typing import Any

import pytest

from text_generation import Timeouts, errors

from .raw_server import END, RawServer, chunk, response, stream_head
from .wire import answer, chat_answer, dumps, event, events, sse


@pytest.fixture(autouse=True, scope="module")
def _loaded() -> None:
    """What the first call would load must not count as time."""
    for name in ("_requests", "_aiohttp", "stream", "async_stream", "_operations"):
        importlib.import_module(f"text_generation.{name}")


def _timed_out(error: BaseException | None, clock: str, seconds: float) -> None:
    assert isinstance(error, errors.ClockTimeoutError), repr(error)
    assert isinstance(error, TimeoutError)
    assert (error.clock, error.seconds) == (clock, seconds)
    assert f"{seconds:g} s" in str(error)
    assert f"Timeouts({clock}=...)" in str(error)


def test_the_first_token_has_its_own_clock(face: Any, server: RawServer) -> None:
    """Headers and keep-alive comments are no token."""
    server.scripts += [[stream_head(), 0.1, chunk(b":\n\n"), 0.1, chunk(b":\n\n"), threading.Event()]]
    client = face.client(server.url, timeout=Timeouts(first_token=0.4, silence=5))
    started = time.monotonic()
    items, error = face.collect(face.stream(client, "generate_stream", "hi"))
    assert items == []
    _timed_out(error, "first_token", 0.4)
    assert 0.3 < time.monotonic() - started < 1.5
    assert server.seen[0].client_left.wait(1)


def test_silence_in_the_middle_is_noticed(face: Any, server: RawServer) -> None:
    """After the first token, and with what had arrived."""
    server.scripts += [[stream_head() + chunk(sse(event("a"))), threading.Event()]]
    client = face.client(server.url, timeout=Timeouts(first_token=5, silence=0.2))
    items, error = face.collect(face.stream(client, "generate_stream", "hi"))
    assert [item.token.text for item in items] == ["a"]
    _timed_out(error, "silence", 0.2)
    assert error.partial.text == "a"  # type: ignore[union-attr]
    assert server.seen[0].client_left.wait(1)


def test_a_comment_breaks_the_silence(face: Any, server: RawServer) -> None:
    """TGI sends one every 15 seconds while a token takes long."""
    first, last = events("ab")
    script: list[Any] = [stream_head() + chunk(sse(first))]
    for _ in range(4):
        script += [0.15, chunk(b":\n\n")]
    server.scripts += [[*script, chunk(sse(last)) + END]]
    client = face.client(server.url, timeout=Timeouts(silence=0.4))
    assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None


def test_silence_inside_a_whole_answer_is_noticed(face: Any, server: RawServer) -> None:
    """The body of a whole answer stops in the middle."""
    server.scripts += [[answer()[:-10], threading.Event()]]
    client = face.client(server.url, timeout=Timeouts(first_token=5, silence=0.2))
    with pytest.raises(errors.SilenceTimeoutError) as caught:
        face.call(client, "generate", "hi")
    _timed_out(caught.value, "silence", 0.2)


def test_the_total_ends_a_lively_stream(face: Any, server: RawServer) -> None:
    """However well the tokens flow."""
    script: list[Any] = [stream_head()]
    for _ in range(100):
        script += [chunk(sse(event("a"))), 0.05]
    server.scripts += [script]
    client = face.client(server.url, timeout=Timeouts(total=0.5))
    started = time.monotonic()
    items, error = face.collect(face.stream(client, "generate_stream", "hi"))
    _timed_out(error, "total", 0.5)
    assert 4 < len(items) < 20
    assert time.monotonic() - started < 2


def test_the_total_ends_a_dripping_answer(face: Any, server: RawServer) -> None:
    """A whole answer that comes one byte at a time."""
    body = answer()
    script: list[Any] = [body[:-20]]
    for byte in body[-20:]:
        script += [bytes([byte]), 0.1]
    server.scripts += [script]
    with pytest.raises(errors.TotalTimeoutError):
        face.call(face.client(server.url, timeout=Timeouts(total=0.4)), "generate", "hi")


def test_connecting_has_a_clock(face: Any) -> None:
    """A listener that accepts nobody: the backlog is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        others = []
        for _ in range(4):
            other = socket.socket()
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
            others.append(other)
        client = face.client(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=Timeouts(connect=0.3))
        started = time.monotonic()
        with pytest.raises(errors.ConnectTimeoutError) as caught:
            face.call(client, "generate", "hi")
        _timed_out(caught.value, "connect", 0.3)
        assert time.monotonic() - started < 2
        for other in others:
            other.close()


@pytest.mark.parametrize("clock", ["first_token", "total"])
@pytest.mark.parametrize("streaming", [False, True])
def test_a_dripping_head_has_a_deadline(face: Any, server: RawServer, clock: str, streaming: bool) -> None:
    """Status and headers that come one byte at a time do not start the clock again with each byte."""
    script: list[Any] = []
    for byte in response(headers={"x-filler": "a" * 60})[:80]:
        script += [bytes([byte]), 0.05]
    server.scripts += [script]
    client = face.client(server.url, timeout=Timeouts(**{clock: 0.4}))
    started = time.monotonic()
    if streaming:
        items, error = face.collect(face.stream(client, "generate_stream", "hi"))
        assert items == []
    else:
        with pytest.raises(errors.ClockTimeoutError) as caught:
            face.call(client, "generate", "hi")
        error = caught.value
    _timed_out(error, clock, 0.4)
    assert 0.3 < time.monotonic() - started < 1.5
    assert server.seen[0].client_left.wait(1)


def test_a_slow_head_in_time_is_read(face: Any, server: RawServer) -> None:
    """Pauses within the head do no harm, nor does what is left of its time limit the body."""
    whole = answer()
    head, body = whole.split(b"\r\n\r\n")
    server.scripts += [[head[:9], 0.2, head[9:], 0.2, b"\r\n\r\n" + body[:5], 0.4, body[5:]], [answer()]]
    client = face.client(server.url, timeout=Timeouts(first_token=0.7, silence=0.7))
    assert face.call(client, "generate", "hi").generated_text == " Rayleigh scattering"
    assert face.call(client, "generate", "hi").generated_text == " Rayleigh scattering"
    assert server.connections == 1


def test_a_call_may_have_clocks_of_its_own(face: Any, server: RawServer) -> None:
    """`timeout=` of a call overrides the client's; None is no limit."""
    server.scripts += [[0.5, answer()], [threading.Event()]]
    client = face.client(server.url, timeout=0.2)
    assert face.call(client, "generate", "hi", timeout=None).generated_text == " Rayleigh scattering"
    with pytest.raises(errors.FirstTokenTimeoutError):
        face.call(client, "generate", "hi")


def test_a_slow_reader_is_no_silent_server(face: Any, server: RawServer) -> None:
    """Only waiting counts: a pause of the reader's own is none of the server's."""
    first, last = events("ab")
    server.scripts += [[stream_head() + chunk(sse(first)), 0.05, chunk(sse(last)) + END]]
    made = face.stream(face.client(server.url, timeout=Timeouts(silence=0.3)), "generate_stream", "hi")
    if face.name == "sync":
        next(made)
    else:
        face.run(made.__anext__())
    time.sleep(0.5)
    items, error = face.collect(made)
    assert (len(items), error) == (1, None)


def test_the_clock_of_a_finished_stream_rests(face: Any, server: RawServer) -> None:
    """After the final event nobody waits longer for the end of the body than a moment."""
    body = b"".join(sse(value) for value in events("ab"))
    server.scripts += [
        [stream_head() + chunk(body), threading.Event()],
        [response(200, dumps(chat_answer()))],
    ]
    client = face.client(server.url, timeout=30)
    started = time.monotonic()
    items, error = face.collect(face.stream(client, "generate_stream", "hi"))
    assert (len(items), error) == (2, None)
    assert time.monotonic() - started < 1
    assert server.seen[0].client_left.wait(1)
