"""Tools: what the model is asked for, and what its text is taken for, whole and token by token."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.called_function import FunctionCall
from fake_tgi.refusals import Refusal
from fake_tgi.requests import (
    ContentBody,
    FunctionDefinition,
    FunctionName,
    JsonValue,
    Message,
    Tool,
    ToolBody,
    ToolCall,
)
from fake_tgi.tools import (
    NO_TOOL,
    ToolDelta,
    ToolStream,
    next_tool_call_id,
    parse_output,
    tool_grammar,
    tools_to_use,
)


def tool(name: str, arguments: JsonValue = None, description: str | None = None) -> Tool:
    return Tool("function", FunctionDefinition(name, arguments, description))


WEATHER = tool(
    "get_weather",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "The weather",
)


def names(tools: tuple[Tool, ...]) -> list[str]:
    return [each.function.name for each in tools]


def test_auto_offers_a_way_out_even_without_tools_and_required_does_not() -> None:
    assert names(tools_to_use((WEATHER,), "auto")) == ["get_weather", "no_tool"]
    assert names(tools_to_use((), "auto")) == ["no_tool"]
    assert names(tools_to_use((WEATHER,), "required")) == ["get_weather"]
    assert names(tools_to_use((), "required")) == []
    assert names(tools_to_use((WEATHER,), "none")) == []


def test_a_named_tool_is_the_only_one_and_must_be_there() -> None:
    tools = (tool("a"), tool("b", 1), tool("b", 2))
    assert tools_to_use(tools, FunctionName("b")) == (tools[1],)
    with pytest.raises(Refusal) as refused:
        tools_to_use(tools, FunctionName("nope"))
    assert refused.value.status == 422
    assert (
        refused.value.body()
        == b'{"error":"Tool error: Tool with name nope not found","error_type":"tool_error"}'
    )


def test_the_grammar_asks_for_one_call_with_its_name_among_the_arguments() -> None:
    assert tool_grammar([WEATHER, tool("ping", {"additionalProperties": "true"})]) == {
        "$functions": {
            "get_weather": {
                "description": "The weather",
                "additionalProperties": False,
                "properties": {
                    "_name": {"type": "string", "const": "get_weather"},
                    "city": {"type": "string"},
                },
                "required": ["_name", "city"],
            },
            "ping": {
                "description": "",
                "additionalProperties": True,
                "properties": {"_name": {"type": "string", "const": "ping"}},
                "required": ["_name"],
            },
        },
        "properties": {
            "function": {"anyOf": [{"$ref": "#/$functions/get_weather"}, {"$ref": "#/$functions/ping"}]}
        },
    }


def test_arguments_that_are_no_schema_add_nothing_to_the_grammar() -> None:
    functions = tool_grammar([tool("f", "text")])["$functions"]
    assert functions == {
        "f": {
            "description": "",
            "properties": {"_name": {"type": "string", "const": "f"}},
            "required": ["_name"],
        }
    }


def test_a_call_keeps_its_arguments_in_order_and_as_they_are() -> None:
    text = ' {"function": {"z": 1.50, "_name": "f", "a": [1, null], "z": 2}, "more": 1} '
    call = parse_output(text)
    assert call == FunctionCall("f", {"z": 2, "a": [1, None]})
    assert call is not None
    assert list(call.arguments) == ["z", "a"]
    assert parse_output('[{"_name": "f"}]') == FunctionCall("f", {})


def test_no_tool_is_no_call() -> None:
    assert parse_output('{"function": {"_name": "no_tool", "content": "x"}}') is None


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", 'EOF while parsing a value at line 1 column 0 ""'),
        ("hi", 'expected value at line 1 column 1 "hi"'),
        ("{}", 'missing field `function` at line 1 column 2 "{}"'),
        ('{"function": {}}', r'missing field `_name` at line 1 column 15 "{\"function\": {}}"'),
        ('{"function": []}', r"invalid type: sequence, expected struct ToolCall at line 1 column 13 "),
        ('{"function": {"_name": 1}}', r"invalid type: integer `1`, expected a string at line 1 column 24 "),
        ("null", 'invalid type: null, expected struct Call at line 1 column 4 "null"'),
        ("[]", 'invalid length 0, expected struct Call with 1 element at line 1 column 2 "[]"'),
        ('{"function":\n {"_name": "f"}} x', "trailing characters at line 2 column 18 "),
        ('{"function": {"_name": "f", "_name": "g"}}', "duplicate field `_name` at line 1 column 35 "),
        ('{"function": {"_name": "é\t', r'at line 1 column 27 "{\"function\": {\"_name\": \"é\t"'),
    ],
)
def test_text_that_is_no_call_is_a_tool_error_with_serdes_words_and_rusts_quotes(
    text: str, detail: str
) -> None:
    with pytest.raises(Refusal) as refused:
        parse_output(text)
    assert refused.value.error_type == "tool_error"
    assert detail in refused.value.message
    assert refused.value.message.startswith("Tool error: Failed to parse generated text: ")


def streamed(*texts: str) -> list[object]:
    stream = ToolStream()
    return [stream.push(text) for text in texts]


def test_a_stream_shows_nothing_until_a_name_is_read_then_every_token_as_a_piece_of_the_arguments() -> None:
    texts = ['{"function": ', '{"_name": "f', '"', ",", ' "a"', ": 1", "}", "}"]
    *silent, start, comma, key, value, brace, last = streamed(*texts)
    assert not any(isinstance(step, ToolDelta) for step in silent)
    assert start == ToolDelta("{", "f")
    assert [comma, key, value] == [ToolDelta(","), ToolDelta(' "a"'), ToolDelta(": 1")]
    assert [brace, last] == [ToolDelta("}"), ToolDelta("")]


def test_the_token_that_completes_the_call_loses_one_brace_and_the_white_space_behind_it() -> None:
    *_, last = streamed('{"function": {"_name": "f"', ', "a": {"b": 1', "}}} \n")
    assert last == ToolDelta("}}")


def test_white_space_behind_a_call_starts_it_anew_and_anything_else_is_swallowed() -> None:
    call = ['{"function": {"_name": "f"', "}}"]
    assert streamed(*call, " ")[-1] == ToolDelta("{", "f")
    assert not isinstance(streamed(*call, "</s>")[-1], ToolDelta)


def test_no_tool_is_noticed_as_soon_as_its_name_is_there() -> None:
    assert streamed('{"function": {"_name": "no', '_tool"')[-1] is NO_TOOL


def test_text_that_is_no_call_shows_nothing() -> None:
    assert not any(isinstance(step, ToolDelta) for step in streamed("I ", "cannot ", "say", "</s>"))


@given(
    st.dictionaries(
        st.text('ab"\\é{} ,', max_size=4), st.integers() | st.text('xyz}{,"', max_size=5), max_size=3
    ),
    st.lists(st.integers(1, 6)),
)
def test_however_a_call_is_cut_its_pieces_join_to_its_arguments(
    arguments: dict[str, int | str], sizes: list[int]
) -> None:
    arguments.pop("_name", None)
    text = json.dumps({"function": {"_name": "f", **arguments}})
    cut = text.index('"f"') + 3  # the name arrives at once
    tokens, rest = [text[:cut]], text[cut:]
    for size in [*sizes, len(rest)]:
        tokens.append(rest[:size])
        rest = rest[size:]
    stream = ToolStream()
    joined = ""
    for token in filter(None, tokens):
        step = stream.push(token)
        if isinstance(step, ToolDelta):
            assert (step.name is not None) == (joined == "")
            joined += step.arguments
    assert json.loads(re.sub(r"^\{, ", "{", joined)) == arguments


def calls(*ids: str) -> Message:
    body = ToolBody(tuple(ToolCall(each, "function", FunctionDefinition("f", {})) for each in ids))
    return Message("assistant", body)


@pytest.mark.parametrize(
    ("ids", "following"),
    [
        ((), "0"),
        (("0",), "1"),
        (("3", "1"), "4"),
        (("+7", "007"), "8"),
        (("18446744073709551615",), "0"),  # wraps, as a release build's addition does
    ],
)
def test_a_streamed_call_gets_the_next_number(ids: tuple[str, ...], following: str) -> None:
    assert next_tool_call_id([Message("user", ContentBody("x")), calls(*ids)]) == following


@pytest.mark.parametrize("odd", ["call_1", "", "-1", " 1", "1.0", "١", "18446744073709551616", "9" * 5000])
def test_after_an_id_that_is_no_number_a_streamed_call_gets_a_uuid(odd: str) -> None:
    assert next_tool_call_id([calls("1", odd)], lambda: "drawn") == "drawn"
    drawn = next_tool_call_id([calls(odd)])
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", drawn)
