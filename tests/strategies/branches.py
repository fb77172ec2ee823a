"""Which branches the schemas of the contracts have, and which of them a value goes through.

A branch is one way to satisfy a part of a schema: an optional member there or not (where the part says that
it is about an object), one value of an enum or of a boolean, one type of several, one alternative, one arm of
a condition, a list with or without items. A part is named by the schema that it stands in, however that was
reached.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tgi_contracts import names, schema

__all__ = ["branches", "taken"]


@cache
def _schema(name: str) -> Any:
    return schema(name)


@cache
def _registry() -> Registry[Any]:
    """All schemas under the file names by which they refer to each other."""
    found: Registry[Any] = Registry()
    for name in names():
        body = {key: value for key, value in _schema(name).items() if key != "$id"}
        found = found.with_resource(f"{name}.json", Resource(contents=body, specification=DRAFT202012))
    return found


_VALIDATORS: dict[int, Draft202012Validator] = {}


def _fits(part: Any, value: Any) -> bool:
    """Whether a value satisfies a part of a schema; parts live as long as the schemas do."""
    if isinstance(part, bool):
        return part
    known = _VALIDATORS.get(id(part))
    if known is None:
        body = {key: item for key, item in part.items() if key != "$id"}
        known = _VALIDATORS[id(part)] = Draft202012Validator(body, registry=_registry())
    return known.is_valid(value)


def branches(*roots: str) -> set[str]:
    """All branches of these schemas and of those that they refer to."""
    found: set[str] = set()
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            found |= set(_all(_schema(name), name, waiting))
    return found


def _all(part: Any, where: str, waiting: list[str]) -> Iterator[str]:
    if not isinstance(part, dict):
        return
    if "$ref" in part:
        waiting.append(part["$ref"].removesuffix(".json"))
    kinds = part.get("type", ())
    if isinstance(kinds, list):
        yield from (f"{where}: {kind}" for kind in kinds)
    if kinds == "boolean" or "boolean" in kinds:
        yield from (f"{where}: true", f"{where}: false")
    yield from (f"{where}: {value!r}" for value in part.get("enum", ()))
    for name, inner in part.get("properties", {}).items():
        if kinds == "object" and name not in part.get("required", ()):
            yield from (f"{where}.{name}: there", f"{where}.{name}: left out")
        yield from _all(inner, f"{where}.{name}", waiting)
    if "items" in part and "array" in kinds and not part.get("minItems"):
        yield from (f"{where}: empty", f"{where}: not empty")
    for key in ("items", "additionalProperties"):
        yield from _all(part.get(key), f"{where}[]", waiting)
    for key in ("anyOf", "oneOf"):
        for i, inner in enumerate(part.get(key, ())):
            yield f"{where}: {key} {i}"
            yield from _all(inner, f"{where}/{i}", waiting)
    for i, inner in enumerate((*part.get("allOf", ()), *part.get("prefixItems", ()))):
        yield from _all(inner, f"{where}/all{i}", waiting)
    if "if" in part:
        for key in ("then", "else"):
            yield f"{where}: {key}"
            yield from _all(part.get(key), f"{where}/{key}", waiting)


def taken(value: Any, name: str) -> set[str]:
    """The branches that a value goes through which satisfies the schema of that name."""
    return set(_through(value, _schema(name), name))


def _through(value: Any, part: Any, where: str) -> Iterator[str]:
    if not isinstance(part, dict):
        return
    if "$ref" in part:
        target = part["$ref"].removesuffix(".json")
        yield from _through(value, _schema(target), target)
    kinds = part.get("type", ())
    if isinstance(kinds, list):
        yield from (f"{where}: {kind}" for kind in kinds if _fits(_OF_TYPE[kind], value))
    if isinstance(value, bool) and (kinds == "boolean" or "boolean" in kinds):
        yield f"{where}: {'true' if value else 'false'}"
    if value in part.get("enum", ()):
        yield f"{where}: {value!r}"
    if isinstance(value, dict):
        for key, inner in part.get("properties", {}).items():
            if kinds == "object" and key not in part.get("required", ()):
                yield f"{where}.{key}: {'there' if key in value else 'left out'}"
            if key in value:
                yield from _through(value[key], inner, f"{where}.{key}")
        others = part.get("additionalProperties")
        for key in value.keys() - set(part.get("properties", {})):
            yield from _through(value[key], others, f"{where}[]")
    if isinstance(value, list):
        first = part.get("prefixItems", ())
        if "items" in part and "array" in kinds and not part.get("minItems"):
            yield f"{where}: {'not empty' if value else 'empty'}"
        for item in value[len(first) :]:
            yield from _through(item, part.get("items"), f"{where}[]")
        for i, (item, inner) in enumerate(zip(value, first, strict=False), len(part.get("allOf", ()))):
            yield from _through(item, inner, f"{where}/all{i}")
    for key in ("anyOf", "oneOf"):
        for i, inner in enumerate(part.get(key, ())):
            if _fits(inner, value):
                yield f"{where}: {key} {i}"
                yield from _through(value, inner, f"{where}/{i}")
    for i, inner in enumerate(part.get("allOf", ())):
        yield from _through(value, inner, f"{where}/all{i}")
    if "if" in part:
        key = "then" if _fits(part["if"], value) else "else"
        yield f"{where}: {key}"
        yield from _through(value, part.get(key), f"{where}/{key}")


_OF_TYPE = {
    kind: {"type": kind} for kind in ("object", "array", "string", "integer", "number", "boolean", "null")
}
