"""An answer as data: what is sent, in which pieces, and when.

`serve` yields frames lazily and the player plays them; whatever changes an answer (faults, delays) is a
function on frames. No frame does anything by itself, and only the player sleeps.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .quick_values import quickly_made

__all__ = ["Body", "Chunks", "Frame", "Hangup", "Head", "Paced", "RawHeaders", "Wait", "Work"]

RawHeaders = tuple[tuple[bytes, bytes], ...]


@quickly_made
@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers (names in lower case). `length` is in bytes; None means chunked."""

    status: int
    headers: RawHeaders = ()
    length: int | None = None


@quickly_made
@dataclass(frozen=True, slots=True)
class Body:
    """Bytes of the body, sent as one HTTP chunk."""

    data: bytes


@quickly_made
@dataclass(frozen=True, slots=True)
class Chunks:
    """Several HTTP chunks with no time between them: a run of stream events as one frame."""

    parts: tuple[bytes, ...]


@quickly_made
@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is sent until `until`, seconds on the player's clock: absolute, so nothing drifts.

    `silent`: not even the comments that keep a quiet stream alive.
    """

    until: float
    silent: bool = False


class Paced(Chunks):
    """Chunks with a time for each: the events of a stream that is written before it is sent.

    It is a Wait until `times[n]` with `parts[n]` behind it, for every n; of an empty part there is nothing.
    No two times are so far apart that a quiet stream would need a comment. Who plays it notes in `sent`
    when each part was out, on its clock, and is done with it when all are, or when `left` says that nobody
    is there.
    """

    __slots__ = ("left", "sent", "times")

    __setattr__ = object.__setattr__  # it is about what happens, where other frames are values

    parts: tuple[bytes, ...]
    left: bool
    sent: array[float]
    times: Sequence[float]

    def __init__(self, parts: tuple[bytes, ...], times: Sequence[float]) -> None:
        self.parts = parts
        self.times = times
        self.sent = array("d")
        self.left = False

    def end(self) -> int:
        """Forgets what was not sent, and what nobody needs any more; returns how many bytes were."""
        self.times = ()
        if len(self.sent) < len(self.parts):
            self.parts = self.parts[: len(self.sent)]
        return sum(map(len, self.parts))

    def steps(self) -> Iterator[Wait | Chunks]:
        """The same as a frame after the other. What was waited for counts as sent."""
        for time, part in zip(self.times, self.parts, strict=True):
            yield Wait(time)
            self.sent.append(time)
            if part:
                yield Chunks((part,))


@quickly_made
@dataclass(frozen=True, slots=True)
class Hangup:
    """The connection ends here: after what was sent ("close"), after the answer is completed as if it were to
    stay open ("after"), or at once with a TCP reset ("reset")."""

    how: Literal["close", "after", "reset"] = "close"


@dataclass(slots=True)
class Work:
    """A computation that must not run on the event loop. The player runs it and stores `result`."""

    run: Callable[[], Any]
    result: Any = None


Frame = Head | Body | Chunks | Paced | Wait | Hangup | Work
