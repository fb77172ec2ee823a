"""Bodies in and out of the admin API: a JSON object is read, or refused with its place and what was expected.

Whoever changes something reads all of a body first, so that nothing is half-applied.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse

from ..shards.scripted import FormatError

__all__ = ["json_object", "member", "refuse"]


def refuse(message: str, **more: Any) -> JSONResponse:
    """422 in the form of the router's errors; `more` are further members, such as `path` and `expected`."""
    return JSONResponse({"error": message, "error_type": "admin", **more}, status_code=422)


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body is. Raises `FormatError`."""
    try:
        value = json.loads(body)
    except ValueError as error:
        raise FormatError(f"expected a JSON object, got no JSON: {error}") from error
    if not isinstance(value, dict):
        raise FormatError(f"expected a JSON object, got {type(value).__name__}")
    return value


def member(body: dict[str, Any], key: str, kind: type, expected: str, default: Any = ...) -> Any:
    """A member of a body; `default` if it is missing. Raises `FormatError` that says what was `expected`."""
    value = body.get(key, default)
    if value is ...:
        raise FormatError(f"{key}: expected {expected}, but the key is missing; got the keys {sorted(body)}")
    if not isinstance(value, kind):
        raise FormatError(f"{key}: expected {expected}, got {value!r}")
    return value
