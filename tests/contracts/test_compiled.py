"""The quick check and jsonschema give the same verdict on every value, right and wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgi_contracts import is_valid, names, schema
from tgi_contracts._compiled import compiled
from tgi_contracts._schemas import _validator

from .damages import value_damages

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "text", "error"]), inner)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", names())
def test_on_every_example_and_every_damage_to_it(name: str) -> None:
    validator = _validator(name)
    for example in schema(name)["examples"]:
        assert is_valid(example, name)
        for damage in value_damages(example):
            assert is_valid(damage.result, name) == validator.is_valid(damage.result), str(damage)


@given(name=st.sampled_from(names()), value=ANY)
def test_on_anything_at_all(name: str, value: Any) -> None:
    assert is_valid(value, name) == _validator(name).is_valid(value)


def test_a_keyword_that_it_does_not_know_is_refused_rather_than_ignored() -> None:
    with pytest.raises(ValueError, match="uniqueItems"):
        compiled({"type": "array", "uniqueItems": True})


@pytest.mark.parametrize(
    ("part", "right", "wrong"),
    [
        ({"const": 1}, 1.0, True),
        ({"const": [{"a": 1}]}, [{"a": 1}], [{"a": True}]),
        ({"enum": [None, False]}, False, 0),
        ({"additionalProperties": {"type": "string"}}, {"a": "b"}, {"a": 1}),
        ({"prefixItems": [{"type": "null"}], "items": {"type": "string"}}, [None, "a"], [None, None]),
        ({"if": {"type": "string"}, "then": {"minLength": 1}, "else": {"type": "null"}}, None, ""),
        ({"not": {"required": ["a"]}}, {"b": 1}, {"a": 1}),
        ({"exclusiveMinimum": 0, "maximum": 2}, 2, 0),
        (True, 1, None),
    ],
)
def test_keywords_mean_what_json_schema_says(part: Any, right: Any, wrong: Any) -> None:
    assert compiled(part)(right)
    assert part is True or not compiled(part)(wrong)
