"""Faults of the bytes: damaged, compressed, cut into other pieces, slow, under a wrong name.

A whole answer that changes its size says its new size: only cuts break a promise of length.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, cycle
from typing import Protocol

from ..fault_plans import Damage, Drip, Gzip, Resegment, WrongContentType
from ..frames import Body, Chunks, Frame, Head, RawHeaders, Wait
from .moment import Moment, data_of, one_by_one

__all__ = ["content_type", "damage", "drip", "gzip", "resegment"]


class _Edit(Protocol):
    def part(self, data: bytes) -> tuple[bytes, ...]:
        """What is sent instead of a piece of the body."""

    def end(self) -> tuple[bytes, ...]:
        """What is sent behind the last piece."""


def _edited(frames: Iterator[Frame], edit: _Edit, headers: RawHeaders = ()) -> Iterator[Frame]:
    """The answer with each piece of its body edited, and `headers` added."""
    held: Head | None = None
    pieces: list[bytes] = []
    stream = body = False
    for frame in one_by_one(frames):
        data = data_of(frame)
        if isinstance(frame, Head):
            frame = replace(frame, headers=frame.headers + headers)
            stream = frame.length is None
            if stream:
                yield frame
            else:
                held = frame
        elif data is None:
            yield frame
        elif stream:
            if parts := edit.part(data):
                yield Chunks(parts)
        else:
            body = True
            pieces += edit.part(data)
    if stream:
        if parts := edit.end():
            yield Chunks(parts)
    elif held is not None:
        if not body:
            yield held
            return
        whole = b"".join((*pieces, *edit.end()))
        yield replace(held, length=len(whole))
        if whole:
            yield Body(whole)


class _Damaging:
    def __init__(self, fault: Damage, moment: Moment) -> None:
        self._fault = fault
        self._moment = moment
        self._number = 0
        self._late: bytes | None = None

    def part(self, data: bytes) -> tuple[bytes, ...]:
        self._number += 1
        if self._late is not None:
            late, self._late = self._late, None
            self._moment.tell()
            return (data, late)
        if self._number != self._fault.event:
            return (data,)
        how = self._fault.how
        if how == "late":
            self._late = data
            return ()
        self._moment.tell()
        if how == "twice":
            return (data, data)
        before = b"data: " if data.startswith(b"data: ") else b""
        after = b"\n\n" if data.endswith(b"\n\n") else b""
        core = data[len(before) : len(data) - len(after)]
        middle = len(core) // 2
        if how == "no_json":
            core = core[:1] + b"]" + core[1:]
        elif how == "short":
            core = core[:middle]
        elif how == "no_utf8":
            core = core[:middle] + b"\xff" + core[middle:]
        else:
            core += b" " * (self._fault.size - len(data))
        return (before + core + after,)

    def end(self) -> tuple[bytes, ...]:
        return (self._late,) if self._late is not None else ()


def damage(fault: Damage, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """One event is not as it should be."""
    return _edited(frames, _Damaging(fault, moment))


class _Gzipping:
    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self._compressor = zlib.compressobj(wbits=31)

    def part(self, data: bytes) -> tuple[bytes, ...]:
        packed = self._compressor.compress(data) + self._compressor.flush(zlib.Z_SYNC_FLUSH)
        self._moment.tell()
        return (packed,)

    def end(self) -> tuple[bytes, ...]:
        return (self._compressor.flush(),)


def gzip(fault: Gzip, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """The body compressed, each event so that it can be read when it comes."""
    return _edited(frames, _Gzipping(moment), ((b"content-encoding", b"gzip"),))


def content_type(fault: WrongContentType, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """The header says something else than the body is, or nothing."""
    for frame in frames:
        if isinstance(frame, Head):
            moment.tell()
            kept = tuple(pair for pair in frame.headers if pair[0] != b"content-type")
            if fault.content_type is not None:
                kept = ((b"content-type", fault.content_type.encode()), *kept)
            frame = replace(frame, headers=kept)
        yield frame


def resegment(fault: Resegment, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """The same bytes in other pieces, across the borders of events; each is an HTTP chunk of a stream.

    What does not fill a piece waits for what comes next, or for the end.
    """
    rule = fault.segmentation
    sizes = cycle(rule.sizes) if rule.again else chain(rule.sizes)
    size = next(sizes, None)
    rest = bytearray()
    for frame in one_by_one(frames):
        data = data_of(frame)
        if data is None:
            yield frame
            continue
        moment.tell()
        rest += data
        while size is not None and rest and len(rest) >= size:
            if size:
                yield Chunks((bytes(rest[:size]),))
                del rest[:size]
            size = next(sizes, None)
        # after the last size what is left is one piece, which only the end completes; a stream that is
        # endless in time would never be seen, so its events pass
        if size is None and rest and rule.sizes:
            yield Chunks((bytes(rest),))
            rest.clear()
    if rest:
        yield Chunks((bytes(rest),))


def drip(fault: Drip, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """A few bytes at a time."""
    due = moment.clock()
    first = True
    for frame in one_by_one(frames):
        data = data_of(frame)
        if data is None:
            yield frame
            continue
        moment.tell()
        for at in range(0, len(data), fault.size):
            if not first:
                due = max(due + fault.seconds, moment.clock())
                yield Wait(due, silent=True)
            first = False
            yield Chunks((data[at : at + fault.size],))
