"""A record as JSON, and back: what `/__admin/requests` shows, and what a saved journal holds.

Bytes are text; those that are no UTF-8 stand beside it once more in base64, so that nothing is lost. Times
are in seconds since the call came.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Final, get_args

from ..call import Call
from ..frames import Head, RawHeaders
from .serve_event import Ending, ServeEvent

__all__ = ["JournalFormatError", "as_json", "from_json"]

_ENDINGS: Final = get_args(Ending)


class JournalFormatError(ValueError):
    """What was to be a record of a journal is none; the message says where, and what was expected."""


def as_json(event: ServeEvent) -> dict[str, Any]:
    """One serve event as JSON."""
    call = event.call
    came, over = event.real
    return {
        "id": event.id,
        "arrived": datetime.fromtimestamp(event.arrived, timezone.utc).isoformat(timespec="milliseconds"),
        "request": {
            "method": call.method,
            "path": call.path,
            "query": call.query,
            "headers": _written(call.headers),
            **_text("body", call.body),
            "unread": event.unread,
        },
        "stub": event.stub,
        "stub_id": event.stub_id,
        "why": event.why,
        "response": {
            "status": event.status,
            "headers": _written(event.headers),
            "streamed": event.streamed,
            "chunks": [{"at": round(at, 6), **_text("data", data)} for at, data in event.sent],
        },
        "waits": [_wait(at, seconds) for at, seconds in event.waits],
        "ended": event.ended,
        "events": len(event.events),
        "tokens": {
            "generated": event.generated,
            "sent": event.tokens_sent,
            "wasted": event.tokens_wasted,
        },
        "connection": {
            "id": event.connection,
            "earlier": event.earlier,
            "closed_by_client": _rounded(event.closed),
            "reset": event.reset,
            "gone": _rounded(event.dropped),
            "blocked": round(event.blocked_so_far, 6),
        },
        "faults": list(event.faults),
        "error": event.error,
        "traceback": event.traceback,
        "unkept": {"bytes": event.unkept, "chunks": event.unkept_pieces},
        "received": round(call.received, 6),
        "seconds": round(event.seconds, 6),
        "real": {"received": round(came, 6), "ended": _rounded(over)},
    }


def from_json(value: Any) -> ServeEvent:
    """The record that `as_json` has written. Members that are missing are as at a record's beginning.

    Raises JournalFormatError.
    """
    record = _Members(value, "")
    request, response = record.inside("request"), record.inside("response")
    connection, tokens, real = record.inside("connection"), record.inside("tokens"), record.inside("real")
    call = Call(
        request.get("method", str, ""),
        request.get("path", str, ""),
        request.headers(),
        request.bytes("body"),
        request.get("query", str, ""),
        record.number("received", 0.0),
        unread=request.get("unread", bool, False),
    )
    event = ServeEvent(record.get("id", int, 0), call, float)
    event._call = call  # has no secret in it
    event.stub = record.get("stub", str, None)
    event.stub_id = record.get("stub_id", int, None)
    event.why = record.get("why", str, "")
    status, streamed = response.get("status", int, None), response.get("streamed", bool, False)
    if status is not None:
        event._head = Head(status, response.headers(), None if streamed else 0)
    for index, chunk in enumerate(response.get("chunks", list, [])):
        piece = _Members(chunk, f"response.chunks[{index}]")
        event._pieces.append((piece.number("at", 0.0), (piece.bytes("data"),)))
    ended = record.get("ended", str, "complete")
    if ended not in _ENDINGS:
        raise JournalFormatError(f"ended: expected one of {', '.join(_ENDINGS)}, got {ended!r}")
    event.ended = ended
    event.generated = tokens.get("generated", int, 0)
    event.connection = connection.get("id", int, None)
    event.earlier = connection.get("earlier", int, 0)
    event.closed = connection.number("closed_by_client", None)
    event.reset = connection.get("reset", bool, False)
    event.dropped = connection.number("gone", None)
    event.blocked = connection.number("blocked", 0.0)
    event.faults = tuple(map(str, record.get("faults", list, [])))
    event.error = record.get("error", str, None)
    event._traceback = record.get("traceback", str, None)
    event.unkept = record.inside("unkept").get("bytes", int, 0)
    event.unkept_pieces = record.inside("unkept").get("chunks", int, 0)
    event.seconds = record.number("seconds", 0.0)
    event._began, event._over = real.number("received", None), real.number("ended", None)
    arrived = record.get("arrived", str, None)
    if arrived is not None:
        try:
            event._epoch = datetime.fromisoformat(arrived).timestamp() - event.real[0]
        except ValueError:
            raise JournalFormatError(f"arrived: expected an ISO 8601 time, got {arrived!r}") from None
    return event


class _Members:
    """The members of one JSON object, at one place of a record."""

    def __init__(self, value: Any, where: str) -> None:
        if not isinstance(value, Mapping):
            raise JournalFormatError(f"{where or 'a record'}: expected a JSON object, got {_kind(value)}")
        self._value = value
        self._where = where

    def get(self, name: str, kind: type, default: Any) -> Any:
        found = self._value.get(name)
        if found is None:
            return default
        if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
            raise JournalFormatError(f"{self._at(name)}: expected {kind.__name__}, got {_kind(found)}")
        return found

    def number(self, name: str, default: Any) -> Any:
        found = self._value.get(name)
        if found is None:
            return default
        if not isinstance(found, (int, float)) or isinstance(found, bool):
            raise JournalFormatError(f"{self._at(name)}: expected a number, got {_kind(found)}")
        return float(found)

    def inside(self, name: str) -> _Members:
        return _Members(self._value.get(name) or {}, self._at(name))

    def bytes(self, name: str) -> bytes:
        coded = self.get(f"{name}_b64", str, None)
        if coded is None:
            return bytes(self.get(name, str, "").encode("utf-8", "surrogatepass"))
        try:
            return base64.b64decode(coded, validate=True)
        except ValueError:
            raise JournalFormatError(f"{self._at(name)}_b64: expected base64, got {coded[:40]!r}") from None

    def headers(self) -> RawHeaders:
        found = []
        for index, pair in enumerate(self.get("headers", list, [])):
            if not (
                isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)
            ):
                where = f"{self._at('headers')}[{index}]"
                raise JournalFormatError(f"{where}: expected a name and a value, got {pair!r}")
            found.append((pair[0].encode("latin-1", "replace"), pair[1].encode("latin-1", "replace")))
        return tuple(found)

    def _at(self, name: str) -> str:
        return f"{self._where}.{name}" if self._where else name


def _kind(value: object) -> str:
    return "null" if value is None else type(value).__name__


def _written(headers: RawHeaders) -> list[list[str]]:
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


def _text(name: str, data: bytes) -> dict[str, str]:
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {name: data.decode("utf-8", "replace"), f"{name}_b64": base64.b64encode(data).decode()}


def _wait(at: float, seconds: float) -> dict[str, float]:
    begin, end = round(at, 6), round(at + seconds, 6)
    return {"at": begin, "seconds": round(end - begin, 6)}


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
