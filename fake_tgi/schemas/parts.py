"""A JSON Schema taken apart: references followed, combined schemas laid into one, choices listed.

Only references into the schema itself are followed. What remains of a schema is one object without `$ref`,
`allOf`, `anyOf` and `oneOf` for each way in which it can be satisfied.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

__all__ = ["DEEPEST", "alternatives", "bounds", "checker", "count", "kinds", "referred"]

DEEPEST = 24
"""No schema is followed further down than this."""

_MOST = 24
_IMPLIED = (
    (frozenset({"properties", "required", "additionalProperties", "minProperties"}), "object"),
    (frozenset({"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"}), "array"),
    (frozenset({"minLength", "maxLength", "pattern", "format"}), "string"),
    (frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}), "number"),
)


def alternatives(schema: Any, root: Any, depth: int = 0) -> list[dict[str, Any]]:
    """The ways to satisfy `schema`, at most 24, none for `false`. Raises ValueError if it never ends."""
    if depth > DEEPEST:
        raise ValueError("the schema refers to itself")
    if not isinstance(schema, dict):
        return [] if schema is False else [{}]
    flat = [{key: value for key, value in schema.items() if key not in ("$ref", "allOf", "anyOf", "oneOf")}]
    parts = [referred(schema["$ref"], root)] if isinstance(schema.get("$ref"), str) else []
    parts += schema["allOf"] if isinstance(schema.get("allOf"), list) else []
    for part in parts:
        flat = _combined(flat, alternatives(part, root, depth + 1))
    for choice in ("anyOf", "oneOf"):
        if isinstance(schema.get(choice), list):
            branches = [each for part in schema[choice] for each in alternatives(part, root, depth + 1)]
            flat = _combined(flat, branches)
    return flat


def referred(reference: str, root: Any) -> Any:
    """What a reference into the schema itself stands for. Raises ValueError if there is nothing."""
    found = root
    for step in filter(None, reference.rpartition("#")[2].split("/")):
        if not isinstance(found, dict) or step not in found:
            raise ValueError(f"nothing at {reference}")
        found = found[step]
    return found


def kinds(schema: dict[str, Any]) -> list[str]:
    """The types that a flat schema asks for; what its other keywords imply, if it does not say; or none."""
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    if isinstance(kind, list) and kind:
        return [each for each in kind if isinstance(each, str)]
    return [implied for keywords, implied in _IMPLIED if not keywords.isdisjoint(schema)][:1]


def checker(root: Any) -> Callable[[Any, Any], bool]:
    """Whether a part of the schema `root` is satisfied by a value, as far as can be told without fetching."""
    from jsonschema import Draft202012Validator
    from referencing import Registry

    whole = Draft202012Validator(root, registry=Registry())

    def satisfied(part: Any, value: Any) -> bool:
        try:
            return bool(whole.evolve(schema=part).is_valid(value))
        except Exception:  # the router does not check a tool's parameters, so there may be anything in them
            return True

    return satisfied


def count(value: object, otherwise: int) -> int:
    """A keyword's number as a count."""
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else otherwise


def bounds(schema: dict[str, Any], inside: float) -> tuple[float | None, float | None]:
    """The least and the greatest number; an exclusive bound is moved `inside` by that much. None: open."""

    def limit(keyword: str) -> float | None:
        value = schema.get(keyword)
        return None if isinstance(value, bool) or not isinstance(value, (int, float)) else value

    low, high = limit("minimum"), limit("maximum")
    above, below = limit("exclusiveMinimum"), limit("exclusiveMaximum")
    if above is not None:
        low = max(above + inside, low if low is not None else -math.inf)
    if below is not None:
        high = min(below - inside, high if high is not None else math.inf)
    return low, high


def _combined(some: list[dict[str, Any]], others: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_laid_over(one, other) for one in some for other in others][:_MOST]


def _laid_over(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Both schemas as one: properties and required names together, of all else the second."""
    both = {**one, **other}
    if isinstance(one.get("properties"), dict) and isinstance(other.get("properties"), dict):
        both["properties"] = {**one["properties"], **other["properties"]}
    if isinstance(one.get("required"), list) and isinstance(other.get("required"), list):
        both["required"] = [*one["required"], *other["required"]]
    return both
