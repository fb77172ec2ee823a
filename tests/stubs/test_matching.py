"""A pattern matches a call when nothing differs; what differs is told by its place."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from fake_tgi.call import Call
from fake_tgi.matching import (
    Absent,
    Asked,
    Contains,
    Equals,
    FormError,
    Matches,
    RequestPattern,
    Satisfies,
    Schema,
    Subset,
)


def call(
    path: str, body: Any = None, *, raw: bytes | None = None, method: str = "POST", **headers: str
) -> Call:
    sent = tuple((name.replace("_", "-").encode(), value.encode()) for name, value in headers.items())
    return Call(method, path, sent, json.dumps(body).encode() if raw is None else raw)


GENERATE = call(
    "/generate",
    {
        "inputs": "Why is the sky blue?",
        "parameters": {"max_new_tokens": 20, "seed": None, "stop": ["a", "b"]},
    },
    x_test="one",
)
CHAT = call(
    "/v1/chat/completions",
    {
        "model": "tgi",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello there"}],
        "max_tokens": 9,
        "stream": True,
    },
)


def places(pattern: RequestPattern, asked: Call) -> list[str]:
    assert pattern.matches(asked) == (pattern.difference(asked) == [])
    return [difference.where for difference in pattern.difference(asked)]


def told(value: RequestPattern | list[str]) -> str:
    """A name that is the same in every process, with no address of a function in it."""
    return str(value.as_json() if isinstance(value, RequestPattern) else value)


@pytest.mark.parametrize(
    "pattern",
    [
        RequestPattern(),
        RequestPattern("/generate"),
        RequestPattern(["/", "/generate"]),
        RequestPattern(streaming=False),
        RequestPattern(inputs="Why is the sky blue?"),
        RequestPattern(inputs=Contains("sky")),
        RequestPattern(inputs=Matches("^Why")),
        RequestPattern(inputs=re.compile("BLUE", re.IGNORECASE)),
        RequestPattern(inputs={"contains": "sky", "matches": r"\?$"}),
        RequestPattern(inputs=lambda text: len(text) == 20),
        RequestPattern(parameters={"max_new_tokens": 20}),
        RequestPattern(parameters={"max_tokens": 20.0}),
        RequestPattern(parameters={"stop": Contains("b")}),
        RequestPattern(parameters={"stop": ["a", "b"]}),
        RequestPattern(parameters={"seed": Absent(), "top_p": None, "stop": Absent(False)}),
        RequestPattern(parameters={"max_new_tokens": Schema({"type": "integer", "minimum": 1})}),
        RequestPattern(headers={"X-Test": "one"}),
        RequestPattern(headers={"authorization": Absent()}),
        RequestPattern(model=Absent(), messages=Absent()),
        RequestPattern(body=Subset({"parameters": {"max_new_tokens": 20}})),
        RequestPattern(body=Schema({"required": ["inputs"]})),
        RequestPattern(predicate=lambda asked: asked.generating),
    ],
    ids=told,
)
def test_a_pattern_matches_what_it_says(pattern: RequestPattern) -> None:
    assert places(pattern, GENERATE) == []


@pytest.mark.parametrize(
    ("pattern", "where"),
    [
        (RequestPattern("/generate_stream"), ["route"]),
        (RequestPattern(streaming=True), ["streaming"]),
        (RequestPattern(inputs="Why is the sky blue"), ["inputs"]),
        (RequestPattern(inputs=Contains("sea")), ["inputs"]),
        (RequestPattern(inputs=Matches("^sky")), ["inputs"]),
        (RequestPattern(inputs={"contains": "sea", "matches": "^sky"}), ["inputs", "inputs"]),
        (RequestPattern(inputs=Satisfies(str.isupper)), ["inputs"]),
        (RequestPattern(parameters={"max_new_tokens": 21, "top_p": 0.5}),
         ["parameters.max_new_tokens", "parameters.top_p"]),
        (RequestPattern(parameters={"max_new_tokens": True}), ["parameters.max_new_tokens"]),
        (RequestPattern(parameters={"max_new_tokens": "20"}), ["parameters.max_new_tokens"]),
        (RequestPattern(parameters={"stop": ["a", "c"]}), ["parameters.stop[1]"]),
        (RequestPattern(parameters={"stop": ["a"]}), ["parameters.stop"]),
        (RequestPattern(parameters={"seed": Absent(False)}), ["parameters.seed"]),
        (RequestPattern(parameters={"max_new_tokens": Absent()}), ["parameters.max_new_tokens"]),
        (RequestPattern(parameters={"stop": Schema({"items": {"const": "a"}})}), ["parameters.stop[1]"]),
        (RequestPattern(headers={"x-test": "two", "x-other": "1"}), ["headers.x-test", "headers.x-other"]),
        (RequestPattern(model="tgi"), ["model"]),
        (RequestPattern(body=Subset({"parameters": {"max_new_tokens": 1}, "stream": True})),
         ["body.parameters.max_new_tokens", "body.stream"]),
        (RequestPattern(body=Equals({"inputs": "Why is the sky blue?"})), ["body.parameters"]),
        (RequestPattern(predicate=lambda asked: asked.streaming), ["call"]),
        (RequestPattern("/", streaming=True, inputs="x"), ["route", "streaming", "inputs"]),
    ],
    ids=told,
)  # fmt: skip
def test_every_difference_is_told_by_its_place(pattern: RequestPattern, where: list[str]) -> None:
    assert places(pattern, GENERATE) == where


def test_a_difference_reads_like_a_sentence() -> None:
    pattern = RequestPattern(inputs=Contains("sea"), parameters={"max_new_tokens": 21})
    assert list(map(str, pattern.difference(GENERATE))) == [
        'inputs: expected a text with "sea" in it, got "Why is the sky blue?"',
        "parameters.max_new_tokens: expected 21, got 20",
    ]


def test_long_texts_are_shown_where_they_part() -> None:
    one, other = "x" * 5000 + "the end", "x" * 5000 + "an end"
    (difference,) = RequestPattern(inputs=one).difference(call("/generate", {"inputs": other}))
    assert difference.expected == '…"' + "x" * 30 + 'the end" (from character 4970)'
    assert difference.got == '…"' + "x" * 30 + 'an end" (from character 4970)'


def test_a_missing_member_and_null_are_one_thing_at_any_depth() -> None:
    sent = call("/generate", {"inputs": "x", "parameters": {"seed": None, "stop": []}, "extra": None})
    assert places(RequestPattern(body=Equals({"inputs": "x", "parameters": {"stop": []}})), sent) == []
    assert places(RequestPattern(body=Subset({"parameters": {"top_p": None}})), sent) == []


@pytest.mark.parametrize(
    ("asked", "inputs", "model", "streaming"),
    [
        (CHAT, "Hello there", "tgi", True),
        (call("/generate_stream", {"inputs": "a"}), "a", None, True),
        (call("/", {"inputs": "a", "stream": True}), "a", None, True),
        (call("/generate", {"inputs": "a", "stream": True}), "a", None, False),
        (call("/models/some%20one/m", {"inputs": "a"}), "a", "some one/m", False),
        (call("/v1/completions", {"prompt": "a", "model": "m"}), "a", "m", False),
        (call("/v1/completions", {"prompt": ["a"]}), "a", None, False),
        (call("/v1/completions", {"prompt": ["a", "b"]}), ["a", "b"], None, False),
        (call("/invocations", {"inputs": "a", "stream": True}), "a", None, True),
        (call("/invocations", {"prompt": "a"}), "a", None, False),
        (call("/invocations", {"messages": [{"role": "user", "content": "a"}]}), "a", None, False),
        (call("/vertex", {"instances": [{"inputs": "a"}]}), "a", None, False),
        (call("/vertex", {"instances": [{"inputs": "a"}, {"messages": [{"role": "user", "content": "b"}]}]}),
         ["a", "b"], None, False),
        (call("/generate", raw=b"no json"), None, None, False),
        (call("/generate", raw=b"[1]"), None, None, False),
        (call("/generate", raw=b""), None, None, False),
    ],
)  # fmt: skip
def test_what_is_asked_is_found_wherever_the_route_keeps_it(
    asked: Call, inputs: Any, model: str | None, streaming: bool
) -> None:
    found = Asked(asked)
    assert (found.inputs, found.model, found.streaming) == (inputs, model, streaming)


def test_the_text_of_a_message_in_pieces_is_their_text() -> None:
    image = {"type": "image_url", "image_url": {"url": "http://a/b.png"}}
    content = [{"type": "text", "text": "What is "}, image, {"type": "text", "text": "?"}]
    asked = call("/v1/chat/completions", {"messages": [{"role": "user", "content": content}]})
    assert Asked(asked).inputs == "What is ![](http://a/b.png)?"


@pytest.mark.parametrize(
    ("asked", "name", "value"),
    [
        (CHAT, "max_tokens", 9),
        (CHAT, "max_new_tokens", 9),
        (call("/v1/chat/completions", {"max_completion_tokens": 3}), "max_new_tokens", 3),
        (GENERATE, "max_tokens", 20),
        (call("/v1/chat/completions", {"top_logprobs": 2}), "top_n_tokens", 2),
        (call("/v1/completions", {"prompt": "a", "temperature": 0.5}), "temperature", 0.5),
        (call("/vertex", {"instances": [{"inputs": "a", "parameters": {"seed": 1}}]}), "seed", 1),
        (call("/vertex", {"instances": [{"inputs": "a", "parameters": {"seed": 1}}, {"inputs": "b"}]}),
         "seed", [1, None]),
        (call("/vertex", {"instances": [{"inputs": "a"}, {"inputs": "b"}]}), "seed", None),
        (call("/generate", {"inputs": "a", "parameters": [1]}), "best_of", None),
    ],
)  # fmt: skip
def test_a_parameter_is_found_under_the_name_of_its_route(asked: Call, name: str, value: Any) -> None:
    assert Asked(asked).parameter(name) == value


@pytest.mark.parametrize(
    ("wanted", "sent", "alike"),
    [
        (True, 1, False), (False, 0, False), (1, True, False), (1, 1.0, True), (0, -0.0, True),
        ("1", 1, False), (None, False, False), (0, None, False), ([True], [1], False),
        ({"a": 0}, {"a": False}, False),
        ([1, 2], [2, 1], False), ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True), ("a", ["a"], False),
    ],
)  # fmt: skip
def test_values_are_the_same_as_json_has_it(wanted: Any, sent: Any, alike: bool) -> None:
    asked = call("/generate", {"inputs": "x", "extra": sent})
    assert RequestPattern(body=Subset({"extra": wanted})).matches(asked) == alike
    assert RequestPattern(body=Equals({"inputs": "x", "extra": wanted})).matches(asked) == alike


def test_a_body_that_is_no_json_is_a_text() -> None:
    assert places(RequestPattern(body=Contains("no j")), call("/generate", raw=b"no json")) == []
    assert places(RequestPattern(body=Absent()), call("/generate", raw=b"")) == []


def test_what_follows_the_first_value_of_a_body_is_not_looked_at() -> None:
    assert Asked(call("/generate", raw=b' {"inputs": "a"} {"inputs": "b"}')).inputs == "a"


def test_a_secret_is_never_shown() -> None:
    pattern = RequestPattern(headers={"Authorization": "Bearer expected-secret"})
    (difference,) = pattern.difference(call("/generate", {}, authorization="Bearer sent-secret"))
    assert difference.where == "headers.authorization"
    assert "secret" not in str(difference)
    (difference,) = pattern.difference(call("/generate", {}))
    assert difference.got == "nothing"


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"api_key": "secret"}, "body.api_key"),
        ({"a": [{"x-api-key": {"of": ["secret"]}}]}, "body.a[0].x-api-key.of[0]"),
        ({"my password": "plain", "my-password": "secret"}, "body.my-password"),
    ],
)
def test_a_secret_member_is_never_shown_nor_what_is_in_it(body: dict[str, Any], where: str) -> None:
    other = json.loads(json.dumps(body).replace("secret", "secret too"))
    (difference,) = RequestPattern(body=Equals(other)).difference(call("/generate", body))
    assert difference.where == where
    assert "secret" not in str(difference)
    assert difference.got == "another one (not shown)"


def test_that_a_secret_is_missing_is_shown() -> None:
    pattern, sent = RequestPattern(body=Equals({"password": "secret"})), {"jwt": "secret"}
    assert list(map(str, pattern.difference(call("/generate", sent)))) == [
        "body.password: expected a certain value (not shown), got nothing",
        "body.jwt: expected nothing, got another one (not shown)",
    ]


def test_the_values_of_a_repeated_header_are_joined() -> None:
    sent = Call("POST", "/generate", ((b"x-a", b"1"), (b"x-a", b" 2")))
    assert places(RequestPattern(headers={"X-A": "1, 2"}), sent) == []


def test_what_a_predicate_raises_is_raised() -> None:
    def fails(text: Any) -> bool:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        RequestPattern(inputs=fails).matches(GENERATE)


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"route": "generate"}, "route"),
        ({"route": []}, "route"),
        ({"input": "a"}, "input"),
        ({"streaming": "yes"}, "streaming"),
        ({"inputs": {}}, "inputs"),
        ({"inputs": {"contain": "a"}}, "inputs.contain"),
        ({"inputs": {"matches": "("}}, "inputs.matches"),
        ({"inputs": {"matches": 5}}, "inputs.matches"),
        ({"parameters": ["seed"]}, "parameters"),
        ({"parameters": {"seed": {"schema": {"type": "number "}}}}, "parameters.seed.schema.type"),
        ({"headers": {"X-A": {"matches": "["}}}, "headers.X-A.matches"),
    ],
)
def test_a_pattern_that_is_none_is_refused_with_its_place(wrong: dict[str, Any], where: str) -> None:
    with pytest.raises(FormError) as caught:
        RequestPattern.parse(wrong)
    assert [difference.where for difference in caught.value.differences] == [where]


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"route": "/generate", "streaming": True},
        {"route": ["/", "/generate"]},
        {"model": "tgi", "inputs": {"contains": "sky", "matches": "^W"}},
        {"parameters": {"seed": {"absent": True}, "top_p": 0.5, "stop": None}},
        {"headers": {"x-a": {"matches": "^a"}}, "body": {"subset": {"a": {"b": 1}}}},
        {"body": {"equals": {"inputs": "a"}}, "messages": {"schema": {"minItems": 2}}},
    ],
)
def test_a_pattern_is_written_as_it_was_read(written: dict[str, Any]) -> None:
    assert RequestPattern.parse(written).as_json() == written
    assert RequestPattern.parse(written) == RequestPattern.parse(written)


def test_a_schema_is_never_fetched() -> None:
    with pytest.raises(FormError, match=r"nothing is fetched.*http://127"):
        Schema({"$ref": "http://127.0.0.1:1/other.json"})
