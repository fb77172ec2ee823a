"""From a Python type to a JSON Schema that TGI accepts. No I/O.

TGI compiles a schema into a regular expression: it wants an object with `properties` at the top, follows no
`$defs`, and knows four string formats. So references are inlined, other formats are left out (the answer is
validated here anyway), and a type that is no object is put into one, under `value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ConfigurationError

__all__ = ["FORMATS", "inlined", "object_schema"]

FORMATS = frozenset(("date-time", "date", "time", "uuid"))
# Members whose values are names given by the user, not keywords.
_NAMED = frozenset(("properties", "patternProperties", "dependentSchemas"))
_DROPPED = frozenset(("$defs", "definitions", "title", "default", "examples"))


def inlined(schema: Any) -> Any:
    """The schema with every local reference replaced by what it refers to."""
    definitions: dict[str, Any] = {}
    if isinstance(schema, Mapping):
        for member in ("$defs", "definitions"):
            for name, definition in schema.get(member, {}).items():
                definitions[f"#/{member}/{name}"] = definition
    return _inlined(schema, definitions, ())


def _inlined(schema: Any, definitions: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    if isinstance(schema, list):
        return [_inlined(one, definitions, path) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str) and reference in definitions:
        if reference in path:
            raise ConfigurationError(
                f"output: {reference.rpartition('/')[2]} contains itself, which TGI's grammars cannot "
                "express; give it a fixed depth"
            )
        found = _inlined(definitions[reference], definitions, (*path, reference))
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return {**found, **_inlined(beside, definitions, path)} if beside else found
    result = {}
    for key, value in schema.items():
        if key in _NAMED and isinstance(value, Mapping):
            result[key] = {name: _inlined(inner, definitions, path) for name, inner in value.items()}
        elif key in ("enum", "const", "required"):
            result[key] = value
        elif key not in _DROPPED and not (key == "format" and value not in FORMATS):
            result[key] = _inlined(value, definitions, path)
    return result


def object_schema(schema: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The schema as TGI wants it, and whether the value had to be put under `value`."""
    flat = inlined(schema)
    if isinstance(flat.get("properties"), Mapping) and flat["properties"]:
        return flat, False
    return {"type": "object", "properties": {"value": flat}, "required": ["value"]}, True
