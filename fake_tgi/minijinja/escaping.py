"""Values as JSON and as HTML: the `tojson` and `escape` filters, and what autoescaping prints."""

from __future__ import annotations

from math import isfinite
from typing import Final

from ..render.values import string
from ..rust_text import format_f64
from .display import display
from .errors import Failure, invalid_operation
from .values import UNDEFINED, Function, MapLike, Safe, Value, iterate

__all__ = ["escape", "json_text", "safe_json"]

# Neither HTML nor a script element takes these for its own.
_JSON_ESCAPES: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "'": "\\u0027"})
_HTML_ESCAPES: Final = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;", "'": "&#x27;", "/": "&#x2f;"}
)


def safe_json(value: Value, indent: int | None) -> Safe:
    """`value` as JSON that is also safe inside HTML; with `indent` spaces a level, or on one line."""
    return Safe(json_text(value, indent).translate(_JSON_ESCAPES))


def json_text(value: Value, indent: int | None, level: int = 0) -> str:
    """`value` as JSON, as serde_json writes it. Raises `Failure` for a key that JSON cannot have."""
    if isinstance(value, str):
        return string(str(value)).decode()
    if value is None or value is UNDEFINED:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return format_f64(value) if isfinite(value) else "null"
    if isinstance(value, Function):
        return string(display(value)).decode()
    colon = ":" if indent is None else ": "
    if isinstance(value, MapLike):
        parts = [_key(key) + colon + json_text(item, indent, level + 1) for key, item in value.pairs()]
        return _joined("{", parts, "}", indent, level)
    return _joined("[", [json_text(item, indent, level + 1) for item in iterate(value)], "]", indent, level)


def _joined(opening: str, parts: list[str], closing: str, indent: int | None, level: int) -> str:
    if indent is None or not parts:
        return opening + ",".join(parts) + closing
    inner = "\n" + " " * (indent * (level + 1))
    return opening + inner + ("," + inner).join(parts) + "\n" + " " * (indent * level) + closing


def _key(key: Value) -> str:
    if isinstance(key, str):
        return string(str(key)).decode()
    if isinstance(key, (bool, int)) or (isinstance(key, float) and isfinite(key)):
        return f'"{json_text(key, None)}"'
    raise invalid_operation("cannot serialize to JSON")


def escape(value: Value, mode: str) -> str:
    """What printing `value` gives where `mode` ("none", "html" or "json") is escaped for."""
    if isinstance(value, Safe) or mode == "none":
        return display(value)
    if mode == "json":
        try:
            return json_text(value, None)
        except Failure:
            raise Failure("could not serialize to value", "unable to format to JSON") from None
    return display(value).translate(_HTML_ESCAPES)
