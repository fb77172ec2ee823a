"""What a fault may know of the call that it strikes, and small answers that several faults give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ..call import Call
from ..frames import Body, Chunks, Frame, Head, Paced, RawHeaders
from ..limits import Permits

__all__ = ["Moment", "answer", "data_of", "one_by_one"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One fault at one call. `since`: when it was planned, in seconds on `clock`. `tell`: it has struck."""

    call: Call
    clock: Callable[[], float]
    permits: Permits
    model_id: str
    since: float
    tell: Callable[[], None]


def answer(status: int, headers: RawHeaders = (), body: bytes = b"") -> Iterator[Frame]:
    """A whole answer."""
    if status in (204, 304):  # these have no body
        yield Head(status, headers, 0)
        return
    yield Head(status, headers, len(body))
    if body:
        yield Body(body)


def one_by_one(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same answer, with each event in a frame of its own, so that events can be counted."""
    for frame in frames:
        if isinstance(frame, Paced):
            yield from frame.steps()
        elif isinstance(frame, Chunks):
            for part in frame.parts:
                yield Chunks((part,))
        else:
            yield frame


def data_of(frame: Frame) -> bytes | None:
    """The bytes of the body that a frame from `one_by_one` carries; None for other frames."""
    if isinstance(frame, Chunks):
        return frame.parts[0]
    return frame.data if isinstance(frame, Body) else None
