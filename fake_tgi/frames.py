"""An answer as data: what is sent, in which pieces, and when.

`serve` yields frames lazily and the player plays them; whatever changes an answer (faults, delays) is a
function on frames. No frame does anything by itself, and only the player sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Body", "Frame", "Hangup", "Head", "Wait", "Work"]

RawHeaders = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers (names in lower case). `length` is the body's size in bytes; None means a chunked body."""

    status: int
    headers: RawHeaders = ()
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes of the body, sent as one HTTP chunk."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing is sent until `until`, seconds on the player's clock: absolute, so that delays never add up to drift."""

    until: float


@dataclass(frozen=True, slots=True)
class Hangup:
    """The connection ends here: after what was sent ("close") or at once with a TCP reset ("reset")."""

    how: Literal["close", "reset"] = "close"


@dataclass(slots=True)
class Work:
    """A computation that must not run on the event loop. The player runs `run` elsewhere and stores `result`."""

    run: Callable[[], Any]
    result: Any = None


Frame = Head | Body | Wait | Hangup | Work
