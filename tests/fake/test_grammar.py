"""Answers under a grammar that nobody scripted: they satisfy it, and the same request gets the same one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fake_tgi.drawing import DrawError, draw, json_values, matching
from fake_tgi.requests import FunctionDefinition, Tool
from fake_tgi.schemas.outlines import compile_error
from fake_tgi.shard import Grammar, Sampling, Shard, ShardRequest
from fake_tgi.shards.grammar import GrammarError, GrammarShard, answers_to
from fake_tgi.tokenizer import Tokenizer
from fake_tgi.tools import tool_grammar

from ..sweeps import examples

TOKENIZER = Tokenizer.load()
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "age": {"type": "integer", "minimum": 18, "maximum": 65},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True},
        "home": {"$ref": "#/$defs/place"},
    },
    "required": ["name", "age", "tags", "home"],
    "$defs": {
        "place": {
            "properties": {
                "city": {"type": "string"},
                "floor": {"type": "integer", "minimum": 200, "maximum": 201},
            },
            "required": ["floor"],
        }
    },
}
WEATHER = Tool(
    "function",
    FunctionDefinition(
        "get_weather",
        {
            "properties": {"location": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["location"],
        },
        "Get the weather forecast",
    ),
)
MAIL = Tool(
    "function", FunctionDefinition("send_mail", {"properties": {"to": {"type": "string"}}}, "Send mail")
)
NO_TOOL = Tool("function", FunctionDefinition("no_tool", {"type": "object"}, "Open ended response"))


@pytest.fixture
def shard() -> GrammarShard:
    return GrammarShard(TOKENIZER)


def asked(
    *,
    schema: Any = None,
    regex: str | None = None,
    inputs: str = "prompt",
    limit: int = 300,
    seed: int | None = None,
) -> ShardRequest:
    sampling = Sampling() if seed is None else Sampling(do_sample=True, seed=seed)
    return ShardRequest(inputs, 2, limit, 1000, sampling, grammar=Grammar(schema, regex))


def calling(*tools: Tool, inputs: str = "x") -> ShardRequest:
    return asked(schema=tool_grammar(tools), inputs=inputs)


def test_it_is_a_shard(shard: GrammarShard) -> None:
    made: Shard = shard
    with pytest.raises(ValueError, match="expected a request with a grammar"):
        made.generate(ShardRequest("x", 1, 1, 1))


def test_a_schema_is_satisfied_with_small_values_in_its_order(shard: GrammarShard) -> None:
    texts = {shard.generate(asked(schema=PERSON, seed=seed)).generated_text for seed in range(40)}
    assert len(texts) > 1
    for text in texts:
        value = json.loads(text)
        assert Draft202012Validator(PERSON).is_valid(value)
        assert list(value) == ["name", "age", "tags", "home"]
        assert len(text) < 200


def test_the_answer_ends_with_the_end_token_or_at_the_limit(shard: GrammarShard) -> None:
    whole = shard.generate(asked(schema=PERSON))
    assert (whole.finish_reason, whole.tokens[-1].text) == ("eos_token", "</s>")
    cut = shard.generate(asked(schema=PERSON, limit=5))
    assert (cut.tokens, cut.finish_reason) == (whole.tokens[:5], "length")
    assert whole.generated_text.startswith(cut.generated_text)


def test_the_request_decides_and_nothing_else_does() -> None:
    requests = [asked(schema=PERSON, inputs=f"prompt {i}") for i in range(30)]
    first, second = GrammarShard(TOKENIZER), GrammarShard(TOKENIZER)
    expected = [first.generate(request) for request in requests]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(second.generate, reversed(requests))) == expected[::-1]
    assert len({generation.generated_text for generation in expected}) > 1


def test_answers_are_the_same_in_another_process() -> None:
    code = (
        "import json, sys; from fake_tgi.shard import Grammar\n"
        "from fake_tgi.shards.grammar import answers_to\n"
        "print(json.dumps([answers_to(Grammar(*each)) for each in json.loads(sys.argv[1])]))"
    )
    grammars = [[PERSON, None], [None, "[a-f0-9]{4}"], [{"properties": {"a": {"pattern": "^x+$"}}}, None]]
    command = [sys.executable, "-c", code, json.dumps(grammars)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(ran.stdout) == [list(answers_to(Grammar(*each))) for each in grammars]


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9]{3}",
        "yes|no",
        "",
        "a",
        r"(\d{1,3}\.){3}\d{1,3}",
        "[A-Z][a-z]+( [A-Z][a-z]+)*",
        "é+",
        r"\{\"a\": \d+\}",
    ],
)
def test_a_regular_expression_is_matched_from_end_to_end(pattern: str) -> None:
    texts = answers_to(Grammar(regex=pattern))
    assert all(re.fullmatch(pattern, text) for text in texts)


def test_a_bad_regular_expression_fails_as_it_does_in_the_shard(shard: GrammarShard) -> None:
    made = shard.generate(asked(regex="[0-9"))
    assert made.error == "Unexpected <class 're.error'>: unterminated character set at position 0"
    assert (made.tokens, made.finish_reason) == ((), None)


def test_what_no_text_can_satisfy_fails_too(shard: GrammarShard) -> None:
    assert "no text satisfies" in (shard.generate(asked(regex="a(?!a)a")).error or "")
    with pytest.raises(GrammarError, match="no value satisfies"):
        answers_to(Grammar({"properties": {"a": False}, "required": ["a"]}))


@pytest.mark.parametrize(
    "inner",
    [
        {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
        {"type": "integer", "multipleOf": 7, "minimum": 50},
        {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
        {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
        {"type": "string", "minLength": 40, "maxLength": 45},
        {"type": "string", "maxLength": 1},
        {"enum": [None, 1, "é"]},
        {"const": "x"},
        {"type": "null"},
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
        {"type": "array", "maxItems": 0},
        {"prefixItems": [{"type": "integer"}, {"type": "string"}]},
        {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2},
        {"type": "object"},
        {"oneOf": [{"type": "integer"}, {"type": "boolean"}]},
        {"allOf": [{"type": "integer"}, {"minimum": 1000}]},
        {"anyOf": [{"type": "string", "format": "uuid"}, {"type": "string", "format": "date-time"}]},
        {"type": "integer", "not": {"maximum": 1000}},
        {"type": "array", "contains": {"const": "needle"}, "items": {"type": "string"}},
        {"properties": {"b": {"type": "integer"}}, "required": ["b", "c"]},
        {},
    ],
)  # fmt: skip
def test_what_a_schema_can_say_is_obeyed(inner: Any) -> None:
    schema = {"type": "object", "properties": {"a": inner}, "required": ["a"]}
    for text in answers_to(Grammar(schema)):
        assert Draft202012Validator(schema).is_valid(json.loads(text)), text


def test_bounds_that_contradict_each_other_are_let_go() -> None:
    """TGI's compiler does not look at them."""
    schema = {"properties": {"a": {"type": "integer", "minimum": 5, "maximum": 4}}, "required": ["a"]}
    for text in answers_to(Grammar(schema)):
        assert isinstance(json.loads(text)["a"], int)


def test_a_schema_that_grows_without_end_is_given_up_at_once() -> None:
    names = [str(i) for i in range(60)]
    definitions: dict[str, Any] = {
        name: {
            "properties": {key: {"$ref": f"#/$defs/{int(name) + 1}"} for key in "abc"},
            "required": ["a", "b"],
        }
        for name in names
    }
    definitions["60"] = {"type": "null"}
    schema = {"properties": {"x": {"$ref": "#/$defs/0"}}, "required": ["x"], "$defs": definitions}
    assert compile_error(schema) is None
    began = time.perf_counter()
    with pytest.raises(GrammarError):
        answers_to(Grammar(schema))
    assert time.perf_counter() - began < 5


def test_a_tool_is_called_with_its_required_arguments(shard: GrammarShard) -> None:
    for i in range(20):
        call = json.loads(shard.generate(calling(WEATHER, inputs=f"prompt {i}")).generated_text)
        assert list(call) == ["function"]
        assert call["function"]["_name"] == "get_weather"
        assert isinstance(call["function"]["location"], str)
        assert set(call["function"]) <= {"_name", "location", "days"}


def test_the_tool_that_the_prompt_asks_for_is_called(shard: GrammarShard) -> None:
    def called(prompt: str) -> str:
        request = calling(WEATHER, MAIL, NO_TOOL, inputs=f"{prompt}\n---\nsend_mail get_weather no_tool")
        name = json.loads(shard.generate(request).generated_text)["function"]["_name"]
        assert isinstance(name, str)
        return name

    assert called("What will the weather be like tomorrow?") == "get_weather"
    assert called("Send a mail to Martin") == "send_mail"
    assert {called(f"number {i}") for i in range(30)} == {"get_weather", "send_mail"}


def test_a_model_refuses_all_tools_only_if_there_is_none(shard: GrammarShard) -> None:
    assert shard.generate(calling(NO_TOOL)).generated_text == '{"function": {"_name": "no_tool"}}'


def test_work_is_slow_once_for_each_grammar(shard: GrammarShard) -> None:
    for request in (asked(schema=PERSON), asked(regex="[ab]"), asked(regex="["), calling(WEATHER)):
        assert shard.slow(request)
        shard.generate(request)
        assert not shard.slow(request)


def test_ordinary_schemas_do_without_hypothesis() -> None:
    code = (
        "import json, sys; from fake_tgi.shard import Grammar\n"
        "from fake_tgi.shards.grammar import answers_to\n"
        "answers_to(Grammar(json.loads(sys.argv[1])))\n"
        "print([name for name in sys.modules if name.startswith('hypothesis')])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, json.dumps(PERSON)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout.strip() == "[]"


LEAVES = st.sampled_from(
    [
        *(
            {"type": "string"},
            {"type": "integer"},
            {"type": "number"},
            {"type": "boolean"},
            {"type": "null"},
            {},
        ),
        *({"type": "string", "format": "date"}, {"type": "string", "maxLength": 3}, {"enum": [1, "x", None]}),
        *({"const": True}, {"type": "integer", "minimum": -5, "maximum": -2}),
        {"type": "string", "pattern": "[ab]+c"},
    ]
)


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from(["a", "b", "name", "date", "items"])
    return st.builds(
        lambda properties, every: {
            "properties": properties,
            "required": list(properties)[: 2 if every else 0],
        },
        st.dictionaries(names, inner, max_size=3),
        st.booleans(),
    )


SCHEMAS = _objects(
    st.recursive(
        LEAVES,
        lambda inner: st.one_of(
            _objects(inner),
            st.builds(lambda one, other: {"anyOf": [one, other]}, inner, inner),
            st.builds(
                lambda item, least: {"type": "array", "items": item, "minItems": least},
                inner,
                st.integers(0, 2),
            ),
            st.builds(lambda value: {"type": "object", "additionalProperties": value}, inner),
        ),
        max_leaves=6,
    )
)


@settings(deadline=None, max_examples=examples(60), suppress_health_check=list(HealthCheck))
@given(schema=SCHEMAS)
def test_any_schema_that_compiles_is_satisfied(schema: Any) -> None:
    """Also inside somebody's property test: draws do not disturb Hypothesis."""
    assert compile_error(schema) is None
    texts = answers_to(Grammar(schema))
    assert texts == answers_to(Grammar(schema))
    for text in texts:
        assert Draft202012Validator(schema).is_valid(json.loads(text))
        assert isinstance(json.loads(text), dict)


def test_draws_depend_on_strategy_and_seed_alone() -> None:
    one, again, other = (draw(st.text(), 10, start=start) for start in (1, 1, 2))
    assert one == again != other


@pytest.mark.parametrize(
    "strategy", [st.nothing(), st.integers().filter(lambda _: False), matching("a(?!a)a")]
)
def test_what_cannot_be_drawn_is_an_error_of_ours(strategy: st.SearchStrategy[Any]) -> None:
    with pytest.raises(DrawError, match="nothing could be drawn"):
        draw(strategy, 3)


def test_a_schema_that_hypothesis_cannot_read_is_an_error_of_ours() -> None:
    with pytest.raises(DrawError):
        draw(json_values({"type": "nope"}), 3)


def _recorded(shared: Path) -> Iterator[tuple[str, ShardRequest, str]]:
    """Name, request with its grammar, and the expression that the real router made of it."""
    for file in sorted((shared / "oracle" / "exchanges").glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").rstrip("\n").split("\n"):
            exchange = json.loads(line)
            regexes = [g["parameters"]["grammar_regex"] for g in exchange["generations"]]
            body = exchange["request"].get("json")
            if not isinstance(body, dict) or not regexes or regexes[0] is None:
                continue
            grammar = body.get("parameters", body).get("grammar") or body.get("response_format")
            inputs = exchange["generations"][0]["inputs"]
            if body.get("tools") is not None and not grammar:
                functions = [tool["function"] for tool in body["tools"]]
                tools = [
                    Tool("function", FunctionDefinition(f["name"], f.get("parameters", f.get("arguments"))))
                    for f in functions
                ]
                yield exchange["name"], calling(*tools, NO_TOOL, inputs=inputs), regexes[0]
            elif grammar and grammar["type"] == "regex":
                yield exchange["name"], asked(regex=grammar["value"], inputs=inputs), regexes[0]
            elif grammar:
                value = grammar["value"]
                value = json.loads(value) if isinstance(value, str) else value
                schema = value["schema"] if grammar["type"] == "json_schema" else value
                yield exchange["name"], asked(schema=schema, inputs=inputs), regexes[0]


@pytest.mark.needs_shared
def test_answers_match_what_the_real_router_would_have_asked_for(shared: Path, shard: GrammarShard) -> None:
    """The real shard sees a regular expression alone: ours must be an answer that it could have given."""
    compared = 0
    for name, request, regex in _recorded(shared):
        text = shard.generate(request).generated_text
        assert re.fullmatch(regex, text), (name, text)
        compared += 1
    assert compared > 30
