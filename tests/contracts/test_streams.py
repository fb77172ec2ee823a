"""What only a sequence of events can show, on streams small enough to see the rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tgi_contracts import check_stream


def token(
    index: int, text: str, end: str | None = None, count: int | None = None, **more: Any
) -> dict[str, Any]:
    details = None
    if count is not None:
        details = {"finish_reason": "length", "generated_tokens": count, "seed": None, "input_length": 3}
    shape = {"id": 5, "text": text, "logprob": -0.5, "special": more.pop("special", False)}
    return {"index": index, "token": shape, **more, "generated_text": end, "details": details}


TOPS = [token(1, "a")["token"]]
ERROR = {"error": "Model is overloaded", "error_type": "overloaded"}
OPENAI_ERROR = {"error": {"message": "Model is overloaded", "http_status_code": 422}}


def head(kind: str) -> dict[str, Any]:
    return {"object": kind, "id": "", "created": 9, "model": "m", "system_fingerprint": "3.3.6-dev0-native"}


def chunk(content: str, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {
        "index": 0,
        "delta": {"role": "assistant", "content": content},
        "logprobs": None,
        "finish_reason": finish,
    }
    return {**head("chat.completion.chunk"), "choices": [choice], "usage": None, **more}


def usage(tokens: int) -> dict[str, Any]:
    return {"prompt_tokens": 2, "completion_tokens": tokens, "total_tokens": 2 + tokens}


def usage_chunk(tokens: int) -> dict[str, Any]:
    return {**head("chat.completion.chunk"), "choices": [], "usage": usage(tokens)}


def call(name: str | None, arguments: str, id: str = "0", finish: str | None = None) -> dict[str, Any]:
    piece = {"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
    found = chunk("", finish)
    found["choices"][0]["delta"] = {"role": "assistant", "tool_calls": [piece]}
    return found


def part(index: int, text: str, count: int | None = None) -> dict[str, Any]:
    choice = {
        "index": index,
        "text": text,
        "logprobs": None,
        "finish_reason": "" if count is None else "length",
    }
    last = {} if count is None else {"usage": usage(count)}
    return {**head("text_completion"), "choices": [choice], **last}


WHOLE = {
    "a token": [token(1, "a", "a")],
    "three tokens": [token(1, "a"), token(2, "b"), token(3, "c", "abc", 3)],
    "a prompt in front": [token(1, "a"), token(2, "b", "prompt ab")],
    "a special token at the end": [token(1, "a"), token(2, "</s>", "a", 2, special=True)],
    "a character cut off at the end": [token(1, "a"), token(2, "", "a\ufffd")],
    "an error at once": [ERROR],
    "an error after a token": [token(1, "a"), ERROR],
    "top tokens on all": [token(1, "a", top_tokens=TOPS), token(2, "b", "ab", top_tokens=TOPS)],
    "chat": [chunk("a"), chunk("", "stop"), "[DONE]"],
    "chat without the end marker": [chunk("a"), chunk("b", "length")],
    "chat with usage": [chunk("a"), chunk("b", "length"), usage_chunk(2), "[DONE]"],
    "chat with an error": [chunk("a"), OPENAI_ERROR, "[DONE]"],
    "chat that was a call, and none": ["[DONE]"],
    "a call": [call("f", "{"), call(None, '"a":'), call(None, "1}"), "[DONE]"],
    "a call cut by the length": [call("f", "{"), call(None, '"a":', finish="length"), "[DONE]"],
    "a call begun again": [call("f", "{"), call(None, "}"), call("f", "{"), "[DONE]"],
    "a completion": [part(0, "a"), part(0, "b", 2), "[DONE]"],
    "completions in turn": [
        part(0, "a"),
        part(1, "b"),
        part(0, "c", 2),
        part(1, "d"),
        part(1, "e", 3),
        "[DONE]",
    ],
    "completions with an error": [part(0, "a"), OPENAI_ERROR, part(0, "b", 2), "[DONE]"],
}

BROKEN = {
    "no event": ([], "end"),
    "indexes from 0": ([token(0, "a", "a")], "minimum"),
    "an index left out": ([token(1, "a"), token(3, "b", "ab")], "index"),
    "an index twice": ([token(1, "a"), token(1, "b", "ab")], "index"),
    "no end": ([token(1, "a"), token(2, "b")], "end"),
    "two ends": ([token(1, "a", "a"), token(2, "b", "ab")], "end"),
    "a token after an error": ([token(1, "a"), ERROR, token(2, "b", "ab")], "end"),
    "another text": ([token(1, "a"), token(2, "b", "ac")], "concatenation"),
    "another count": ([token(1, "a"), token(2, "b", "ab", 3)], "count"),
    "top tokens on some": (
        [token(1, "a", top_tokens=TOPS), token(2, "b", "ab")],
        "top_tokens",
    ),
    "details before the end": ([token(1, "a", None, 1), token(2, "b", "ab")], "type"),
    "an end marker": ([token(1, "a", "a"), "[DONE]"], "type"),
    "chat without a finish reason": ([chunk("a"), chunk("b"), "[DONE]"], "end"),
    "chat after its finish reason": ([chunk("a", "stop"), chunk("b"), "[DONE]"], "end"),
    "chat after its usage": ([chunk("a", "stop"), usage_chunk(1), usage_chunk(1), "[DONE]"], "end"),
    "chat after its end marker": ([chunk("a", "stop"), "[DONE]", usage_chunk(1)], "end"),
    "chat after an error": ([OPENAI_ERROR, chunk("a", "stop"), "[DONE]"], "end"),
    "an error after the end": ([chunk("a", "stop"), OPENAI_ERROR, "[DONE]"], "end"),
    "another usage": ([chunk("a"), chunk("b", "stop"), usage_chunk(3), "[DONE]"], "count"),
    "another model": ([chunk("a"), chunk("b", "stop", model="n"), "[DONE]"], "same"),
    "time going back": ([chunk("a"), chunk("b", "stop", created=8), "[DONE]"], "order"),
    "a call without its name": ([call(None, "{}"), "[DONE]"], "tool_calls"),
    "a call under two ids": ([call("f", "{"), call(None, "}", id="1"), "[DONE]"], "tool_calls"),
    "a call cut": ([call("f", "{"), call(None, '"a":'), "[DONE]"], "tool_calls"),
    "completions out of turn": (
        [part(0, "a"), part(1, "b"), part(1, "c", 2), part(0, "d", 2), "[DONE]"],
        "turn",
    ),
    "a completion without its end": ([part(0, "a"), part(1, "b", 1), "[DONE]"], "end"),
    "a completion after its end": ([part(0, "a", 1), part(0, "b", 2), "[DONE]"], "end"),
    "another number of tokens": ([part(0, "a"), part(0, "b", 3), "[DONE]"], "count"),
    "a prompt too many": ([part(0, "a", 1), part(2, "b", 1), "[DONE]"], "index"),
}


@pytest.mark.parametrize("events", WHOLE.values(), ids=WHOLE)
def test_a_whole_stream_has_no_violations(events: list[Any]) -> None:
    assert check_stream(events) == []


@pytest.mark.parametrize(("events", "rule"), BROKEN.values(), ids=BROKEN)
def test_a_broken_stream_is_told_by_the_rule_it_breaks(events: list[Any], rule: str) -> None:
    assert rule in {violation.rule for violation in check_stream(events)}


def sent(events: list[str]) -> str:
    return "".join(f"data: {event}\n\n" for event in events)


def test_a_stream_as_sent_must_have_its_end_marker() -> None:
    text = sent(['{"error":{"message":"Model is overloaded","http_status_code":422}}'])
    assert [v.rule for v in check_stream(text)] == ["end"]
    assert check_stream(text + sent(["[DONE]"])) == []


def test_the_data_of_events_may_be_given_as_text() -> None:
    assert check_stream([json.dumps(chunk("a")), json.dumps(chunk("b", "stop")), "[DONE]"]) == []
    assert [v.where for v in check_stream([json.dumps(chunk("a", "stop")), "{"])] == ["events[1]"]


def test_a_stream_as_sent_may_have_keep_alives_and_comes_in_any_form() -> None:
    text = ":\n\n" + sent(['{"error":"Model is overloaded","error_type":"overloaded"}'])
    assert check_stream(text) == check_stream(text.encode()) == check_stream([text[:3], text[3:]]) == []


@pytest.mark.parametrize(
    "text",
    ["event: x\ndata: {}\n\n", "data:{}\n\n", "data: {}\r\n\r\n", "data: {}\n", "data: {\n\n", "id: 1\n\n"],
)
def test_framing_is_exactly_the_routers(text: str) -> None:
    assert {v.rule for v in check_stream(text)} & {"framing", "json"}


def test_with_the_number_of_prompts_an_error_is_given_to_whoevers_turn_it_is() -> None:
    events = [part(0, "a"), OPENAI_ERROR, part(0, "b", 2), "[DONE]"]
    assert check_stream(events, path="/v1/completions", prompts=2) == []
    assert check_stream(events, path="/v1/completions", prompts=1) != []
    assert check_stream(events, path="/v1/completions", prompts=3) != []


def test_the_route_decides_what_an_event_may_be() -> None:
    assert check_stream([chunk("a", "stop"), "[DONE]"], path="/generate_stream") != []
    assert check_stream([ERROR], path="/v1/chat/completions") != []


def test_where_only_errors_tell_the_route_each_prompt_of_a_completion_may_have_its_own() -> None:
    for path in (None, "/invocations"):
        assert check_stream([OPENAI_ERROR, "[DONE]"], path=path) == []
        assert check_stream([OPENAI_ERROR, OPENAI_ERROR, "[DONE]"], path=path) == []
    assert check_stream([OPENAI_ERROR, OPENAI_ERROR, "[DONE]"], path="/v1/chat/completions") != []
