"""Values for schemas with conditions: both ways are drawn, and what is drawn satisfies the schema."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fake_tgi.drawing import draw, json_values
from fake_tgi.drawing.conditions import as_choices
from tgi_contracts import is_valid, schema
from tgi_contracts._resolved import resolved

KIND: Any = {
    "type": "object",
    "properties": {"kind": {"enum": ["a", "b"]}},
    "required": ["kind"],
    "additionalProperties": True,
    "if": {"properties": {"kind": {"const": "a"}}},
    "then": {"properties": {"size": {"type": "integer"}}, "required": ["size"]},
    "else": {"properties": {"name": {"type": "string"}}, "required": ["name"]},
}


@pytest.mark.parametrize(
    "conditional",
    [
        KIND,
        {"type": "array", "items": KIND, "minItems": 1},
        {"$defs": {"kind": KIND}, "$ref": "#/$defs/kind"},
        {"anyOf": [KIND, {"type": "null"}]},
        {"type": "integer", "if": {"minimum": 5}, "then": {"multipleOf": 2}},
        {"type": ["string", "null"], "if": {"type": "string"}, "else": {"type": "null"}},
        {"type": "integer", "allOf": [{"if": True, "then": {"maximum": 3}, "else": False}]},
    ],
)
def test_values_satisfy_a_schema_with_conditions(conditional: Any) -> None:
    values = draw(json_values(conditional), 40)
    assert all(map(Draft202012Validator(conditional).is_valid, values))


def test_both_ways_of_a_condition_are_drawn() -> None:
    assert {value["kind"] for value in draw(json_values(KIND), 40)} == {"a", "b"}


def test_a_schema_and_its_choices_mean_the_same() -> None:
    other = Draft202012Validator(as_choices(KIND))
    for value in (
        {"kind": "a", "size": 1}, {"kind": "a", "name": ""}, {"kind": "b", "name": ""},
        {"kind": "b", "size": 1}, {"kind": "b"}, {}, 5,
    ):  # fmt: skip
        assert other.is_valid(value) == Draft202012Validator(KIND).is_valid(value)


@pytest.mark.parametrize("name", ["StreamResponse", "ChatCompletionChunk", "ChatCompletionDelta", "Function"])
def test_the_contracts_own_conditional_schemas_can_be_drawn(name: str) -> None:
    assert "if" in schema(name)
    assert all(is_valid(value, name) for value in draw(json_values(resolved(name)), 10))
