"""Schemas with their references put in place.

A reference is a file name beside the schema's own (`Token.json`), never a pointer into a file, and never
leads back to where it started; so every schema can be written out whole. Members beside `$ref` are kept.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ._files import schema_file

__all__ = ["ANNOTATIONS", "referenced", "resolved"]

#: Members that describe a schema and do not constrain a value.
ANNOTATIONS = frozenset(
    {
        "$schema",
        "$id",
        "$comment",
        "title",
        "description",
        "examples",
        "default",
        "contentMediaType",
        "contentEncoding",
    }
)


def referenced(name: str) -> str:
    """The schema name that a `$ref` means: `Token.json` is `Token`."""
    if not name.endswith(".json") or "/" in name or "#" in name:
        raise ValueError(f"a reference is the name of a file beside this one, not {name!r}")
    return name[:-5]


@cache
def resolved(name: str) -> dict[str, Any]:
    """The schema of that name with no `$ref` and no annotation left in it.

    Raises LookupError for an unknown name.
    """
    whole = _put_in_place(schema_file(name))
    assert isinstance(whole, dict)
    return whole


def _put_in_place(part: Any) -> Any:
    if isinstance(part, list):
        return [_put_in_place(item) for item in part]
    if not isinstance(part, dict):
        return part
    out = {
        key: _values(key, value) for key, value in part.items() if key not in ANNOTATIONS and key != "$ref"
    }
    if "$ref" in part:
        target = resolved(referenced(part["$ref"]))
        out = {"allOf": [target, out]} if out else target
    return out


def _values(key: str, value: Any) -> Any:
    if key in ("const", "enum", "required", "type", "pattern"):
        return value
    if key in ("properties", "patternProperties"):
        return {name: _put_in_place(schema) for name, schema in value.items()}
    return _put_in_place(value)
