"""Whatever a server sends: both clients give the same items and the same end, and the end is one of ours."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from text_generation import errors
from text_generation._folding import GENERATION, chat_protocol
from text_generation._streams import StreamReader

from ..sweeps import examples
from .faces import Async, Sync
from .raw_server import CLOSE, END, RESET, RawServer, chunk, response, stream_head
from .wire import chat_event, completion_event, dumps, event, events, sse

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
ODD_EVENTS = [
    b"data: [DONE]\n\n",
    b": keep-alive\n\n",
    b":\n\n",
    b"data: nonsense\n\n",
    b"data: {}\n\n",
    b"data: []\n\n",
    b"data: null\n\n",
    b"data\n\n",
    b"event: error\ndata: broken\n\n",
    b"event: ping\ndata: {}\n\n",
    sse({"error": "Model is overloaded", "error_type": "overloaded"}),
    sse({"error": {"message": "Template error: x", "http_status_code": 422}}),
    sse({"error": None, **event("n")}),
    sse(event("é")).replace("é".encode(), b"\xff"),
]


@st.composite
def bodies(draw: Any) -> bytes:
    """A stream: mostly as TGI sends it, sometimes with other things in between, sometimes cut off."""
    pieces = [sse(value) for value in events(draw(st.lists(TEXT, min_size=1, max_size=6)))]
    for odd in draw(st.lists(st.sampled_from(ODD_EVENTS), max_size=2)):
        pieces.insert(draw(st.integers(0, len(pieces))), odd)
    body = b"".join(pieces)
    if draw(st.booleans()):
        body = body[: draw(st.integers(0, len(body)))]
    return body.replace(b"\n", draw(st.sampled_from([b"\n", b"\n", b"\r\n", b"\r"])))


def _read(body: bytes, cuts: list[int], protocol: Any = GENERATION) -> tuple[list[Any], Any]:
    reader: Any = StreamReader(protocol)
    items: list[Any] = []
    position = 0
    try:
        for cut in [*cuts, len(body)]:
            if reader.done:
                break
            reader.feed(body[position : position + cut])
            position += cut
            while found := reader.take():
                items += found
        reader.finish()
        while found := reader.take():
            items += found
    except errors.TextGenerationError as error:
        partial = error.partial
        if partial is None or list(partial.items) != items:
            raise AssertionError(f"partial does not hold what was handed out: {partial}") from error
        return items, (type(error), str(error))
    assert reader.complete
    return items, None


@given(bodies(), st.lists(st.integers(0, 40), max_size=40))
@settings(max_examples=examples(300), deadline=None)
def test_cuts_make_no_difference(body: bytes, cuts: list[int]) -> None:
    """The same items and the same end, however the bytes are cut; and nothing but our errors."""
    assert _read(body, cuts) == _read(body, [])


@given(st.binary(max_size=300), st.lists(st.integers(0, 40), max_size=20))
@settings(max_examples=examples(200), deadline=None)
def test_any_bytes_leave_one_of_our_errors(body: bytes, cuts: list[int]) -> None:
    """Bytes that are no stream at all, for both kinds of reader."""
    for protocol in (GENERATION, chat_protocol(1)):
        assert _read(body, cuts, protocol) == _read(body, [], protocol)


@given(st.lists(TEXT, min_size=1, max_size=8), st.integers(0, 7))
@settings(max_examples=examples(100), deadline=None)
def test_what_has_arrived_can_be_asked_for_at_any_time(texts: list[str], at: int) -> None:
    """`text` and `items` in the middle of a stream are those handed out so far, and do not disturb it."""
    reader = StreamReader(GENERATION)
    seen: list[Any] = []
    for index, value in enumerate(events(texts)):
        reader.feed(sse(value))
        while found := reader.take():
            seen += found
        if index == at:
            assert reader.items == seen
            assert reader.text == "".join(texts[: index + 1])
    assert reader.items == seen
    assert len(seen) == len(texts)


def _ours(error: BaseException | None) -> type | None:
    """The public class of an error, below those that also carry a library's name."""
    return next((cls for cls in type(error).__mro__ if cls.__module__ == errors.__name__), None)


FAULTS: dict[str, Any] = {
    "whole": lambda body, at: [stream_head() + chunk(body) + END],
    "close": lambda body, at: [stream_head() + chunk(body[:at]), CLOSE] if at else [stream_head(), CLOSE],
    "torn": lambda body, at: [(stream_head() + chunk(body) + END)[:-at] if at else b"", CLOSE],
    "reset": lambda body, at: [stream_head(), 0.01, RESET],
    "length": lambda body, at: [
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n" + body,
        CLOSE,
    ],
    "until close": lambda body, at: [
        b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + body,
        CLOSE,
    ],
    "bad chunk": lambda body, at: (
        [stream_head() + (chunk(body[:at]) if at else b""), 0.02, b"zz\r\n", CLOSE]
    ),
    "no http": lambda body, at: [b"SSH-2.0-OpenSSH_9.6\r\n\r\n", CLOSE],
    "no answer": lambda body, at: [CLOSE],
    "half a head": lambda body, at: [b"HTTP/1.1 200 OK\r\ncontent-ty", CLOSE],
    "gzip": lambda body, at: [stream_head(headers={"content-encoding": "gzip"}) + chunk(b"no gzip") + END],
    "json": lambda body, at: [response(200, dumps({"generated_text": "x"}))],
    "status": lambda body, at: [response(500 + at % 30, body[:at])],
    "empty": lambda body, at: [response(200, b"", "text/event-stream")],
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", ["generate_stream", "chat", "completion"])
def test_any_fault_ends_both_clients_in_the_same_way(fault: str, kind: str) -> None:
    """Over real sockets: the same items, an end of the same class and the same kind, nothing foreign."""
    if kind == "generate_stream":
        body = b"".join(sse(value) for value in events("abc"))
        arguments: Any = (("hi",), {})
    elif kind == "chat":
        parts = [chat_event("a"), chat_event("b"), chat_event("", "stop"), b"[DONE]"]
        body = b"".join(sse(value) for value in parts)
        arguments = (([{"role": "user", "content": "hi"}],), {"stream": True})
    else:
        body = b"".join(
            sse(value) for value in [completion_event("a"), completion_event("b", "length"), b"[DONE]"]
        )
        arguments = (("hi",), {"stream": True})
    for at in (0, 1, 7, len(body) // 2, len(body) - 3):
        ends: list[Any] = []
        for make in (Sync, Async):
            face: Any = make()
            with RawServer(FAULTS[fault](body, at)) as server:
                args, options = arguments
                made = face.stream(face.client(server.url, timeout=5), kind, *args, **options)
                items, error = face.collect(made)
                assert error is None or isinstance(error, errors.TextGenerationError), repr(error)
                ours = _ours(error)
                ends.append((items, ours, made.text))
                if error is None:
                    assert fault in ("whole", "until close", "length", "torn", "close", "bad chunk")
            face.finish()
        assert ends[0] == ends[1], (fault, at)


@given(st.data())
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_both_clients_read_any_stream_alike(data: Any) -> None:
    """Random streams, randomly cut into chunks of the coding and into pieces of the socket."""
    body = data.draw(bodies())
    cuts = data.draw(st.lists(st.integers(1, 60), max_size=12))
    wire, position = stream_head(), 0
    for cut in [*cuts, len(body) + 1]:
        piece = body[position : position + cut]
        wire += chunk(piece) if piece else b""
        position += cut
    wire += data.draw(st.sampled_from([END, b""]))
    at = data.draw(st.integers(1, len(wire)))
    ends: list[Any] = []
    for make in (Sync, Async):
        face: Any = make()
        with RawServer([wire[:at], 0.002, wire[at:], CLOSE]) as server:
            items, error = face.collect(
                face.stream(face.client(server.url, timeout=5), "generate_stream", "hi")
            )
            ours = _ours(error)
            ends.append((items, ours))
        face.finish()
    assert ends[0] == ends[1]
