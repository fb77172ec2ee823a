"""From the bytes of a streamed answer to its items and its end. No I/O.

`feed` takes bytes as they come, `take` hands out what they completed, in wire order, and raises an error
only when everything before it has been handed out. `finish` is the end of the bytes. What has arrived is
remembered as bytes and read again when somebody asks for it: most never do. A stream is complete
after its final event (`[DONE]`, or what `Protocol.is_final` recognises); an end before that is an
IncompleteGenerationError. Nothing that follows the end is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ._hints import explained
from ._refusals import error_for_event
from ._sse import EventStreamDecoder, NamedEvent
from ._wire import WireRequest
from .errors import (
    IncompleteGenerationError,
    InvalidResponseError,
    Partial,
    TextGenerationError,
)

__all__ = ["End", "Protocol", "StreamReader"]

T = TypeVar("T")


class End:
    """Recognises the last event of a generation stream: the only one with a text or details.

    Subclasses do it for other streams; one is made per stream, so it may remember what it has seen.
    """

    __slots__ = ("complete", "last")

    def __init__(self) -> None:
        self.complete = False  # the answer is whole, though more may follow (usage, `[DONE]`)
        self.last = False  # nothing more is to be expected

    def see(self, items: Sequence[Any]) -> int:
        """Look at some items; how many of them belong to the stream."""
        for count, item in enumerate(items, start=1):
            if item.details is not None or item.generated_text is not None:
                self.complete = self.last = True
                return count
        return len(items)


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
        *("_decoder", "_end", "_error", "_fed", "_finished", "_protocol", "_ready", "_replay", "_validate"),
        *("context", "count", "latest", "seen"),
    )

    def __init__(
        self,
        protocol: Protocol[T],
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        request: WireRequest | None = None,
    ) -> None:
        self._protocol = protocol
        self._validate = protocol.validate
        self._decoder = EventStreamDecoder()
        self._end = protocol.end()
        self._ready: list[T] = []
        self._error: TextGenerationError | None = None
        self._fed: list[bytes] = []
        self._finished = False
        self._replay: tuple[StreamReader[T], int, list[T]] | None = None
        self.context = (status, headers or {}, request)
        self.count = 0
        """How many items have arrived, handed out or not."""
        self.latest: list[T] = []
        """The last one or two items of those that arrived last."""
        self.seen = False
        """Whether any event has arrived."""

    @property
    def complete(self) -> bool:
        """Whether the answer is whole."""
        return self._end.complete

    @property
    def done(self) -> bool:
        """Whether nothing more is to be expected: the last event or an error has been seen."""
        return self._end.last or self._error is not None

    @property
    def text(self) -> str:
        """The text so far, special tokens left out."""
        return self._protocol.text(self.items)

    @property
    def items(self) -> list[T]:
        """Every item so far, handed out or not; not the same objects, but equal ones."""
        if self._replay is None:
            self._replay = (_Replay(self._protocol), 0, [])
        reader, position, items = self._replay
        fed = self._fed
        for data in fed[position:]:
            reader._read(reader._decoder.feed(data), at_end=False)
        if self._finished and not reader._finished:
            reader.finish()
        items += reader._ready
        reader._ready = []
        self._replay = (reader, len(fed), items)
        return items

    @property
    def partial(self) -> Partial:
        """What has arrived so far."""
        items = self.items
        return Partial(self._protocol.text(items), tuple(items))

    def feed(self, data: bytes) -> None:
        """Take bytes, cut anywhere."""
        self._fed.append(data)
        self._read(self._decoder.feed(data), at_end=False)

    def take(self) -> list[T]:
        """The items since the last call. Raises the stream's error once they have all been handed out."""
        if self._ready:
            ready, self._ready = self._ready, []
            return ready
        if self._error is not None:
            raise self._error
        return []

    def finish(self) -> None:
        """The bytes have ended. What ends here without a final event is incomplete; `take` will say so."""
        self._finished = True
        self._read(self._decoder.finish(), at_end=True)
        if self.complete or self._error is not None:
            self._end.last = True
        elif self.seen:
            self.fail(IncompleteGenerationError(_incomplete(self.count)))
        else:
            self.fail(IncompleteGenerationError("The stream ended without a single event"))

    def fail(self, error: TextGenerationError) -> None:
        """End the stream with this error, after what is ready. A complete answer stays complete."""
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

    def _read(self, events: list[Any], at_end: bool) -> None:
        end = self._end
        if not events or end.last or self._error is not None:
            return
        self.seen = True
        validate, vague = self._validate, self._protocol.vague
        try:
            if not vague:
                self._accept([validate(event) for event in events])
                return
        except (ValueError, TypeError):  # TypeError: a NamedEvent
            pass
        for event in events:
            try:
                item: Any = None if vague and b'"error":' in event else validate(event)
            except (ValueError, TypeError):
                item = None
            if item is not None:
                self._accept([item])
                if end.last:
                    return
            elif not self._other(event, at_end):
                return

    def _accept(self, items: list[T]) -> None:
        """These have arrived; what follows the last of them does not count."""
        count = self._end.see(items)
        if count < len(items):
            del items[count:]
        self.count += count
        self.latest = items[-2:]
        if self._ready:
            self._ready += items
        else:
            self._ready = items

    def _other(self, event: bytes | NamedEvent, at_end: bool) -> bool:
        """An event that is no ordinary item. True when the stream goes on."""
        name, data = (event.name, event.data) if isinstance(event, NamedEvent) else ("", event)
        if not name and data.strip() == b"[DONE]":
            self._end.complete = self._end.last = True
            return False
        if not data.strip():  # an empty event is a sign of life, not an item
            return True
        text = data.decode("utf-8", "replace")
        status, headers, request = self.context
        error = error_for_event(text, status, headers, request, named=name == "error")
        if error is not None:
            self.fail(error)
            return False
        try:
            # Also for invalid UTF-8, which the specification replaces, and for errors that are null.
            item = self._validate(text.encode())
        except ValueError as problem:
            if name:  # an event of another kind (`event: ping`): not ours to read
                return True
            if at_end:  # torn in the middle: the same as an end before the final event
                return False
            self.fail(_unreadable(text, problem))
            return False
        self._accept([item])
        return not self._end.last


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
