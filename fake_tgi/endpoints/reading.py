"""What endpoints do before and after they do something of their own: read a body, make a plain answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from ..call import Call
from ..extraction import extract
from ..frames import Body, Chunks, Frame, Head, RawHeaders, Wait
from ..state import State

__all__ = ["plain", "read", "timed"]

T = TypeVar("T")


def read(state: State, call: Call, request_type: type[T]) -> T:
    """The typed request in the body of `call`. Raises `ExtractionRefusal`."""
    return extract(request_type, call.header(b"content-type"), call.body, state.settings.payload_limit)


def plain(status: int, headers: RawHeaders = (), body: bytes = b"") -> Iterator[Frame]:
    """A complete answer with a known length."""
    yield Head(status, headers, len(body))
    if body:
        yield Body(body)


def timed(events: list[bytes], due: list[float] | None) -> Iterator[Frame]:
    """The events of a run of tokens, each at its time; with no times, all in one frame.

    There is one entry for each token; an empty one sends nothing.
    """
    if due is None:
        parts = tuple(filter(None, events))
        if parts:
            yield Chunks(parts)
        return
    for event, time in zip(events, due, strict=True):
        yield Wait(time)
        if event:
            yield Chunks((event,))
