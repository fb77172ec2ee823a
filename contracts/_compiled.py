"""A yes-or-no check of a value against one of our schemas, fast enough for every answer of a server.

It knows only the keywords that our schemas use, and refuses to compile any other rather than ignore it.
It never says why: whatever it turns down goes to `jsonschema`, which is also the judge in the tests that
hold the two to the same verdict.

Numbers are stricter than JSON Schema: `3.0` is no integer here, because the router never writes one so,
and NaN and the infinities are no numbers, because JSON has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from math import isfinite
from typing import Any, Final

from ._resolved import resolved

__all__ = ["Check", "check_for", "compiled", "is_integer", "is_number", "same"]

Check = Callable[[Any], bool]


def is_integer(value: object) -> bool:
    """An int that is no bool."""
    return type(value) is int or (isinstance(value, int) and not isinstance(value, bool))


def is_number(value: object) -> bool:
    """A finite number that is no bool."""
    return is_integer(value) or (isinstance(value, float) and isfinite(value))


def same(left: Any, right: Any) -> bool:
    """Equality as JSON sees it: true is not 1, and 1.0 is 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


_TYPES: Final[dict[str, Check]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": is_integer,
    "number": is_number,
}


@cache
def check_for(name: str) -> Check:
    """The compiled schema of that name; LookupError if there is none."""
    return compiled(resolved(name))


def compiled(schema: Any) -> Check:
    """The check of a schema without references or annotations; ValueError for an unknown keyword."""
    if schema is True:
        return lambda value: True
    if schema is False:
        return lambda value: False
    if unknown := schema.keys() - _KEYWORDS.keys() - _BESIDE:
        raise ValueError(f"a schema uses {sorted(unknown)}, which this check does not know; teach it here")
    checks = [_KEYWORDS[key](value, schema) for key, value in schema.items() if key not in _BESIDE]
    if "additionalProperties" in schema and "properties" not in schema:
        checks.append(_properties({}, schema))
    if len(checks) == 1:
        return checks[0]
    if len(checks) == 2:
        first, second = checks
        return lambda value: first(value) and second(value)
    return _all_of(tuple(checks))


def _all_of(checks: tuple[Check, ...]) -> Check:
    def check(value: Any) -> bool:
        for each in checks:  # noqa: SIM110  a generator inside all() costs more than the checks
            if not each(value):
                return False
        return True

    return check


def _type(names: Any, schema: Any) -> Check:
    if isinstance(names, str):
        return _TYPES[names]
    checks = tuple(_TYPES[name] for name in names)
    return lambda value: any(check(value) for check in checks)


def _properties(properties: Any, schema: Any) -> Check:
    known = {name: compiled(part) for name, part in properties.items()}
    others = schema.get("additionalProperties", True)
    rest = None if others is True else compiled(others)

    def check(value: Any) -> bool:
        if not isinstance(value, dict):
            return True
        for name, member in value.items():
            each = known.get(name, rest)
            if each is not None and not each(member):
                return False
        return True

    return check


def _required(names: Any, schema: Any) -> Check:
    wanted = tuple(names)
    return lambda value: not isinstance(value, dict) or all(name in value for name in wanted)


def _items(part: Any, schema: Any) -> Check:
    each, start = compiled(part), len(schema.get("prefixItems", ()))
    return lambda value: not isinstance(value, list) or all(map(each, value[start:] if start else value))


def _prefix_items(parts: Any, schema: Any) -> Check:
    checks = tuple(map(compiled, parts))
    return lambda value: not isinstance(value, list) or all(c(v) for c, v in zip(checks, value, strict=False))


def _pattern(pattern: Any, schema: Any) -> Check:
    search = re.compile(pattern).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _const(wanted: Any, schema: Any) -> Check:
    return lambda value: same(value, wanted)


def _enum(options: Any, schema: Any) -> Check:
    return lambda value: any(same(value, option) for option in options)


def _any_of(parts: Any, schema: Any) -> Check:
    checks = tuple(map(compiled, parts))
    return lambda value: any(check(value) for check in checks)


def _if(part: Any, schema: Any) -> Check:
    condition, then, otherwise = (
        compiled(part),
        compiled(schema.get("then", True)),
        compiled(schema.get("else", True)),
    )
    return lambda value: then(value) if condition(value) else otherwise(value)


def _not(part: Any, schema: Any) -> Check:
    check = compiled(part)
    return lambda value: not check(value)


def _bound(applies: Check, holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any], Check]:
    return lambda limit, schema: lambda value: not applies(value) or holds(value, limit)


def _sized(kind: type) -> Check:
    return lambda value: isinstance(value, kind)


_KEYWORDS: Final[dict[str, Callable[[Any, Any], Check]]] = {
    "type": _type,
    "properties": _properties,
    "required": _required,
    "items": _items,
    "prefixItems": _prefix_items,
    "pattern": _pattern,
    "const": _const,
    "enum": _enum,
    "allOf": lambda parts, schema: _all_of(tuple(map(compiled, parts))),
    "anyOf": _any_of,
    "if": _if,
    "not": _not,
    "minimum": _bound(is_number, lambda value, limit: bool(value >= limit)),
    "maximum": _bound(is_number, lambda value, limit: bool(value <= limit)),
    "exclusiveMinimum": _bound(is_number, lambda value, limit: bool(value > limit)),
    "exclusiveMaximum": _bound(is_number, lambda value, limit: bool(value < limit)),
    "minLength": _bound(_sized(str), lambda value, limit: len(value) >= limit),
    "maxLength": _bound(_sized(str), lambda value, limit: len(value) <= limit),
    "minItems": _bound(_sized(list), lambda value, limit: len(value) >= limit),
    "maxItems": _bound(_sized(list), lambda value, limit: len(value) <= limit),
    "minProperties": _bound(_sized(dict), lambda value, limit: len(value) >= limit),
    "maxProperties": _bound(_sized(dict), lambda value, limit: len(value) <= limit),
}
#: Read together with the keyword beside them.
_BESIDE: Final = frozenset({"additionalProperties", "then", "else"})
