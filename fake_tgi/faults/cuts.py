"""Faults of the connection and of its end: cut, ended early, closed afterwards, silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..fault_plans import Close, Cut, EndEarly, Stall
from ..frames import Chunks, Frame, Hangup, Head, Wait
from .moment import Moment, data_of, one_by_one

__all__ = ["close", "cut", "end_early", "is_final", "stall"]


def cut(fault: Cut, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """The connection ends at its place; an answer that ends before that is left alone.

    With `in_character` the first event behind `tokens` that has a character of several bytes is cut in it.
    """
    if fault.place == "before_headers":
        moment.tell()
        yield Hangup(fault.how)
        return
    head_only = fault.place == "after_headers" or (fault.place == "after_tokens" and fault.tokens == 0)
    count = 0
    for frame in one_by_one(frames):
        data = data_of(frame)
        if data is not None and count >= fault.tokens and fault.place in ("in_event", "in_character"):
            at = len(data) // 2 if fault.place == "in_event" else _inside_character(data)
            if at:
                moment.tell()
                yield Chunks((data[:at],))
                yield Hangup(fault.how)
                return
        yield frame
        if data is not None:
            count += 1
        over = data is not None and fault.place == "after_tokens" and count == fault.tokens
        if over or (head_only and isinstance(frame, Head)):
            moment.tell()
            yield Hangup(fault.how)
            return


def _inside_character(data: bytes) -> int:
    """Where a first character of several bytes can be cut; 0 where there is none."""
    return next((at for at, byte in enumerate(data) if byte & 0xC0 == 0x80), 0)


def end_early(fault: EndEarly, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """The stream ends as a complete one does, but before its final event. Whole answers are left alone."""
    count = 0
    stream = False
    for frame in one_by_one(frames):
        if isinstance(frame, Head):
            stream = frame.length is None
        data = data_of(frame)
        if stream and data is not None:
            if is_final(data) or (fault.tokens is not None and count >= fault.tokens):
                moment.tell()
                return
            count += 1
        yield frame


def is_final(event: bytes) -> bool:
    """Whether a stream event is the last with a meaning: it has the whole text, a reason or an error.

    Inside a JSON string these marks cannot stand: the quotes would be escaped.
    """
    return (
        b'"generated_text":"' in event
        or b'"finish_reason":"' in event
        or event.startswith((b'data: {"error":', b"data: [DONE]"))
    )


def stall(fault: Stall, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """Silence, without the comments that keep a quiet stream alive. What follows comes that much later."""
    shift = 0.0
    if fault.tokens == 0:
        shift = fault.seconds
        moment.tell()
        yield Wait(moment.clock() + shift, silent=True)
    count = 0
    for frame in one_by_one(frames):
        if isinstance(frame, Wait) and shift:
            yield replace(frame, until=frame.until + shift)
            continue
        yield frame
        if data_of(frame) is None:
            continue
        count += 1
        if count == fault.tokens:
            shift = fault.seconds
            moment.tell()
            yield Wait(moment.clock() + shift, silent=True)


def close(fault: Close, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """The answer is complete, and then the connection is closed without a word."""
    yield from frames
    moment.tell()
    yield Hangup("after")
