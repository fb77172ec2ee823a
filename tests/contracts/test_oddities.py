"""Answers that look broken and are not: what the real router does when a model, or a request, is odd.

Each was seen on the router of the recordings, or follows from how its models decode. The second half of each
test is the damage that looks like it.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from tgi_contracts import check_exchange, check_stream, recordings

from .test_exchanges import exchange
from .test_streams import call, chunk, head, sent, token, usage

TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
CHAT = "/v1/chat/completions"


def generation(inputs: str, *texts: str, end: str = "eos_token", **more: Any) -> dict[str, Any]:
    tokens = [{"id": 5, "text": text, "logprob": -0.5, "special": text == "</s>"} for text in texts]
    return {
        "inputs": inputs, "input_length": 3, "prefill": None, "tokens": tokens, "top_tokens": None,
        "finish_reason": end, "generated_text": "".join(texts).removesuffix("</s>"),
        "generated_tokens": len(texts), **more,
    }  # fmt: skip


def rules(found: list[Any]) -> list[str]:
    return [violation.rule for violation in found]


@pytest.mark.parametrize("text", ["", "Why?", "ult\ufffd", "ult"])
def test_a_text_that_ends_inside_a_character_may_be_empty(text: str) -> None:
    """The token that begins a character has no text until the character is whole."""
    events = [token(1, "ult"), token(2, ""), token(3, "\ufffd</s>", text, special=True)]
    assert check_stream(events) == []
    asked = {"inputs": "Why?", "parameters": {"max_new_tokens": 9}}
    answer = sent([json.dumps(event) for event in events])
    assert check_exchange(exchange(asked, answer, path="/generate_stream")) == []
    other = answer.replace(f'"generated_text": {json.dumps(text)}', '"generated_text": "another"')
    assert rules(check_exchange(exchange(asked, other, path="/generate_stream"))) == ["concatenation"]


def test_a_model_of_the_t5_kind_begins_with_a_space_that_its_text_does_not_have() -> None:
    assert check_stream([token(1, " To"), token(2, " sell", "To sell")]) == []
    assert rules(check_stream([token(1, " To"), token(2, " sell", "o sell")])) == ["concatenation"]


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        ([' "a": 1', "}", ""], True),
        ([" ", ",", ' "a": 1', "}"], True),  # white space before the comma that divides name and arguments
        (["1", ', "b": 2', "}"], True),  # the first piece took the place of a digit
        ([' "a": "X"', "}", ', "b": 2'], True),  # no grammar held the model: members beside `function`
        (["}"], True),
        ([""], True),  # the token that completed the name closed the call as well
        ([' "a": '], False),
        ([' "a": 1'], False),
        ([' "a": 1', ", "], False),
        ([' "a": {"b": 1', "}"], False),
    ],
)
def test_the_pieces_of_a_call_need_not_be_json_together(pieces: list[str], whole: bool) -> None:
    """The first piece hides what stood between the function's name and its arguments."""
    events = [call("f", "{"), *(call(None, piece) for piece in pieces)]
    assert rules(check_stream(events)) == ([] if whole else ["tool_calls"])


def test_a_function_may_be_called_nothing() -> None:
    assert check_stream([call("", "{"), call(None, "")]) == []


@pytest.mark.parametrize(
    ("text", "arguments", "same"),
    [
        ('{"function": {"_name": "f", "n": 12345678901234567890123}}', '{"n":1.2345678901234568e22}', True),
        ('{"function": {"_name": "f", "n": -0}}', '{"n":-0.0}', True),
        ('[{"_name": "f", "n": 1}]', '{"n":1}', True),
        ('{"function": {"_name": "f", "n": 1}, "other": 2}', '{"n":1}', True),
        ('{"function": {"_name": "f", "n": 1}}', '{"n":1.0}', False),
        ('{"function": {"_name": "f", "n": 1}}', "{}", False),
        ('{"function": {"_name": "f", "_name": "f"}}', "{}", False),
        ("no call", "{}", False),
    ],
)
def test_a_call_is_what_the_router_reads_in_the_text(text: str, arguments: str, same: bool) -> None:
    function = {"description": None, "name": "f", "arguments": arguments}
    message = {
        "role": "assistant",
        "tool_calls": [{"id": "0", "type": "function", "function": function}],
    }
    answer = chat_answer(message, prompt=3, completion=2)
    found = check_exchange(
        exchange({"messages": [], "tools": TOOLS}, answer, path=CHAT)
        | {"generations": [generation("p", text, "</s>")]}
    )
    assert rules(found) == ([] if same else ["model"])


def chat_answer(message: dict[str, Any], *, prompt: int, completion: int) -> str:
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    counts = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    return json.dumps({**head("chat.completion"), "choices": [choice], "usage": counts})


def test_where_the_model_chose_no_tool_the_tokens_counted_are_those_of_the_choice() -> None:
    """The router forgets the details of the second run, which the text and the prompt are of."""
    first = generation("long prompt", '{"function": {"_name": "no_tool"', "}}", "</s>", input_length=30)
    second = generation("prompt", " Hi", "</s>", input_length=7)
    words = {"role": "assistant", "content": " Hi"}
    for tools, completion, right in (TOOLS, 3, True), (TOOLS, 2, False), (None, 3, False):
        answer = chat_answer(words, prompt=7, completion=completion)
        asked = {"messages": [], "tools": tools}
        found = check_exchange(exchange(asked, answer, path=CHAT) | {"generations": [first, second]})
        assert (found == []) is right


def test_the_prompt_tokens_of_an_image_are_not_those_of_its_text() -> None:
    words = {"role": "assistant", "content": " Hi"}
    answer = chat_answer(words, prompt=17, completion=2)
    for prompt, right in ("see ![](data:image/png;base64,AA==)", True), ("see it", False):
        made = generation(prompt, " Hi", "</s>", input_length=124)
        found = check_exchange(exchange({"messages": []}, answer, path=CHAT) | {"generations": [made]})
        assert (found == []) is right


def test_the_texts_of_all_sequences_have_the_prompt_before_them_where_one_has() -> None:
    made = [generation("Why?", " a", "</s>"), generation("Why?", " b", "</s>")]

    def sequence(number: int) -> dict[str, Any]:
        own = {"finish_reason": "eos_token", "generated_tokens": 2, "seed": 7, "prefill": []}
        return {**own, "tokens": made[number]["tokens"]}

    asked = {"inputs": "Why?", "parameters": {"best_of": 2, "do_sample": True, "details": True}}
    for other, right in ("Why? b", True), (" b", True), ("What? b", False):
        others = [{"generated_text": other, **sequence(1)}]
        answer = [{"generated_text": "Why? a", "details": {**sequence(0), "best_of_sequences": others}}]
        found = check_exchange(exchange(asked, json.dumps(answer), path="/") | {"generations": made})
        assert (found == []) is right


def test_what_is_no_http_is_answered_by_the_connection() -> None:
    """Before the router: without its headers, and without a word."""
    empty = [["connection", "close"], ["content-length", "0"]]
    assert check_exchange(exchange({"inputs": "x"}, "", 400, headers=empty)) == []
    of_router = [*empty, ["vary", "origin, access-control-request-method, access-control-request-headers"]]
    assert rules(check_exchange(exchange({"inputs": "x"}, "", 400, headers=of_router))) == ["content type"]


def test_a_method_in_small_letters_is_another_method() -> None:
    refused = exchange(None, "", 405, path="/info")
    refused["request"]["method"] = "get"
    refused["response"]["headers"] = [
        ["allow", "GET,HEAD"],
        ["vary", "origin, access-control-request-method, access-control-request-headers"],
    ]
    assert check_exchange(refused) == []
    refused["request"]["method"] = "GET"
    assert rules(check_exchange(refused)) == ["status"]


def test_an_icon_of_the_documentation_is_no_text() -> None:
    icon = exchange(None, "", 200, path="/docs/favicon-16x16.png")
    icon["request"]["method"] = "GET"
    del icon["response"]["chunks"]
    icon["response"]["chunks_b64"] = ["iVBORw0KGgo="]
    icon["response"]["headers"] = [
        ["content-type", "image/png"],
        ["vary", "origin, access-control-request-method, access-control-request-headers"],
        ["content-length", "8"],
    ]
    assert check_exchange(icon) == []
    icon["response"]["headers"][2][1] = "9"
    assert rules(check_exchange(icon)) == ["length"]


def test_options_of_a_stream_may_be_a_list_of_their_members() -> None:
    """As every object; what such a request asks for is not looked at."""
    events = [json.dumps(chunk("a", "stop")), json.dumps({**chunk("a"), "choices": [], "usage": usage(1)})]
    asked = {"messages": [], "stream": True, "stream_options": [True]}
    assert check_exchange(exchange(asked, sent([*events, "[DONE]"]), path=CHAT)) == []


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


def test_whatever_an_exchange_holds_it_is_judged_and_nothing_is_raised() -> None:
    """A recording by someone else may have anything anywhere: in the request, or on the model's side."""
    chance = random.Random(5)
    for recorded in chance.sample(list(recordings()), 30):
        for part, path in (("request", ("request", "json")), ("generations", ("generations",))):
            there: Any = recorded
            for key in path:
                there = there.get(key, ()) if isinstance(there, dict) else ()
            found = list(places(there))
            for place in chance.sample(found, min(len(found), 3)):
                for other in (None, 5, "x", [], {}, True, [5], -1.5):
                    damaged: Any = copy.deepcopy(recorded)
                    holder = damaged
                    for key in (*path, *place[:-1]):
                        holder = holder[key]
                    holder[place[-1]] = other
                    assert isinstance(check_exchange(damaged), list), part
