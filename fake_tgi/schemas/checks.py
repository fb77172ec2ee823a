"""The router's checks of a grammar, in its order (router/src/validation.rs:348-412).

Support is switched on; a `json` value is an object, or text that holds a JSON value; the value is a JSON
Schema, with `properties` at the top; it can be compiled. A regular expression is not looked at: a bad one
fails in the shard.
"""

from __future__ import annotations

from ..requests import JsonValue
from ..serde.reader import TRAILING_CHARACTERS, DecodeError, JsonReader
from ..serde.shapes import AnyJson
from ..serde.text import JsonSource
from .meta_schema import meta_schema_error
from .outlines import compile_error

__all__ = ["check_grammar"]

_UNSUPPORTED = "grammar is not supported"


def check_grammar(kind: str, value: JsonValue, disabled: bool = False) -> str | None:
    """What the router says against a grammar, after "Input validation error: "; None when it is fine.

    `kind` is "json", "json_schema" (then `value` is the schema alone) or "regex". `disabled` is the
    router's --disable-grammar-support.
    """
    if disabled:
        return _UNSUPPORTED
    if kind == "regex":
        return None
    if kind == "json":
        if isinstance(value, str):
            try:
                value = _parsed(value)
            except ValueError as error:
                return f"grammar is not valid: {error}"
        elif not isinstance(value, dict):
            return _UNSUPPORTED
    elif kind != "json_schema":
        raise ValueError(f"expected a grammar of kind 'json', 'json_schema' or 'regex', got {kind!r}")
    found = meta_schema_error(value)
    if found is None and not (isinstance(value, dict) and "properties" in value):
        found = "Grammar must have a 'properties' field"
    if found is not None:
        return f"grammar is not valid: {found}"
    found = compile_error(value)
    return None if found is None else f"cannot compile regex from schema: {found}"


def _parsed(text: str) -> JsonValue:
    """A JSON text as serde_json reads it. Raises ValueError with its message and place."""
    reader = JsonReader(text.encode("utf-8", "replace"))
    try:
        value = AnyJson().decode(JsonSource(reader))
        if reader.peek() >= 0:
            raise reader.ahead(TRAILING_CHARACTERS)
    except DecodeError as error:
        line, column = reader.line_and_column(reader.pos if error.offset is None else error.offset)
        raise ValueError(f"{error.message} at line {line} column {column}") from None
    return value
