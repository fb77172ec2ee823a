"""Conditions of a JSON Schema (`if`, `then`, `else`) as the choice between two schemas that they are.

What remains says the same to a validator, and to whatever draws values from alternatives it says which there
are: a value that satisfies `if` and `then`, or one that does not satisfy `if` and satisfies `else`.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["as_choices"]

_ONE: Final = ("items", "additionalProperties", "contains", "not", "propertyNames")
_SEVERAL: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED: Final = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "$functions")


def as_choices(schema: Any) -> Any:
    """The same schema without conditions, throughout. What is no schema comes back as it is."""
    if not isinstance(schema, dict):
        return schema
    made = {name: _member(name, value) for name, value in schema.items()}
    if "if" not in schema:
        return made
    condition = as_choices(made.pop("if"))
    then, otherwise = (as_choices(made.pop(name, True)) for name in ("then", "else"))
    choice = {"anyOf": [{"allOf": [condition, then]}, {"allOf": [otherwise, {"not": condition}]}]}
    return {**made, "allOf": [*made.get("allOf", ()), choice]}


def _member(name: str, value: Any) -> Any:
    if name in _ONE:
        return as_choices(value)
    if name in _SEVERAL and isinstance(value, list):
        return [as_choices(each) for each in value]
    if name in _NAMED and isinstance(value, dict):
        return {key: as_choices(each) for key, each in value.items()}
    return value
