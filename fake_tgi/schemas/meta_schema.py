"""Whether a value is a JSON Schema 2020-12, in the words of the Rust crate `jsonschema` 0.28.3.

The crate checks a value against the meta-schema and reports the first thing it finds wrong. What it finds
first follows from the meta-schema's own order: vocabulary by vocabulary, and in each of them keyword by
keyword, whatever order the value has; only the members of an object of schemas are taken as they come.
Formats are not checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from ..render.values import value as json_bytes
from ..requests import JsonValue

__all__ = ["meta_schema_error"]

Check = Callable[[JsonValue], None]


class _Wrong(Exception):
    """The first thing that is wrong; the message is the crate's."""


def _text(value: JsonValue) -> str:
    return json_bytes(value).decode()


def _is_type(value: JsonValue, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, int):
        return name in ("integer", "number")
    if isinstance(value, float):
        return name == "number" or (name == "integer" and value.is_integer())
    return name == {type(None): "null", str: "string", list: "array", dict: "object"}[type(value)]


def _type(*names: str) -> Check:
    if len(names) == 1:
        said = f'type "{names[0]}"'
    else:
        said = "types " + ", ".join(f'"{name}"' for name in sorted(names))

    def check(value: JsonValue) -> None:
        if not any(_is_type(value, name) for name in names):
            raise _Wrong(f"{_text(value)} is not of {said}")

    return check


def _all(*checks: Check) -> Check:
    def check(value: JsonValue) -> None:
        for each in checks:
            each(value)

    return check


def _any(*checks: Check) -> Check:
    def check(value: JsonValue) -> None:
        for each in checks:
            try:
                return each(value)
            except _Wrong:
                pass
        raise _Wrong(f"{_text(value)} is not valid under any of the schemas listed in the 'anyOf' keyword")

    return check


def _pattern(pattern: str) -> Check:
    compiled = re.compile(
        pattern.removesuffix("$") + r"\Z"
    )  # to Python, $ also stands before a last line break

    def check(value: JsonValue) -> None:
        if isinstance(value, str) and not compiled.search(value):
            raise _Wrong(f'{_text(value)} does not match "{pattern}"')

    return check


def _one_of(*options: str) -> Check:
    listed = _text(list(options))

    def check(value: JsonValue) -> None:
        if value not in options:
            raise _Wrong(f"{_text(value)} is not one of {listed}")

    return check


def _at_least(limit: int, *, exclusive: bool = False) -> Check:
    said = "less than or equal to" if exclusive else "less than"

    def check(value: JsonValue) -> None:
        if isinstance(value, (int, float)) and (value < limit or (exclusive and value == limit)):
            raise _Wrong(f"{_text(value)} is {said} the minimum of {limit}")

    return check


def _not_empty(value: JsonValue) -> None:
    if isinstance(value, list) and not value:
        raise _Wrong("[] has less than 1 item")


def _unique(value: JsonValue) -> None:
    if isinstance(value, list) and len({str(item) for item in value}) < len(value):
        raise _Wrong(f"{_text(value)} has non-unique elements")


def _each(item: Check) -> Check:
    """Every item of an array."""

    def check(value: JsonValue) -> None:
        if isinstance(value, list):
            for one in value:
                item(one)

    return check


def _every(member: Check) -> Check:
    """Every member of an object."""

    def check(value: JsonValue) -> None:
        if isinstance(value, dict):
            for one in value.values():
                member(one)

    return check


def _anything(value: JsonValue) -> None:
    pass


def _schema(value: JsonValue) -> None:
    for vocabulary in _VOCABULARIES:
        if not isinstance(value, dict):
            _SCHEMA_TYPE(value)
            return
        for keyword, check in vocabulary.items():
            if keyword in value:
                check(value[keyword])


_STRING, _NUMBER, _BOOLEAN, _ARRAY, _OBJECT = map(_type, ("string", "number", "boolean", "array", "object"))
_SCHEMA_TYPE = _type("object", "boolean")
_ANCHOR = _all(_STRING, _pattern("^[A-Za-z_][-A-Za-z0-9._]*$"))
_COUNT = _all(_type("integer"), _at_least(0))
_STRINGS = _all(_ARRAY, _each(_STRING), _unique)
_SIMPLE_TYPE = _one_of("array", "boolean", "integer", "null", "number", "object", "string")
_SCHEMAS = _all(_ARRAY, _not_empty, _each(_schema))
_SCHEMA_MAP = _all(_OBJECT, _every(_schema))

_VOCABULARIES: tuple[Mapping[str, Check], ...] = (
    {  # core
        "$id": _all(_STRING, _pattern("^[^#]*#?$")),
        "$schema": _STRING,
        "$ref": _STRING,
        "$anchor": _ANCHOR,
        "$dynamicRef": _STRING,
        "$dynamicAnchor": _ANCHOR,
        "$vocabulary": _all(_OBJECT, _every(_BOOLEAN)),
        "$comment": _STRING,
        "$defs": _SCHEMA_MAP,
    },
    {  # applicator
        "prefixItems": _SCHEMAS,
        "items": _schema,
        "contains": _schema,
        "additionalProperties": _schema,
        "properties": _SCHEMA_MAP,
        "patternProperties": _SCHEMA_MAP,
        "dependentSchemas": _SCHEMA_MAP,
        "propertyNames": _schema,
        "if": _schema,
        "then": _schema,
        "else": _schema,
        "allOf": _SCHEMAS,
        "anyOf": _SCHEMAS,
        "oneOf": _SCHEMAS,
        "not": _schema,
    },
    {"unevaluatedItems": _schema, "unevaluatedProperties": _schema},
    {  # validation
        "type": _any(_SIMPLE_TYPE, _all(_ARRAY, _each(_SIMPLE_TYPE), _not_empty, _unique)),
        "const": _anything,
        "enum": _ARRAY,
        "multipleOf": _all(_NUMBER, _at_least(0, exclusive=True)),
        "maximum": _NUMBER,
        "exclusiveMaximum": _NUMBER,
        "minimum": _NUMBER,
        "exclusiveMinimum": _NUMBER,
        "maxLength": _COUNT,
        "minLength": _COUNT,
        "pattern": _STRING,
        "maxItems": _COUNT,
        "minItems": _COUNT,
        "uniqueItems": _BOOLEAN,
        "maxContains": _COUNT,
        "minContains": _COUNT,
        "maxProperties": _COUNT,
        "minProperties": _COUNT,
        "required": _STRINGS,
        "dependentRequired": _all(_OBJECT, _every(_STRINGS)),
    },
    {  # meta-data
        "title": _STRING,
        "description": _STRING,
        "default": _anything,
        "deprecated": _BOOLEAN,
        "readOnly": _BOOLEAN,
        "writeOnly": _BOOLEAN,
        "examples": _ARRAY,
    },
    {"format": _STRING},
    {"contentEncoding": _STRING, "contentMediaType": _STRING, "contentSchema": _schema},
    {  # what earlier drafts had, still reserved
        "definitions": _SCHEMA_MAP,
        "dependencies": _all(_OBJECT, _every(_any(_schema, _STRINGS))),
        "$recursiveAnchor": _ANCHOR,
        "$recursiveRef": _STRING,
    },
)


def meta_schema_error(schema: JsonValue) -> str | None:
    """What is first found wrong with `schema` as a JSON Schema 2020-12; None when nothing is."""
    try:
        _schema(schema)
    except _Wrong as wrong:
        return str(wrong)
    return None
