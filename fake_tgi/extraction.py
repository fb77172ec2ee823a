"""The extractor in front of every POST handler: content type, then size, then JSON, then shape.

What it lets through is a typed request; what it refuses, it refuses as axum 0.7.9 does, in plain text: 415,
413, 400 for a body that broke off or is not JSON, 422 for JSON of another shape, with serde's path, wording
and place. Bytes after the first JSON value are never looked at.
"""

from __future__ import annotations

import re
from types import UnionType
from typing import Any, TypeVar, overload

from . import request_shapes as shapes
from .requests import (
    ChatRequest,
    CompatGenerateRequest,
    CompletionRequest,
    GenerateRequest,
    Request,
    SagemakerRequest,
    VertexRequest,
)
from .serde.plain import scan
from .serde.reader import DecodeError, JsonReader, JsonSyntaxError
from .serde.shapes import Shape
from .serde.text import JsonSource

__all__ = ["ExtractionRefusal", "extract", "is_json", "typed"]

R = TypeVar("R", bound=Request)
T = TypeVar("T")

_SHAPES: dict[object, Shape[Any]] = {
    GenerateRequest: shapes.GENERATE_REQUEST,
    CompatGenerateRequest: shapes.COMPAT_GENERATE_REQUEST,
    ChatRequest: shapes.CHAT_REQUEST,
    CompletionRequest: shapes.COMPLETION_REQUEST,
    VertexRequest: shapes.VERTEX_REQUEST,
    SagemakerRequest: shapes.SAGEMAKER_REQUEST,
}

# A media type as the `mime` crate reads it. It is stricter than the RFC (no space before a semicolon unless
# after a quoted value) and laxer (`application/json+anything` has subtype json).
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]"  # noqa: S105
_PARAMETER = rf' *{_TOKEN}+=(?:{_TOKEN}+(?:;|\Z)|\Z|"[ -~][ !#-~]*" *(?:;|\Z))'
_JSON_TYPE = re.compile(
    rf"application/(?:json(?:\+(?!{_TOKEN}*\+){_TOKEN}*)?|{_TOKEN}+\+json)(?:;(?:{_PARAMETER})* *)?\Z",
    re.ASCII | re.IGNORECASE,
)


class ExtractionRefusal(Exception):
    """The request never reaches its handler. The answer is `status` with `text` as plain text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text


@overload
def extract(
    request_type: type[R], content_type: str | None, body: bytes, limit: int, *, broken: bool = False
) -> R: ...


@overload
def extract(
    request_type: UnionType, content_type: str | None, body: bytes, limit: int, *, broken: bool = False
) -> SagemakerRequest: ...


def extract(
    request_type: object, content_type: str | None, body: bytes, limit: int, *, broken: bool = False
) -> Any:
    """The request in `body`, or ExtractionRefusal.

    `request_type` is a request class or `SagemakerRequest`; `content_type` is the header's value, None if it
    was not sent; `limit` is the router's `--payload-limit` in bytes, and a body of that size is accepted.
    `broken` says that the body could not be read to its end.
    """
    if not is_json(content_type):
        raise ExtractionRefusal(415, "Expected request with `Content-Type: application/json`")
    if len(body) > limit:
        raise ExtractionRefusal(413, "Failed to buffer the request body: length limit exceeded")
    if broken:
        raise ExtractionRefusal(
            400, "Failed to buffer the request body: error reading a body from connection"
        )
    return _typed(request_type, body)


def typed(request_type: type[R], body: bytes) -> R:
    """The request in a `body` that was read and is JSON, as its headers say. Raises ExtractionRefusal."""
    found: R = _typed(request_type, body)
    return found


def _typed(request_type: object, body: bytes) -> Any:
    shape = _SHAPES[request_type]
    try:
        return shape.plain(scan(body))
    except DecodeError:
        return _exactly(shape, body)


def _exactly(shape: Shape[T], body: bytes) -> T:
    reader = JsonReader(body)
    try:
        return shape.decode(JsonSource(reader))
    except DecodeError as error:
        raise _refusal(error, reader) from None


def is_json(content_type: str | None) -> bool:
    """Whether a body of this content type is read at all."""
    return content_type == "application/json" or (
        content_type is not None and _JSON_TYPE.match(content_type) is not None
    )


def _refusal(error: DecodeError, reader: JsonReader) -> ExtractionRefusal:
    place = ""
    if error.offset is not None:
        line, column = reader.line_and_column(error.offset)
        place = f" at line {line} column {column}"
    detail = f"{_path(reader.path)}{error.message}{place}"
    if isinstance(error, JsonSyntaxError):
        return ExtractionRefusal(400, f"Failed to parse the request body as JSON: {detail}")
    return ExtractionRefusal(422, f"Failed to deserialize the JSON body into the target type: {detail}")


def _path(steps: list[str | int | None]) -> str:
    """`a.b[0].?: `, or nothing when no step is known."""
    if all(step is None for step in steps):
        return ""
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{'?' if step is None else step}" for step in steps
    )
    return f"{path.removeprefix('.')}: "
