"""The event-stream decoder obeys the specification, wherever the bytes are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from text_generation._chunked import ChunkedDecoder, MalformedChunk, _whole_chunks
from text_generation._sse import Event, EventStreamDecoder, NamedEvent

from ..sweeps import examples


def _reference(body: bytes) -> list[Event]:
    """The specification's algorithm, line by line, over the whole body at once."""
    body = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    events: list[Event] = []
    name, data = b"", []  # type: ignore[var-annotated]
    for line in [*body.split(b"\n"), b""]:
        if not line:
            if data:
                payload = b"\n".join(data)
                plain = name in (b"", b"message")
                events.append(payload if plain else NamedEvent(name.decode("utf-8", "replace"), payload))
            name, data = b"", []
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    return events


def _decoded(body: bytes, cuts: list[int]) -> list[Event]:
    decoder = EventStreamDecoder()
    events: list[Event] = []
    position = 0
    for cut in [*cuts, len(body)]:
        events += decoder.feed(body[position : position + cut] if cut else b"")
        position += cut
    events += decoder.feed(body[position:])
    return events + decoder.finish()


LINE = st.sampled_from(
    [
        b"data: a",
        b"data:b",
        b"data",
        b"data: ",
        b": x",
        b"event: error",
        b"event:",
        b"id: 1",
        b"x",
        b"data: \xe2\x80\xa8",
    ]
)
BODY = st.builds(
    lambda bom, lines: bom + b"".join(line + end for line, end in lines),
    st.sampled_from([b"", b"\xef\xbb\xbf", b"\xef\xbb"]),
    st.lists(
        st.tuples(
            LINE | st.just(b""), st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n"])
        )
    ),
)


@given(BODY, st.lists(st.integers(0, 12), max_size=30))
@settings(max_examples=examples(400), deadline=None)
def test_any_cut_gives_the_specifications_events(body: bytes, cuts: list[int]) -> None:
    """The decoder and the specification's own algorithm agree."""
    assert _decoded(body, cuts) == _reference(body)


@given(st.binary(max_size=200), st.lists(st.integers(0, 12), max_size=30))
@settings(max_examples=examples(400), deadline=None)
def test_any_bytes_at_all_are_decoded(body: bytes, cuts: list[int]) -> None:
    """It never raises, and cuts make no difference."""
    assert _decoded(body, cuts) == _reference(body)


@pytest.mark.parametrize("ending", [b"\n\n", b"\r\r", b"\r\n\r\n"])
def test_no_event_waits_for_the_next_bytes(ending: bytes) -> None:
    """An event is handed out with the first byte that ends it: a CR counts at once."""
    decoder = EventStreamDecoder()
    body = b"data: x" + ending
    found = [decoder.feed(body[i : i + 1]) for i in range(len(body))]
    due = len(body) - (2 if ending == b"\r\n\r\n" else 1)
    assert [index for index, events in enumerate(found) if events] == [due]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_cr_and_lf_end_a_line(separator: str) -> None:
    """What Python calls a line end, but the specification does not, stays in the text."""
    decoder = EventStreamDecoder()
    assert decoder.feed(f"data: a{separator}b\n\n".encode()) == [f"a{separator}b".encode()]


CHUNK = st.binary(min_size=1, max_size=20) | st.sampled_from(
    [b"\r\n", b"0\r\n\r\n", b"5\r\nabcde\r\n", b"x" * 5000]
)


@given(
    st.lists(st.tuples(CHUNK, st.sampled_from(["%x", "%X", "0%x", "%x;a=b", "%x "])), max_size=12),
    st.sampled_from([b"", b"x-trailer: 1\r\n"]),
    st.lists(st.integers(1, 40), max_size=60),
)
@settings(max_examples=examples(400), deadline=None)
def test_the_chunked_coding_is_decoded_wherever_it_is_cut(
    chunks: list, trailer: bytes, cuts: list[int]
) -> None:
    """The body comes out whole, and the end is seen exactly at the end."""
    wire = b"".join((size % len(data)).encode() + b"\r\n" + data + b"\r\n" for data, size in chunks)
    wire += b"0\r\n" + trailer + b"\r\n"
    decoder = ChunkedDecoder()
    body, position = b"", 0
    for cut in cuts:
        body += decoder.feed(wire[position : position + cut]) if position < len(wire) else b""
        position += cut
    if position < len(wire):
        assert not decoder.done
        body += decoder.feed(wire[position:])
    assert body == b"".join(data for data, _ in chunks)
    assert decoder.done


@pytest.mark.parametrize("wire", [b"zz\r\nx\r\n", b"-1\r\n\r\n", b"1\r\nxyz\r\n", b"\r\n", b"1" * 9000])
def test_what_is_not_the_chunked_coding_is_refused(wire: bytes) -> None:
    """Rather than guessed at."""
    decoder = ChunkedDecoder()

    def feed() -> None:
        decoder.feed(wire)
        decoder.feed(b"")  # what came before it is handed out first

    with pytest.raises(MalformedChunk):
        feed()


def test_chunks_as_tgi_writes_them_are_taken_several_at_a_time() -> None:
    data = b"".join(b"%X\r\n%b\r\n" % (size, b"x" * size) for size in (9, 10, 171, 4000))
    body: list[bytes] = []
    assert (_whole_chunks(data, 0, body), [len(piece) for piece in body]) == (len(data), [9, 10, 171, 4000])
