"""From the bytes of a streamed answer to its items and its end. No I/O.

`feed` takes bytes as they come, `take` reads and hands out some of the events they completed, in wire order,
and raises an error only when everything before it has been handed out. `finish` is the end of the bytes. What
has arrived is remembered as bytes, a seventh of what it is as objects: it is read a few events at a time as
it is taken, and read again when somebody asks for all of it: most never do. A stream is complete
after its final event (`[DONE]`, or what its `End` recognises); an end before that is an
IncompleteGenerationError. Nothing that follows the end is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ._hints import explained
from ._refusals import error_for_event
from ._sse import Event, EventStreamDecoder, NamedEvent
from ._wire import WireRequest
from .errors import (
    IncompleteGenerationError,
    InvalidResponseError,
    Partial,
    TextGenerationError,
)

__all__ = ["End", "Protocol", "StreamReader"]

T = TypeVar("T")

_BATCH = 12  # events read at a time: of each stream that somebody has open, this many are objects


class End:
    """Recognises the end of one kind of stream; one is made per stream, so it may remember."""

    __slots__ = ("complete", "last", "wrong")

    def __init__(self) -> None:
        self.complete = False  # the answer is whole, though more may follow (usage, `[DONE]`)
        self.last = False  # nothing more is to be expected
        self.wrong = ""  # why an item that follows is not what this stream can go on with

    def see(self, items: Sequence[Any]) -> int:
        """Look at some items; how many of them belong to the stream."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Protocol(Generic[T]):
    """What tells one kind of stream from another."""

    validate: Callable[[bytes], T]
    """JSON bytes to an item; raises ValueError when they are none."""
    end: Callable[[], End]
    text: Callable[[Sequence[T]], str]
    """The text of some items, special tokens left out."""
    vague: bool = False
    """Whether an item may also carry an error."""


class StreamReader(Generic[T]):
    """Reads one stream. `status`, `headers` and `request` only serve to describe errors."""

    __slots__ = (
        *("_decoder", "_end", "_error", "_events", "_ended_at", "_next", "_protocol", "_ready", "_replay"),
        *("_vague", "_validate", "context", "count", "latest"),
    )

    def __init__(
        self,
        protocol: Protocol[T],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        request: WireRequest | None = None,
    ) -> None:
        self._protocol = protocol
        self._validate, self._vague = protocol.validate, protocol.vague
        self._decoder = EventStreamDecoder()
        self._end = protocol.end()
        self._events: list[Event] = []
        self._next = 0  # the first of them that has not been read
        self._ended_at: int | None = None  # how many of them did not need the end of the bytes to end
        self._ready: list[T] = []
        self._error: TextGenerationError | None = None
        self._replay: tuple[StreamReader[T], list[T]] | None = None
        self.context = (status, headers or {}, request)
        self.count = 0
        """How many items have been read, of those that have arrived; the last few may not be handed out."""
        self.latest: list[T] = []
        """The last one or two items that were read, where they may tell the usage."""

    @property
    def seen(self) -> bool:
        """Whether any event has arrived."""
        return bool(self._events)

    @property
    def complete(self) -> bool:
        """Whether the answer is whole, as far as it was read."""
        return self._end.complete

    @property
    def done(self) -> bool:
        """Whether nothing more is to be expected: the last event or an error has been read."""
        return self._end.last or self._error is not None

    @property
    def text(self) -> str:
        """The text so far, special tokens left out."""
        return self._protocol.text(self.items)

    @property
    def items(self) -> list[T]:
        """Every item so far, handed out or not; not the same objects, but equal ones."""
        if self._replay is None:
            self._replay = (_Replay(self._protocol), [])
        reader, items = self._replay
        reader._events, reader._ended_at = self._events, self._ended_at
        reader._read_all()
        items += reader._ready
        reader._ready = []
        return items

    @property
    def partial(self) -> Partial:
        """What has arrived so far."""
        items = self.items
        return Partial(self._protocol.text(items), tuple(items))

    def feed(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        events = self._decoder.feed(data)
        if events:
            self._events += events

    def take(self) -> list[T]:
        """The next few items, none when all have been handed out. Then raises the stream's error, if any."""
        if self._ready:
            ready, self._ready = self._ready, []
            return ready
        while self._error is None and not self._end.last:
            start = self._next
            events = self._events[start : start + _BATCH]
            if not events:
                return []
            self._next = start + len(events)
            items = self._read(events, start)
            if items:
                return items
        if self._error is not None:
            raise self._error
        return []

    def finish(self) -> None:
        """The bytes have ended. What ends here without a final event is incomplete; `take` will say so."""
        self._ended_at = len(self._events)
        self._events += self._decoder.finish()
        self._read_all()
        if self.complete or self._error is not None:
            self._end.last = True
        elif self.seen:
            self.fail(IncompleteGenerationError(_incomplete(self.count)))
        else:
            self.fail(IncompleteGenerationError("The stream ended without a single event"))

    def fail(self, error: TextGenerationError) -> None:
        """End the stream with this error, after what has arrived. A complete answer stays complete."""
        self._read_all()
        self._fail(error)

    def _fail(self, error: TextGenerationError) -> None:
        if self._error is not None or self._end.last:
            return
        if self.complete:  # only the trailing usage or `[DONE]` is missing: nothing of the answer is
            self._end.last = True
            return
        status, headers, request = self.context
        error.partial = self._arrived()
        if error.status is None:
            error.status, error.headers = status, headers
        error.request = error.request or request
        self._error = error

    def _arrived(self) -> Partial | None:
        return self.partial

    def _read_all(self) -> None:
        """Read every event that has arrived, up to the last one or an error, for `take` to hand out."""
        while self._next < len(self._events) and not self.done:
            start = self._next
            events = self._events[start : start + _BATCH]
            self._next = start + len(events)
            self._ready += self._read(events, start)

    def _read(self, events: list[Any], start: int) -> list[T]:
        """The items of these events, the first of which is the `start`th; up to the last one or an error."""
        end, vague = self._end, self._vague
        try:
            if not vague or b'"error":' not in b"".join(events):
                items = list(map(self._validate, events))
                count = end.see(items)
                if vague or end.last or count < len(items):
                    return self._accepted(items, count)
                self.count += count  # the usual, in as few steps as it takes
                return items
        except (ValueError, TypeError):  # TypeError: a NamedEvent
            pass
        items = []
        for position, event in enumerate(events, start):
            try:
                item: Any = None if vague and b'"error":' in event else self._validate(event)
            except (ValueError, TypeError):
                item = None
            if item is None:
                at_end = self._ended_at is not None and position >= self._ended_at
                item = self._other(event, at_end)
            if item is not None:
                items += self._accepted([item], end.see([item]))
            if end.last or self._error is not None:
                break
        return items

    def _accepted(self, items: list[T], count: int) -> list[T]:
        """So many of these have arrived; what follows them does not belong to the stream."""
        self.count += count
        end = self._end
        if count < len(items):
            del items[count:]
            if end.wrong:
                self._fail(explained(InvalidResponseError(end.wrong)))
        if end.last or self._vague:
            self.latest = items[-2:]
        return items

    def _other(self, event: bytes | NamedEvent, at_end: bool) -> T | None:
        """An event that is no ordinary item: the item it is nevertheless, if it is one."""
        name, data = (event.name, event.data) if isinstance(event, NamedEvent) else ("", event)
        if not name and data.strip() == b"[DONE]":
            self._end.complete = self._end.last = True
            return None
        if not data.strip():  # an empty event is a sign of life, not an item
            return None
        text = data.decode("utf-8", "replace")
        status, headers, request = self.context
        error = error_for_event(text, status, headers, request, named=name == "error")
        if error is not None:
            self._fail(error)
            return None
        try:
            # Also for invalid UTF-8, which the specification replaces, and for errors that are null.
            return self._validate(text.encode())
        except ValueError as problem:
            # An event of another kind (`event: ping`) is not ours to read; one that is torn by the end of the
            # bytes is the same as an end before the final event.
            if not name and not at_end:
                self._fail(_unreadable(text, problem))
            return None


def _incomplete(count: int) -> str:
    events = f"{count} event{'s' * (count != 1)}"
    return f"The stream ended after {events} without its final one: the answer is incomplete"


def _unreadable(text: str, problem: ValueError) -> TextGenerationError:
    shown = text if len(text) <= 200 else text[:200] + "…"
    error = InvalidResponseError(f"The stream holds an event that is not of its kind: {shown}")
    error.body = text[: 1 << 16]
    error.__cause__ = problem
    return explained(error)


class _Replay(StreamReader[T]):
    """Reads again what another reader has read; its errors are that one's to describe."""

    __slots__ = ()

    def _arrived(self) -> Partial | None:
        return None
