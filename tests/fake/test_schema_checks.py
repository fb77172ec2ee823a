"""The router's verdict on a grammar: is it supported, is it JSON Schema, can it be compiled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fake_tgi.requests import JsonValue
from fake_tgi.schemas.checks import check_grammar
from fake_tgi.schemas.meta_schema import meta_schema_error
from fake_tgi.schemas.outlines import compile_error

from ..sweeps import examples

ANY_OF = "is not valid under any of the schemas listed in the 'anyOf' keyword"
SCHEMA_TYPES = 'is not of types "boolean", "object"'

# What the crate itself says: each row was run through it.
NOT_A_SCHEMA = [
    (5, f"5 {SCHEMA_TYPES}"),
    ("x", f'"x" {SCHEMA_TYPES}'),
    (None, f"null {SCHEMA_TYPES}"),
    ([1, 2.0], f"[1,2.0] {SCHEMA_TYPES}"),
    ({"type": "nope"}, f'"nope" {ANY_OF}'),
    ({"type": ["string", "string"]}, f'["string","string"] {ANY_OF}'),
    ({"type": []}, f"[] {ANY_OF}"),
    ({"properties": 1}, '1 is not of type "object"'),
    ({"properties": {"a": 1e16}}, f"1e16 {SCHEMA_TYPES}"),
    ({"properties": {"a": {"b": 1, "type": None}}}, f"null {ANY_OF}"),
    ({"required": ["a", "a"]}, '["a","a"] has non-unique elements'),
    ({"required": ["a", 1]}, '1 is not of type "string"'),
    ({"minLength": -1}, "-1 is less than the minimum of 0"),
    ({"maxItems": 1.5}, '1.5 is not of type "integer"'),
    ({"multipleOf": 0}, "0 is less than or equal to the minimum of 0"),
    ({"multipleOf": 0.0}, "0.0 is less than or equal to the minimum of 0"),
    ({"minimum": "1"}, '"1" is not of type "number"'),
    ({"anyOf": []}, "[] has less than 1 item"),
    ({"anyOf": {}}, '{} is not of type "array"'),
    ({"allOf": [True, 0]}, f"0 {SCHEMA_TYPES}"),
    ({"$id": "a#b"}, '"a#b" does not match "^[^#]*#?$"'),
    ({"$anchor": "1"}, '"1" does not match "^[A-Za-z_][-A-Za-z0-9._]*$"'),
    ({"$anchor": "a\n"}, '"a\\n" does not match "^[A-Za-z_][-A-Za-z0-9._]*$"'),
    ({"$defs": {"é": {"title": {}}}}, '{} is not of type "string"'),
    ({"dependencies": {"a": 1}}, f"1 {ANY_OF}"),
    ({"uniqueItems": 0}, '0 is not of type "boolean"'),
    # the meta-schema's order decides which of two mistakes is told, not the schema's
    ({"type": 5, "properties": {"a": 5}}, f"5 {SCHEMA_TYPES}"),
    ({"properties": {"a": 5}, "$ref": 1}, '1 is not of type "string"'),
    ({"title": 1, "maximum": "x"}, '"x" is not of type "number"'),
    ({"properties": {"b": 1, "a": 2}}, f"1 {SCHEMA_TYPES}"),
]
IS_A_SCHEMA: list[JsonValue] = [
    True,
    {},
    {"type": ["string", "null"], "required": [], "minLength": 1.0},
    {"pattern": "[", "format": "nope", "enum": [1, 1], "unknown": {"type": 5}},
    {"definitions": {"a": True}, "dependencies": {"a": ["b"], "c": False}},
]
NOT_COMPILED = [
    ({"properties": {"a": True}}, "Invalid JSON Schema: expected an object"),
    ({"properties": {"a": {"type": "string", "format": "uri"}}}, "Format uri is not supported by Outlines"),
    ({"properties": {"a": {"type": ["string"]}}}, "'type' must be a string"),
    ({"properties": {"a": {"$ref": "#/x"}}}, "Invalid reference path: x"),
    ({"properties": {"a": {"$ref": "http://x#/y"}}}, "External references are not supported: http://x#/y"),
    ({"properties": {"a": {"$ref": "#a#b"}}}, "Invalid reference format: #a#b"),
    ({"properties": {"a": {"const": {"b": [1, None, "é"]}}}},
     'Unsupported data type in const: Object {"b": Array [Number(1), Null, String("é")]}'),
    ({"properties": {"a": {"enum": ["x", [True]]}}}, "Unsupported data type in enum: Array [Bool(true)]"),
    ({"properties": {"a": {"type": "string", "minLength": 3, "maxLength": 2}}},
     "maxLength must be greater than or equal to minLength"),
    ({"properties": {"a": {"type": "integer", "minDigits": 3, "maxDigits": 2}}},
     "max bound must be greater than or equal to min bound"),
    ({"properties": {"a": {"type": "object", "additionalProperties": False}}},
     "Invalid JSON Schema: expected an object"),
    ({"properties": {"a": {"type": "array", "items": True}}}, "Invalid JSON Schema: expected an object"),
    ({"properties": {"a": {"$ref": "#/b"}}, "b": {"type": "nope"}}, "Unsupported type: nope"),
    ({"properties": {"a": {"$ref": "#/b"}}, "b": {"anyOf": 1}}, "'anyOf' must be an array"),
    ({"properties": {"a": {"$ref": "#/b"}}, "b": {"properties": 1}},
     "'properties' not found or not an object"),
    ({"properties": {"a": {"minimum": 1, "title": "x"}}},
     'Unsupported JSON Schema structure {"minimum":1,"title":"x"} \n'
     "Make sure it is valid to the JSON Schema specification and check if it's supported by Outlines.\n"
     "If it should be supported, please open an issue."),
]  # fmt: skip
COMPILED: list[JsonValue] = [
    {"properties": {}},
    {"properties": {"a": {}}},
    {"properties": {"a": {"type": "string", "pattern": "[", "format": "email"}}},
    {"properties": {"a": {"type": "array", "items": True, "maxItems": 0}}},
    {"properties": {"a": {"type": "object", "additionalProperties": {"type": "null"}}}},
    {"properties": {"a": {"type": "integer", "minDigits": "x", "maxDigits": 0}}},
    {"$id": "me", "properties": {"a": {"$ref": "me#/b"}}, "b": {"oneOf": [{"const": 1}], "type": 5}},
    {"properties": {"a": {"enum": [None, 1.5, "x"], "type": ["string"]}}},
]


@pytest.mark.parametrize(("schema", "message"), NOT_A_SCHEMA)
def test_the_first_mistake_is_told_in_the_words_of_the_crate(schema: JsonValue, message: str) -> None:
    assert meta_schema_error(schema) == message
    assert check_grammar("json_schema", schema) == f"grammar is not valid: {message}"


@pytest.mark.parametrize("schema", IS_A_SCHEMA)
def test_schemas_are_schemas(schema: JsonValue) -> None:
    assert meta_schema_error(schema) is None


@pytest.mark.parametrize(("schema", "message"), NOT_COMPILED)
def test_what_cannot_be_compiled_is_told_in_the_words_of_the_compiler(
    schema: JsonValue, message: str
) -> None:
    assert compile_error(schema) == message


@pytest.mark.parametrize("schema", COMPILED)
def test_what_can_be_compiled_is_fine(schema: JsonValue) -> None:
    assert compile_error(schema) is None


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("json", {"properties": {}}, None),
        ("json", '{"properties": {}}', None),
        ("json_schema", {"properties": {}}, None),
        ("regex", "[", None),
        ("json", 0, "grammar is not supported"),
        ("json", None, "grammar is not supported"),
        ("json", ["x"], "grammar is not supported"),
        ("json", True, "grammar is not supported"),
        ("json", "", "grammar is not valid: EOF while parsing a value at line 1 column 0"),
        ("json", "{} x", "grammar is not valid: trailing characters at line 1 column 4"),
        ("json", "[NaN]", "grammar is not valid: expected value at line 1 column 2"),
        ("json", "5", f"grammar is not valid: 5 {SCHEMA_TYPES}"),
        ("json_schema", "{}", f'grammar is not valid: "{{}}" {SCHEMA_TYPES}'),
        ("json", {}, "grammar is not valid: Grammar must have a 'properties' field"),
        ("json_schema", True, "grammar is not valid: Grammar must have a 'properties' field"),
        ("json", {"type": 1}, f"grammar is not valid: 1 {ANY_OF}"),
        (
            "json",
            {"properties": {"a": True}},
            "cannot compile regex from schema: Invalid JSON Schema: expected an object",
        ),
    ],
)
def test_a_grammar_is_checked_step_by_step(kind: str, value: JsonValue, message: str | None) -> None:
    assert check_grammar(kind, value) == message
    assert check_grammar(kind, value, disabled=True) == "grammar is not supported"


def test_an_unknown_kind_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="expected a grammar of kind"):
        check_grammar("xml", {})


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"$ref": "#"}}},
        {"properties": {"a": {"$ref": "#/$defs/b"}}, "$defs": {"b": {"anyOf": [{"$ref": "#/$defs/b"}]}}},
        {
            "properties": {"a": {"$ref": "#/$defs/0"}},
            "$defs": {str(i): {"$ref": f"#/$defs/{i + 1}"} for i in range(5000)} | {"5000": {"type": "null"}},
        },
    ],
)
def test_a_schema_that_refers_to_itself_or_on_and_on_is_refused(schema: JsonValue) -> None:
    """The router's compiler would never come back."""
    assert compile_error(schema) == "Recursive references are not supported"


def test_a_schema_that_compiles_to_an_enormous_expression_is_checked_at_once() -> None:
    deep: JsonValue = {"type": "null"}
    definitions: dict[str, JsonValue] = {"0": deep}
    for i in range(1, 60):
        both: JsonValue = {"$ref": f"#/$defs/{i - 1}"}
        definitions[str(i)] = {"properties": {"a": both, "b": both, "c": both}}
    assert compile_error({"properties": {"x": {"$ref": "#/$defs/59"}}, "$defs": definitions}) is None


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([0.5, 1.0, 0.0, -1.5]),
    st.sampled_from(["string", "object", "integer", "", "#", "a", "#/a", "date", "email", "x\n"]),
)  # fmt: skip
KEYWORDS = st.sampled_from(
    [
        *(
            "$id",
            "$ref",
            "$anchor",
            "$defs",
            "prefixItems",
            "items",
            "properties",
            "patternProperties",
            "allOf",
        ),
        *("additionalProperties", "anyOf", "oneOf", "not", "type", "const", "enum", "multipleOf", "minimum"),
        *("maxLength", "minLength", "pattern", "required", "dependentRequired", "title", "deprecated", "a"),
        *("examples", "format", "contentSchema", "definitions", "dependencies", "unevaluatedItems"),
    ]
)
SCHEMAS = st.recursive(
    st.one_of(SCALARS, st.just({})),
    lambda inner: st.one_of(
        st.dictionaries(KEYWORDS, inner, max_size=3),
        st.lists(inner, max_size=2),
        st.builds(lambda name, value: {"properties": {name: value}}, st.sampled_from(["a", "b"]), inner),
    ),
    max_leaves=8,
)


@settings(max_examples=examples(300), deadline=None)
@given(schema=SCHEMAS)
@example(schema={"type": "array", "items": {"type": ["null", "string"]}, "minItems": 2.0})
def test_what_is_a_schema_agrees_with_another_validator(schema: Any) -> None:
    expected = Draft202012Validator(Draft202012Validator.META_SCHEMA).is_valid(schema)
    assert (meta_schema_error(schema) is None) == expected


@settings(max_examples=examples(200), deadline=None)
@given(value=SCHEMAS, kind=st.sampled_from(["json", "json_schema"]))
def test_every_value_gets_a_verdict(value: Any, kind: str) -> None:
    message = check_grammar(kind, value)
    assert message is None or message.startswith(("grammar is not ", "cannot compile regex from schema: "))
    assert check_grammar("json", json.dumps(value)) == check_grammar("json_schema", value)


@pytest.mark.needs_shared
def test_recorded_verdicts_are_alike(shared: Path) -> None:
    compared = 0
    for file in sorted((shared / "oracle" / "exchanges").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n"):
            exchange = json.loads(line)
            body = exchange["request"].get("json")
            if not isinstance(body, dict):
                continue
            given_parameters = body.get("parameters")
            parameters = given_parameters if isinstance(given_parameters, dict) else body
            grammar = parameters.get("grammar", body.get("response_format"))
            answer = "".join(exchange["response"]["chunks"])
            if not isinstance(grammar, dict) or "value" not in grammar or "Failed to" in answer:
                continue
            if "Tool error" in answer or "Template error" in answer:
                continue
            kind, value = grammar["type"].replace("json_object", "json"), grammar["value"]
            message = check_grammar(kind, value["schema"] if kind == "json_schema" else value)
            if message is None:
                assert "grammar is not" not in answer, exchange["name"]
            else:
                assert json.dumps(f"Input validation error: {message}", ensure_ascii=False) in answer
            compared += 1
    assert compared > 15
