"""An answer as data: what is sent, in which pieces, and when.

`serve` yields frames lazily and the player plays them; whatever changes an answer (faults, delays) is a
function on frames. No frame does anything by itself, and only the player sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from .quick_values import quickly_made

__all__ = ["Body", "Chunks", "Frame", "Hangup", "Head", "RawHeaders", "Wait", "Work"]

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


Frame = Head | Body | Chunks | Wait | Hangup | Work
