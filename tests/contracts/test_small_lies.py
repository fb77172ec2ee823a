"""Answers that look right, and say what the router cannot have meant."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tgi_contracts import check_exchange, check_stream, violations, violations_of

from .making import (
    chat_chunk,
    completion_chunk,
    exchange,
    generation,
    piece,
    recorded,
    sse,
    token,
    with_body,
    with_header,
)

DETAILS = recorded("generate.details")
CHAT = "/v1/chat/completions"
ASKED = {"messages": [{"role": "user", "content": "x"}], "stream": True}
TOOLS = [{"type": "function", "function": {"name": "f", "arguments": {}}}]


def wheres(given: Any) -> list[str]:
    return [violation.where for violation in check_exchange(given)]


@pytest.mark.parametrize(
    "name", ["x-generated-tokens", "x-compute-characters", "x-total-time", "x-queue-time"]
)
def test_headers_measure_the_answer_that_they_come_with(name: str) -> None:
    assert wheres(DETAILS) == []
    expected = "x-total-time" if name == "x-queue-time" else name
    assert wheres(with_header(DETAILS, name, "99999")) == [f"headers.{expected}"]


def test_a_chat_and_a_completion_have_the_prompt_tokens_of_their_usage() -> None:
    for name in ("chat.plain", "completions.plain"):
        given = recorded(name)
        assert wheres(given) == []
        assert wheres(with_header(given, "x-prompt-tokens", "99999")) == ["headers.x-prompt-tokens"]


def test_a_line_break_behind_it_makes_a_text_another() -> None:
    assert wheres(with_header(DETAILS, "x-generated-tokens", "5\n")) == ["headers.x-generated-tokens"]
    call = piece("")["tool_calls"][0]
    assert violations(call, "DeltaToolCall") == []
    assert [v.rule for v in violations({**call, "id": "0\n"}, "DeltaToolCall")] == ["pattern"]


@pytest.mark.parametrize(
    "header", [["content-type", "text/plain"], ["X-Foo", "1"], ["content-encoding", "gzip"]]
)
def test_a_header_comes_once_in_lower_case_and_is_one_of_the_routers(header: list[str]) -> None:
    other = copy.deepcopy(DETAILS)
    other["response"]["headers"].append(header)
    assert wheres(other) != []


@pytest.mark.parametrize(
    "block", ['data: "[DONE]"', 'data:  {"error":"x","error_type":"overloaded"}', 'data: {"a":1,"a":1}']
)
def test_an_event_has_one_form_alone(block: str) -> None:
    error = 'data: {"error":{"message":"Model is overloaded","http_status_code":422}}\n\n'
    assert check_stream(f"{error}{block}\n\n", path=CHAT) != []


def test_before_the_data_of_an_event_stands_one_space() -> None:
    error = '{"error":{"message":"Model is overloaded","http_status_code":422}}\n\ndata: [DONE]\n\n'
    assert check_stream(f"data: {error}", path=CHAT) == []
    assert [v.rule for v in check_stream(f"data:  {error}", path=CHAT)] == ["framing"]


def test_a_member_comes_once() -> None:
    plain = recorded("generate.plain")
    text = "".join(plain["response"]["chunks"])
    assert wheres(with_body(plain, text[:-1] + "," + text[1:])) != []


def test_a_text_is_that_of_its_tokens() -> None:
    details = {
        "finish_reason": "length",
        "generated_tokens": 1,
        "seed": None,
        "prefill": [],
        "tokens": [token(1, "a")["token"]],
    }
    assert violations_of("POST", "/generate", 200, {"generated_text": "a", "details": details}) == []
    (found,) = violations_of("POST", "/generate", 200, {"generated_text": "b", "details": details})
    assert (found.rule, found.where) == ("concatenation", "$.details.tokens")


def test_what_a_client_wrote_down_agrees_with_itself_as_well() -> None:
    details = {
        "best_of_sequences": None,
        "finish_reason": "length",
        "generated_tokens": 2,
        "prefill": [],
        "seed": None,
        "tokens": [dict(sorted(token(1, "a")["token"].items()))],
        "top_tokens": None,
    }
    told = violations_of("POST", "/generate", 200, {"details": details, "generated_text": "a"})
    assert [violation.rule for violation in told] == ["count"]


def test_the_prompt_is_repeated_only_where_that_is_asked_for() -> None:
    plain = recorded("generate.plain")
    value = json.loads("".join(plain["response"]["chunks"]))
    value["generated_text"] = plain["request"]["json"]["inputs"] + value["generated_text"]
    assert wheres(with_body(plain, json.dumps(value))) == ["body.generated_text"]
    for before in ("Q", "ANYTHING "):
        events = sse([token(1, "a"), token(2, "b", f"{before}ab")])
        asked = {"inputs": "Q", "parameters": {"max_new_tokens": 2}}
        assert wheres(exchange("/generate_stream", asked, events)) == ["events[1].generated_text"]


def test_the_usage_of_a_stream_counts_the_prompt_of_the_model() -> None:
    made = generation("x", ["a", "b"])
    asked = {"prompt": "x", "stream": True}
    for prompt, right in ((3, True), (8, False)):
        events = [completion_chunk(0, "a"), completion_chunk(0, "b", "length", prompt=prompt), "[DONE]"]
        assert (wheres(exchange("/v1/completions", asked, sse(events), [made])) == []) == right
        usage = {"prompt_tokens": prompt, "completion_tokens": 2, "total_tokens": prompt + 2}
        chunks = [
            chat_chunk({"content": "a"}),
            chat_chunk({"content": "b"}, "length"),
            {**chat_chunk({}), "choices": [], "usage": usage},
        ]
        body = {**ASKED, "stream_options": {"include_usage": True}}
        assert (wheres(exchange(CHAT, body, sse([*chunks, "[DONE]"]), [made])) == []) == right


def test_of_several_sequences_the_likeliest_is_the_answer() -> None:
    best = recorded("generate.best_of2")
    value = json.loads("".join(best["response"]["chunks"]))
    others = value["details"].pop("best_of_sequences")
    assert wheres(best) == []
    chosen = {**value["details"], "generated_text": value["generated_text"]}
    other = dict(others[0])
    swapped = {
        "generated_text": other.pop("generated_text"),
        "details": {**other, "best_of_sequences": [chosen, *others[1:]]},
    }
    assert wheres(with_body(best, json.dumps(swapped))) != []


CALL = {"id": "4", "type": "function", "function": {"name": "f", "arguments": {}}}


@pytest.mark.parametrize(
    ("messages", "id"),
    [(ASKED["messages"], "0"), ([{"role": "assistant", "tool_calls": [CALL]}], "5")],
    ids=["the first", "another"],
)
def test_a_streamed_call_has_the_next_id(messages: Any, id: str) -> None:
    for said in ("0", "5", "77"):
        events = [chat_chunk(piece("{", "f", said)), chat_chunk(piece("}", id=said), "stop"), "[DONE]"]
        asked = {"messages": messages, "stream": True, "tools": TOOLS}
        assert (wheres(exchange(CHAT, asked, sse(events))) == []) == (said == id)


def test_predictions_are_the_texts_of_the_model() -> None:
    asked = {"instances": [{"inputs": "x"}, {"inputs": "y"}]}
    made = [generation("x", ["one"]), generation("y", ["two"])]
    for texts, right in ((["two", "one"], True), (["one", "one"], False), (["WRONG", "two"], False)):
        answer = json.dumps({"predictions": texts})
        assert (wheres(exchange("/vertex", asked, answer, made)) == []) == right


def test_a_chunk_of_text_is_the_token_that_its_logprobs_tell() -> None:
    asked = {**ASKED, "logprobs": True}
    for told, right in (("a", True), ("b", False)):
        events = [chat_chunk({"content": "a"}, "length", (told, -0.5)), "[DONE]"]
        assert (wheres(exchange(CHAT, asked, sse(events))) == []) == right
