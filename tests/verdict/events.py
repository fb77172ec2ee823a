"""Records of calls as a journal has them, written by hand: what a client did, in a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fake_tgi.call import Call
from fake_tgi.frames import Head
from fake_tgi.journal import Ending, ServeEvent

__all__ = ["call", "error_event", "stream", "token"]


def call(
    id: int,
    at: float = 0.0,
    *,
    seconds: float = 0.01,
    status: int | None = 200,
    ended: Ending = "complete",
    path: str = "/generate",
    body: Any = None,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    answered: Mapping[str, str] | None = None,
    sent: Sequence[tuple[float, bytes]] = (),
    streamed: bool = False,
    faults: tuple[str, ...] = (),
    connection: int | None = 1,
    earlier: int | None = None,
    closed: float | None = None,
    blocked: float = 0.0,
    generated: int = 0,
) -> ServeEvent:
    """A call that came `at` some seconds and was answered in `seconds`."""
    asked = Call(
        "POST",
        path,
        _raw({"user-agent": "client/1", **(headers or {})}),
        json.dumps({"inputs": "hi"} if body is None else body).encode(),
        query,
        received=at,
    )
    event = ServeEvent(id, asked, float)
    event.ended, event.seconds = ended, seconds
    if status is not None:
        event._head = Head(status, _raw(answered or {}), None if streamed else 0)
    event._pieces = [(when, (data,)) for when, data in sent]
    event.faults = faults
    event.connection = connection
    event.earlier = id - 1 if earlier is None else earlier
    event.closed, event.blocked, event.generated = closed, blocked, generated
    return event


def stream(id: int, at: float = 0.0, *data: bytes, every: float = 0.0, **more: Any) -> ServeEvent:
    """A call whose answer is a stream of these events."""
    sent = [(every * index, piece) for index, piece in enumerate(data, 1)]
    more.setdefault("seconds", every * len(data) + 0.01)
    more.setdefault("path", "/generate_stream")
    return call(id, at, streamed=True, sent=sent, **more)


def token(index: int, text: str, last: str | None = None) -> bytes:
    """The event of a token; `last` is the whole text."""
    written = {"index": index, "token": {"id": 1, "text": text, "special": False}, "generated_text": last}
    return b"data: " + _compact(written) + b"\n\n"


def error_event(kind: str = "generation", error: str = "Request failed") -> bytes:
    """The event that says what went wrong."""
    return b"data: " + _compact({"error": error, "error_type": kind}) + b"\n\n"


def _compact(value: object) -> bytes:
    """As TGI writes JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _raw(headers: Mapping[str, str]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.encode(), value.encode()) for name, value in headers.items())
