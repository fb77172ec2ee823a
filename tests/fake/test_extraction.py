"""The extractor's refusals and what it lets through, case by case.

The expected texts were checked against axum 0.7.9 with serde 1.0.219, serde_json 1.0.140 and
serde_path_to_error 0.1.17 reading the same bodies into the same types.
"""

from __future__ import annotations

from typing import Any

import pytest

from fake_tgi.extraction import ExtractionRefusal, extract
from fake_tgi.requests import (
    DEFAULT_PARAMETERS,
    ChatRequest,
    CompatGenerateRequest,
    CompletionRequest,
    ContentBody,
    FunctionDefinition,
    FunctionName,
    GenerateParameters,
    GenerateRequest,
    GenerateVertexInstance,
    ImageUrlChunk,
    JsonGrammar,
    JsonSchemaGrammar,
    Message,
    MessageChunk,
    RegexGrammar,
    SagemakerRequest,
    StreamOptions,
    TextChunk,
    Tool,
    ToolBody,
    ToolCall,
    Url,
    VertexRequest,
)

LIMIT = 2_000_000
SYNTAX = "Failed to parse the request body as JSON: "
SHAPE = "Failed to deserialize the JSON body into the target type: "


def read(request_type: Any, body: str | bytes, *, content_type: str | None = "application/json") -> Any:
    return extract(request_type, content_type, body if isinstance(body, bytes) else body.encode(), LIMIT)


def refusal(request_type: Any, body: str | bytes) -> tuple[int, str]:
    with pytest.raises(ExtractionRefusal) as caught:
        read(request_type, body)
    return caught.value.status, caught.value.text


def parameters(text: str) -> Any:
    return read(GenerateRequest, f'{{"inputs":"a","parameters":{text}}}').parameters


def parameters_refusal(text: str) -> tuple[int, str]:
    return refusal(GenerateRequest, f'{{"inputs":"a","parameters":{text}}}')


# The order of the checks


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json;",
        "application/json; charset=latin-1",
        'application/json; charset="utf-8" ; a=b; ',
        "application/problem+json",
        "application/a+b+json",
        "application/json+xml",
    ],
)
def test_any_json_content_type_is_accepted(content_type: str) -> None:
    assert read(GenerateRequest, '{"inputs":"a"}', content_type=content_type) == GenerateRequest("a")


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/jsonx",
        "application/+json",
        "application/json+a+b",
        "application/json charset=utf-8",
        "application/json ; charset=utf-8",
        "application/json; charset",
        'application/json; charset="utf-8',
        "application/json, application/json",
    ],
)
def test_any_other_content_type_is_refused_first_of_all(content_type: str | None) -> None:
    with pytest.raises(ExtractionRefusal) as caught:
        extract(GenerateRequest, content_type, b"x" * 11, 10)
    assert caught.value.status == 415
    assert caught.value.text == "Expected request with `Content-Type: application/json`"


def test_a_body_as_long_as_the_limit_is_read_and_one_byte_more_is_refused_unread() -> None:
    body = b'{"inputs":"a"}'
    assert extract(GenerateRequest, "application/json", body, len(body)) == GenerateRequest("a")
    with pytest.raises(ExtractionRefusal) as caught:
        extract(GenerateRequest, "application/json", body + b"}", len(body))
    assert caught.value.status == 413
    assert caught.value.text == "Failed to buffer the request body: length limit exceeded"


# Syntax


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("", "EOF while parsing a value at line 1 column 0"),
        ('{"inputs":"a"', "EOF while parsing an object at line 1 column 13"),
        ('{"inputs":"a",}', "trailing comma at line 1 column 15"),
        ('{"inputs":"a" "b":1}', "expected `,` or `}` at line 1 column 15"),
        ('{"inputs" "a"}', "expected `:` at line 1 column 11"),
        ('{inputs:"a"}', "key must be a string at line 1 column 2"),
        ('{"inputs":"a', "inputs: EOF while parsing a string at line 1 column 12"),
        ('{"inputs":nul}', "inputs: expected ident at line 1 column 14"),
        ("{\"inputs\":'a'}", "inputs: expected value at line 1 column 11"),
        ('["a",{},1]', "trailing characters at line 1 column 9"),
    ],
)
def test_the_first_fault_in_the_text_is_told_with_its_path_and_place(body: str, detail: str) -> None:
    assert refusal(GenerateRequest, body) == (400, SYNTAX + detail)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (rb'"\ud83d"', "unexpected end of hex escape at line 1 column 18"),
        (rb'"\ud83d\n"', "unexpected end of hex escape at line 1 column 19"),
        (rb'"\ude00"', "lone leading surrogate in hex escape at line 1 column 17"),
        (rb'"\ud83d\u0041"', "lone leading surrogate in hex escape at line 1 column 23"),
        (rb'"\\ud83d\ude00"', "lone leading surrogate in hex escape at line 1 column 24"),
        (rb'"\x"', "invalid escape at line 1 column 13"),
        (rb'"\u12"', "invalid escape at line 1 column 17"),
        (rb'"\u1', "EOF while parsing a string at line 1 column 14"),
        (
            b'"tab\there"',
            r"control character (\u0000-\u001F) found while parsing a string at line 1 column 15",
        ),
        (b'"\xff"', "invalid unicode code point at line 1 column 13"),
        (b'"\xed\xa0\x80"', "invalid unicode code point at line 1 column 15"),
    ],
)
def test_a_string_must_be_unicode_properly_escaped(body: bytes, detail: str) -> None:
    assert refusal(GenerateRequest, b'{"inputs":' + body + b"}"[: body.endswith(b'"')]) == (
        400,
        f"{SYNTAX}inputs: {detail}",
    )


@pytest.mark.parametrize(
    ("number", "detail"),
    [
        ("01", "invalid number at line 1 column 44"),
        ("1.", "invalid number at line 1 column 45"),
        ("-", "invalid number at line 1 column 44"),
        ("1e+", "invalid number at line 1 column 46"),
        ("1e309", "number out of range at line 1 column 47"),
        ("1e99999999999", "number out of range at line 1 column 54"),
        ("-1e400", "number out of range at line 1 column 48"),
    ],
)
def test_a_number_must_be_one_and_in_range(number: str, detail: str) -> None:
    answer = parameters_refusal(f'{{"temperature":{number}}}')
    assert answer == (400, f"{SYNTAX}parameters.temperature: {detail}")


def test_a_step_that_was_never_read_is_a_question_mark_except_at_the_top() -> None:
    assert refusal(GenerateRequest, '{"inputs":"a","parameters":{"top_k":1')[1] == (
        f"{SYNTAX}parameters.?: EOF while parsing an object at line 1 column 37"
    )
    assert refusal(GenerateRequest, '{"inputs":"a"')[1] == (
        f"{SYNTAX}EOF while parsing an object at line 1 column 13"
    )


def test_lines_and_columns_count_bytes() -> None:
    assert refusal(GenerateRequest, '{"inputs":"é\u2028",\n "parameters":{\n  "é":1, "seed":"x"}}')[1] == (
        f'{SHAPE}parameters.seed: invalid type: string "x", expected u64 at line 3 column 20'
    )


def test_what_comes_after_the_first_value_is_never_looked_at() -> None:
    assert read(GenerateRequest, b'{"inputs":"a"} \xff{]') == GenerateRequest("a")


@pytest.mark.parametrize("depth", [126, 127])
def test_values_may_be_nested_127_deep(depth: int) -> None:
    """The body, its parameters and the grammar are three levels of their own."""
    inside = depth - 3
    value = parameters(f'{{"grammar":{{"type":"json","value":{"[" * inside}1{"]" * inside}}}}}').grammar.value
    for _ in range(inside):
        (value,) = value
    assert value == 1


def test_one_level_more_is_refused() -> None:
    status, text = parameters_refusal(f'{{"grammar":{{"type":"json","value":{"[" * 125}1{"]" * 125}}}}}')
    assert status == 400
    assert (
        text
        == f"{SYNTAX}parameters.grammar.value{'[0]' * 124}: recursion limit exceeded at line 1 column 186"
    )


def test_what_is_ignored_is_checked_for_syntax_only() -> None:
    ignored = '"x":' + "[" * 500 + r'1e999, "\ud800"' + "]" * 500
    assert read(GenerateRequest, f'{{{ignored},"inputs":"a"}}') == GenerateRequest("a")
    assert read(GenerateRequest, b'{"x":"\xff","inputs":"a"}') == GenerateRequest("a")
    assert refusal(GenerateRequest, '{"x":{"y":[1,]},"inputs":"a"}') == (
        400,
        f"{SYNTAX}x: expected value at line 1 column 14",
    )
    assert refusal(GenerateRequest, '{"x":-') == (400, f"{SYNTAX}x: invalid number at line 1 column 6")


# Shapes


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"inputs":1}', "inputs: invalid type: integer `1`, expected a string at line 1 column 11"),
        ('{"inputs":[1]}', "inputs: invalid type: sequence, expected a string at line 1 column 10"),
        ('{"inputs":{}}', "inputs: invalid type: map, expected a string at line 1 column 10"),
        ('{"inputs":null}', "inputs: invalid type: null, expected a string at line 1 column 14"),
        ("null", "invalid type: null, expected struct GenerateRequest at line 1 column 4"),
        (
            '{"inputs":"a","parameters":null}',
            "parameters: invalid type: null, expected struct GenerateParameters at line 1 column 31",
        ),
    ],
)
def test_a_scalar_is_reported_behind_itself_and_a_bracket_before(body: str, detail: str) -> None:
    assert refusal(GenerateRequest, body) == (422, SHAPE + detail)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ('{"seed":-1}', "seed: invalid value: integer `-1`, expected u64 at line 1 column 37"),
        ('{"seed":1.0}', "seed: invalid type: floating point `1.0`, expected u64 at line 1 column 38"),
        ('{"seed":-0}', "seed: invalid type: floating point `-0.0`, expected u64 at line 1 column 37"),
        (
            '{"seed":18446744073709551616}',
            "seed: invalid type: floating point `1.8446744073709552e19`, expected u64 at line 1 column 55",
        ),
        (
            '{"max_new_tokens":4294967296}',
            "max_new_tokens: invalid value: integer `4294967296`, expected u32 at line 1 column 55",
        ),
        (
            '{"top_k":-2147483649}',
            "top_k: invalid value: integer `-2147483649`, expected i32 at line 1 column 47",
        ),
        ('{"best_of":"1"}', 'best_of: invalid type: string "1", expected usize at line 1 column 41'),
        ('{"details":1}', "details: invalid type: integer `1`, expected a boolean at line 1 column 39"),
        ('{"details":null}', "details: invalid type: null, expected a boolean at line 1 column 42"),
        (
            '{"temperature":true}',
            "temperature: invalid type: boolean `true`, expected f32 at line 1 column 46",
        ),
        ('{"stop":["a",2]}', "stop[1]: invalid type: integer `2`, expected a string at line 1 column 41"),
        ('{"stop":null}', "stop: invalid type: null, expected a sequence at line 1 column 39"),
        (
            '{"details":"hé\u0301\\n\\"\\u0007"}',
            'details: invalid type: string "hé\\u{301}\\n\\"\\u{7}", expected a boolean at line 1 column 55',
        ),
    ],
)
def test_parameters_are_read_as_rust_types(text: str, detail: str) -> None:
    assert parameters_refusal(text) == (422, f"{SHAPE}parameters.{detail}")


def test_a_missing_field_is_reported_behind_the_object() -> None:
    assert refusal(GenerateRequest, '{"parameters":{}  }') == (
        422,
        f"{SHAPE}missing field `inputs` at line 1 column 19",
    )


def test_a_repeated_key_is_reported_where_its_colon_would_be() -> None:
    assert refusal(GenerateRequest, '{"inputs":"a","inputs" :"b"}') == (
        422,
        f"{SHAPE}duplicate field `inputs` at line 1 column 23",
    )


def test_an_alias_is_the_same_field() -> None:
    assert read(ChatRequest, '{"messages":[],"max_completion_tokens":2}').max_tokens == 2
    assert refusal(ChatRequest, '{"messages":[],"max_tokens":1,"max_completion_tokens":2}') == (
        422,
        f"{SHAPE}duplicate field `max_tokens` at line 1 column 53",
    )


def test_a_repeated_unknown_key_is_ignored() -> None:
    assert read(GenerateRequest, '{"x":1,"inputs":"a","x":2}') == GenerateRequest("a")


# Arrays in place of objects


def test_a_struct_may_be_an_array_in_field_order_with_its_defaults_left_out() -> None:
    assert read(GenerateRequest, '["a"]') == GenerateRequest("a")
    assert read(GenerateRequest, '["a",[2,0.5]]').parameters == GenerateParameters(best_of=2, temperature=0.5)
    assert read(CompatGenerateRequest, '["a",{},true]') == CompatGenerateRequest(
        "a", GenerateParameters(), True
    )


@pytest.mark.parametrize(
    ("request_type", "body", "detail"),
    [
        (GenerateRequest, "[]", "invalid length 0, expected struct GenerateRequest with 2 elements"),
        (CompletionRequest, '["m"]', "invalid length 1, expected struct CompletionRequest with 11 elements"),
        (ChatRequest, "[null,[]]", "invalid length 11, expected struct ChatRequest with 19 elements"),
        (VertexRequest, "[]", "invalid length 0, expected struct VertexRequest with 1 element"),
    ],
)
def test_an_array_must_reach_its_last_field_without_a_default(
    request_type: Any, body: str, detail: str
) -> None:
    assert refusal(request_type, body) == (422, f"{SHAPE}{detail} at line 1 column {len(body)}")


# What gets through


def test_parameters_left_out_sample_and_empty_ones_do_not() -> None:
    assert read(GenerateRequest, '{"inputs":"a"}').parameters is DEFAULT_PARAMETERS
    assert parameters("{}") == GenerateParameters(do_sample=False)
    assert parameters("[]") == GenerateParameters(do_sample=False)


def test_null_is_the_same_as_absent_where_a_field_may_be_none() -> None:
    assert (
        parameters('{"seed":null,"grammar":null,"adapter_id":null,"temperature":null}')
        == GenerateParameters()
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.99999999", 1.0),
        ("0.1", 0.10000000149011612),
        ("1e-50", 0.0),
        ("3.4028236e38", float("inf")),
        ("16777217", 16777216.0),
        ("33554435", 33554436.0),
        ("9007199791611905", 9007200328482816.0),
        ("-0", -0.0),
    ],
)
def test_floats_are_rounded_once_to_32_bits(text: str, value: float) -> None:
    """9007199791611905 lies just above the middle of two 32-bit floats; a 64-bit float lies exactly there."""
    assert repr(parameters(f'{{"top_p":{text}}}').top_p) == repr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18446744073709551615", 18446744073709551615),
        ("18446744073709551616", 1.8446744073709552e19),
        ("-9223372036854775808", -9223372036854775808),
        ("-9223372036854775809", -9.223372036854776e18),
        ("1", 1),
        ("1.0", 1.0),
        ("-0", -0.0),
        ("1e-400", 0.0),
        ("1e-99999999999", 0.0),
        ("-0e99999999999", -0.0),
        ("0.1234567890123456789012345", 0.12345678901234568),
        ("5.0e-324", 5e-324),
        # not the nearest doubles, but those that serde_json computes
        ("8.41e21", 8.409999999999999e21),
        ("0.9463945146625085", 0.9463945146625083),
    ],
)
def test_free_numbers_are_what_serde_json_makes_of_them(text: str, value: float) -> None:
    (number,) = parameters(f'{{"grammar":{{"type":"json","value":[{text}]}}}}').grammar.value
    assert repr(number) == repr(value)


def test_free_objects_keep_their_order_and_the_last_of_a_repeated_key() -> None:
    value = parameters('{"grammar":{"type":"json","value":{"b":1,"a":{"z":1,"y":2},"b":[3]}}}').grammar.value
    assert list(value.items()) == [("b", [3]), ("a", {"z": 1, "y": 2})]
    assert list(value["a"]) == ["z", "y"]


@pytest.mark.parametrize(
    ("text", "grammar"),
    [
        ('{"type":"json","value":null}', JsonGrammar(None)),
        ('{"type":"json_object","value":{}}', JsonGrammar({})),
        ('{"x":1,"value":"a+","y":2,"type":"regex"}', RegexGrammar("a+")),
        ('["regex","a+"]', RegexGrammar("a+")),
        ('{"type":{"regex":null},"value":"a+"}', RegexGrammar("a+")),
        ('{"type":"json_schema","value":{"schema":true,"strict":1}}', JsonSchemaGrammar(True)),
        ('{"value":["n",{}],"type":"json_schema"}', JsonSchemaGrammar({}, "n")),
    ],
)
def test_a_grammar_is_tagged_in_any_of_its_forms(text: str, grammar: object) -> None:
    assert parameters(f'{{"grammar":{text}}}').grammar == grammar


@pytest.mark.parametrize(
    ("text", "status", "detail"),
    [
        (
            '{"type":"text","value":1}',
            422,
            ".type: unknown variant `text`, expected one of `json`, `json_object`, `regex`, `json_schema`"
            " at line 1 column 52",
        ),
        ('{"type":1,"value":1}', 400, ".type: expected value at line 1 column 47"),
        (
            '{"type":{"json":1},"value":1}',
            422,
            ".type.json: invalid type: integer `1`, expected unit at line 1 column 55",
        ),
        ('{"type":"json"}', 422, ": missing field `value` at line 1 column 53"),
        ('{"value":1}', 422, ": missing field `type` at line 1 column 49"),
        (
            '{"type":"regex","value":1}',
            422,
            ".value: invalid type: integer `1`, expected a string at line 1 column 63",
        ),
        (
            '{"value":1,"type":"regex"}',
            422,
            ": invalid type: integer `1`, expected a string at line 1 column 64",
        ),
        ('{"type":"json","value":1,"type":"json"}', 422, ": duplicate field `type` at line 1 column 69"),
        (
            '{"type":"json_schema","value":{"name":"n"}}',
            422,
            ".value: missing field `schema` at line 1 column 80",
        ),
        (
            '["regex"]',
            422,
            ": invalid length 1, expected adjacently tagged enum GrammarType at line 1 column 47",
        ),
        (
            '[1,"a"]',
            422,
            "[0]: invalid type: integer `1`, expected variant identifier at line 1 column 40",
        ),
    ],
)
def test_a_grammar_refused_is_refused_where_it_was_read(text: str, status: int, detail: str) -> None:
    opening = SYNTAX if status == 400 else SHAPE
    assert parameters_refusal(f'{{"grammar":{text}}}') == (status, f"{opening}parameters.grammar{detail}")


# Chats


def test_messages_hold_content_or_tool_calls_tried_in_that_order() -> None:
    call = '{"id":"0","type":"function","function":{"name":"f","parameters":{"a":1.0}}}'
    calls = (ToolCall("0", "function", FunctionDefinition("f", {"a": 1.0})),)
    body = f"""{{"messages":[
        {{"role":"user","content":"a","name":"n","tool_call_id":"ignored"}},
        {{"role":"assistant","content":"b","tool_calls":[{call}]}},
        {{"role":"assistant","content":null,"tool_calls":[{call}]}}
    ]}}"""
    assert read(ChatRequest, body).messages == (
        Message("user", ContentBody("a"), "n"),
        Message("assistant", ContentBody("b")),
        Message("assistant", ToolBody(calls)),
    )


@pytest.mark.parametrize(
    ("chunk", "expected"),
    [
        ('{"type":"text","text":"a"}', TextChunk("a")),
        ('{"image_url":{"url":"u","detail":"low"},"type":"image_url"}', ImageUrlChunk(Url("u"))),
        ('["text","a"]', TextChunk("a")),
        ('[1,["u"]]', ImageUrlChunk(Url("u"))),
        ('{"type":0,"text":"a"}', TextChunk("a")),
    ],
)
def test_a_chunk_is_buffered_so_its_tag_may_be_an_index(chunk: str, expected: MessageChunk) -> None:
    (message,) = read(ChatRequest, f'{{"messages":[{{"role":"user","content":[{chunk}]}}]}}').messages
    assert message.body == ContentBody((expected,))


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("null", "auto"),
        ('"auto"', "auto"),
        ('"none"', "none"),
        ('"required"', "required"),
        ('"any other"', FunctionName("any other")),
        ('{"type":"function","function":{"name":"required"}}', FunctionName("required")),
    ],
)
def test_a_tool_choice_is_a_word_or_a_function(text: str, choice: object) -> None:
    assert read(ChatRequest, f'{{"messages":[],"tool_choice":{text}}}').tool_choice == choice


def test_a_chat_has_all_its_fields() -> None:
    body = """{"model":"m","messages":[],"frequency_penalty":1,"logit_bias":[1,0.5],"logprobs":true,
        "top_logprobs":2,"max_tokens":3,"n":4,"presence_penalty":-1,"stop":[],"stream":true,"seed":5,
        "temperature":0,"top_p":0.5,"tools":[{"type":"function","function":{"description":"d","name":"f",
        "arguments":{}}}],"tool_prompt":"t","tool_choice":"f","response_format":{"type":"regex","value":"a"},
        "stream_options":{"include_usage":true}}"""
    assert read(ChatRequest, body) == ChatRequest(
        "m",
        (),
        1.0,
        (1.0, 0.5),
        True,
        2,
        3,
        4,
        -1.0,
        (),
        True,
        5,
        0.0,
        0.5,
        (Tool("function", FunctionDefinition("f", {}, "d")),),
        "t",
        FunctionName("f"),
        RegexGrammar("a"),
        StreamOptions(True),
    )


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"messages":[{"content":"a"}]}', "messages[0]: missing field `role` at line 1 column 28"),
        (
            '{"messages":[{"role":"user"}]}',
            "messages[0]: data did not match any variant of untagged enum MessageBody at line 1 column 28",
        ),
        (
            '{"messages":[{"role":"user","content":"a","content":"b"}]}',
            "messages[0]: data did not match any variant of untagged enum MessageBody at line 1 column 56",
        ),
        (
            '{"messages":[["user","a"]]}',
            "messages[0]: invalid type: sequence, expected struct Message at line 1 column 13",
        ),
        (
            '{"messages":[],"tool_choice":1 ,"n":1}',
            "tool_choice: data did not match any variant of untagged enum ToolTypeDeserializer"
            " at line 1 column 31",
        ),
        (
            '{"messages":[],"tools":[{"type":"f","function":{"name":"n"}}]}',
            "tools[0].function: missing field `arguments` at line 1 column 59",
        ),
        (
            '{"messages":[],"stop":"a"}',
            'stop: invalid type: string "a", expected a sequence at line 1 column 25',
        ),
        (
            '{"messages":[],"stream_options":null}',
            "stream_options: invalid type: null, expected struct StreamOptions at line 1 column 36",
        ),
    ],
)
def test_a_chat_refused_names_the_place(body: str, detail: str) -> None:
    assert refusal(ChatRequest, body) == (422, SHAPE + detail)


# Completions, and the two unions


@pytest.mark.parametrize(("text", "prompt"), [('"a"', ("a",)), ('["a","b"]', ("a", "b"))])
def test_a_prompt_is_one_string_or_several(text: str, prompt: tuple[str, ...]) -> None:
    assert read(CompletionRequest, f'{{"prompt":{text}}}') == CompletionRequest(prompt)


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("[]", "Empty array detected. Do not use an empty array for the prompt."),
        ("[1]", "data did not match any variant of untagged enum PromptDeserializer"),
        ("null", "data did not match any variant of untagged enum PromptDeserializer"),
    ],
)
def test_any_other_prompt_is_refused_behind_the_object(text: str, detail: str) -> None:
    body = f'{{"prompt":{text}}}'
    assert refusal(CompletionRequest, body) == (422, f"{SHAPE}prompt: {detail} at line 1 column {len(body)}")


def test_invocations_takes_the_first_of_three_that_fits() -> None:
    assert read(SagemakerRequest, '{"inputs":"a","messages":[]}') == CompatGenerateRequest("a")
    assert read(SagemakerRequest, '{"inputs":1,"messages":[]}') == ChatRequest(messages=())
    assert read(SagemakerRequest, '{"prompt":"a","messages":1}') == CompletionRequest(("a",))


def test_invocations_says_neither_why_nor_where_unless_the_text_is_broken() -> None:
    assert refusal(SagemakerRequest, '{"inputs":"a","parameters":{"seed":-1}}') == (
        422,
        f"{SHAPE}data did not match any variant of untagged enum SagemakerRequest",
    )
    assert refusal(SagemakerRequest, '{"inputs":"a') == (
        400,
        f"{SYNTAX}inputs: EOF while parsing a string at line 1 column 12",
    )


def test_vertex_instances_are_generations_or_chats() -> None:
    body = '{"instances":[{"inputs":"a","parameters":null},{"messages":[]},["b",[3]]]}'
    assert read(VertexRequest, body) == VertexRequest(
        (
            GenerateVertexInstance("a"),
            ChatRequest(messages=()),
            GenerateVertexInstance("b", GenerateParameters(best_of=3)),
        )
    )


def test_a_vertex_instance_refused_is_placed_behind_the_comma() -> None:
    assert refusal(VertexRequest, '{"instances":[1 , 2]}') == (
        422,
        f"{SHAPE}instances[0]: data did not match any variant of untagged enum VertexInstance"
        " at line 1 column 18",
    )
