"""Answers that are bytes already: raw ones, and recorded exchanges. The router has no say in them."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..call import Call
from ..frames import Body, Chunks, Frame, Hangup, Head, RawHeaders
from ..matching import Difference, FormError
from ..matching.differences import hidden, sendable, shown, step
from ..recordings.recording import Recording

if TYPE_CHECKING:
    from ..serve import Endpoint
    from ..state import State

__all__ = ["Raw", "Recorded"]

__tracebackhide__ = hidden

# What says how the body is delimited follows from the body; what the server says of itself, it says.
_DELIMITING: Final = ("content-length", "transfer-encoding")
_THE_SERVERS: Final = (*_DELIMITING, "connection", "date", "vary", "access-control-allow-origin")

# https://www.rfc-editor.org/rfc/rfc9110#section-5
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*").fullmatch


@dataclass(frozen=True, init=False, slots=True)
class Raw:
    """These bytes.

    `body` is a text or bytes, sent with a length; or several, each sent as one chunk of HTTP's. `headers` are
    beside those that every answer has; a content type is not added. Raises FormError.
    """

    body: bytes | tuple[bytes, ...]
    status: int
    headers: tuple[tuple[str, str], ...]

    def __init__(
        self,
        body: str | bytes | Sequence[str | bytes] = b"",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        if type(status) is not int or not 200 <= status <= 599:
            raise FormError(Difference("raw.status", "a status of a whole answer, 200 to 599", shown(status)))
        if headers is not None and not isinstance(headers, Mapping):
            raise FormError(Difference("raw.headers", "an object with a text for each name", shown(headers)))
        for name, value in (headers or {}).items():
            where = step("raw.headers", str(name))
            if not isinstance(name, str) or not isinstance(value, str):
                raise FormError(Difference(where, "a text for each name", shown(value)))
            if name.lower() in _DELIMITING:
                what = "no such header: it follows from the body (a wrong one is a fault)"
                raise FormError(Difference(where, what, shown(value)))
            if _NAME(name) is None or _VALUE(value) is None:
                raise FormError(Difference(where, "a header that HTTP can carry", shown(value)))
        whole = isinstance(body, (str, bytes)) or not isinstance(body, Iterable)
        object.__setattr__(self, "body", _bytes(body) if whole else tuple(map(_bytes, body)))
        object.__setattr__(self, "status", status)
        object.__setattr__(self, "headers", tuple((headers or {}).items()))

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        headers = tuple((n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in self.headers)
        return _sent(self.status, headers, self.body)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"status": self.status}
        if self.headers:
            found["headers"] = dict(self.headers)
        if isinstance(self.body, bytes):
            found.update(_written("body", (self.body,), lambda texts: texts[0]))
        else:
            found.update(_written("chunks", self.body, list))
        return {"raw": found}


@dataclass(frozen=True, slots=True)
class Recorded:
    """The answer of a recorded exchange, byte for byte and chunk for chunk, at once.

    An answer that the recorded server broke off is broken off. `source` names it in listings.
    """

    recording: Recording
    source: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.recording, Recording):
            raise FormError(Difference("exchange", "a Recording", shown(self.recording)))

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        recording = self.recording
        headers = tuple(
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in recording.headers
            if name not in _THE_SERVERS
        )
        chunks = recording.chunks
        yield from _sent(recording.status, headers, chunks if recording.chunked else b"".join(chunks))
        if recording.ended == "upstream_died":
            yield Hangup()

    def as_json(self) -> dict[str, Any]:
        return {"exchange": self.source or self.recording.name}


def _sent(status: int, headers: RawHeaders, body: bytes | tuple[bytes, ...]) -> Iterator[Frame]:
    if isinstance(body, bytes):
        yield Head(status, headers, len(body))
        if body:
            yield Body(body)
        return
    yield Head(status, headers)
    if parts := tuple(filter(None, body)):
        yield Chunks(parts)


def _bytes(given: object) -> bytes:
    if isinstance(given, str) and sendable(given):
        return given.encode()
    if not isinstance(given, bytes):
        raise FormError(
            Difference("raw.body", "bytes, a text that UTF-8 can write, or several", shown(given))
        )
    return given


def _written(
    name: str, pieces: Sequence[bytes], shaped: Callable[[Sequence[str]], str | list[str]]
) -> dict[str, Any]:
    """Bytes as a stub file and a recording write them: as texts, or all in base64 if one is no UTF-8."""
    try:
        return {name: shaped([piece.decode() for piece in pieces])}
    except UnicodeDecodeError:
        return {f"{name}_b64": shaped([base64.b64encode(piece).decode() for piece in pieces])}


def json_body(value: object) -> bytes:
    """A value as the body of a raw answer. Raises FormError for what JSON cannot say."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise FormError(Difference("raw.json", f"a value that JSON has ({error})", shown(value))) from error
