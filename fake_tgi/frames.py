"""An answer as data: what is sent, in which pieces, and when.

`serve` yields frames lazily and the player plays them; whatever changes an answer (faults, delays) is a
function on frames. No frame does anything by itself, and only the player sleeps.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from .packed import Packed
from .quick_values import dataclass, unguarded

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "Arrival", "Body", "Chunks", "Frame", "Hangup", "Head", "Paced", "PrintedHead", "RawHeaders", "Wait",
    "Whole", "Work",
]  # fmt: skip

RawHeaders = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
@unguarded
class Head:
    """Status and headers (names in lower case). `length` is in bytes; None means chunked."""

    status: int
    headers: RawHeaders = ()
    length: int | None = None


class PrintedHead(Head):
    """A head whose header lines are there as they are sent: `name: value`, with a line end between two of
    them and none behind the last. Its `headers` are read from them when somebody asks."""

    __slots__ = ("lines",)

    __setattr__ = object.__setattr__  # made for every request, as the others that are unguarded

    def __init__(self, status: int, lines: bytes, length: int | None = None) -> None:
        self.status = status  # type: ignore[misc]  # frozen is what type checkers take it for
        self.length = length  # type: ignore[misc]
        self.lines = lines

    def __reduce__(self) -> tuple[Any, ...]:
        return PrintedHead, (self.status, self.lines, self.length)

    @property
    def headers(self) -> RawHeaders:
        """The same in pairs."""
        return read_lines(self.lines)


def read_lines(lines: bytes) -> RawHeaders:
    """Header lines as pairs of name and value."""
    parted = (line.partition(b": ") for line in lines.split(b"\r\n"))
    return tuple((name, value) for name, _, value in parted)


@dataclass(frozen=True, slots=True)
@unguarded
class Body:
    """Bytes of the body, sent as one HTTP chunk."""

    data: bytes


@dataclass(frozen=True, slots=True)
@unguarded
class Chunks:
    """Several HTTP chunks with no time between them: a run of stream events as one frame."""

    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
@unguarded
class Wait:
    """Nothing is sent until `until`, seconds on the player's clock: absolute, so nothing drifts.

    `silent`: not even the comments that keep a quiet stream alive.
    """

    until: float
    silent: bool = False


class Paced(Chunks):
    """Chunks with a time for each: the events of a stream that is written before it is sent.

    It is a Wait until `times[n]` with `packed[n]` behind it, for every n; an empty part is none. No two
    times are so far apart that a quiet stream would need a comment. Who plays it counts in `sent` how many
    are out, puts the time at which each was, on its clock, where that was at which it was due, and is done
    with it when all are out, or when `left` says that nobody is there.
    """

    __slots__ = ("left", "packed", "sent", "times")

    __setattr__ = object.__setattr__  # it is about what happens, where other frames are values

    def __init__(self, parts: Iterable[bytes], times: array[float]) -> None:
        self.packed = Packed(parts)
        self.times = times
        self.sent = 0
        self.left = False

    @property
    def parts(self) -> tuple[bytes, ...]:
        """All that are any."""
        return tuple(filter(None, self.packed))

    def end(self) -> int:
        """Forgets what was not sent; returns how many bytes were."""
        del self.times[self.sent :]
        self.packed.cut(self.sent)
        return self.packed.size

    def steps(self) -> Iterator[Wait | Chunks]:
        """The same as a frame after the other. What was waited for counts as sent."""
        for time, part in zip(self.times, self.packed, strict=True):
            yield Wait(time)
            self.sent += 1
            if part:
                yield Chunks((part,))


@dataclass(frozen=True, slots=True)
@unguarded
class Hangup:
    """The connection ends here: after what was sent ("close"), after the answer is completed as if it were to
    stay open ("after"), or at once with a TCP reset ("reset")."""

    how: Literal["close", "after", "reset"] = "close"


@dataclass(slots=True)
class Work:
    """A computation that must not run on the event loop. The player runs it and stores `result`."""

    run: Callable[[], Any]
    result: Any = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Any]:
        """Has it done, somewhere; called on `loop`."""
        return loop.run_in_executor(None, self.run)


class Arrival(Work):
    """Something that comes from elsewhere: `run` gives a coroutine, which must not raise, and `task` runs it.

    Comments that keep a quiet stream alive come from there too, and none are added.
    """

    __slots__ = ("task",)

    task: asyncio.Task[Any] | None

    def __init__(self, run: Callable[[], Any]) -> None:
        super().__init__(run)
        self.task = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[Any]:
        """Has it waited for on the event loop."""
        self.task = loop.create_task(self.run())
        return self.task


@dataclass(frozen=True, slots=True)
@unguarded
class Whole:
    """An answer that is all there and goes out at once: two frames that nothing stands between."""

    head: Head
    body: Body | Chunks

    def __iter__(self) -> Iterator[Head | Body | Chunks]:
        yield self.head
        yield self.body


Frame = Head | Body | Chunks | Paced | Wait | Hangup | Work
