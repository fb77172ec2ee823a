"""Answers that the router gives rarely, and that keep every contract all the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tgi_contracts import check_exchange, check_stream, schema, violations_of

from .making import REFUSED, chat_chunk, completion_chunk, exchange, generation, piece, sse, token

COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"
VARY = ("vary", "origin, access-control-request-method, access-control-request-headers")
TOOLS = [{"type": "function", "function": {"name": "f", "arguments": {}}}]
IMAGE = "![](https://a/b.png)"


def test_completions_that_a_client_wrote_down_are_the_same_answers() -> None:
    more, last = schema("ClientCompletionChunk")["examples"]
    last["usage"] |= {"completion_tokens": 2, "total_tokens": 22}
    for each in more, last:
        assert violations_of("POST", COMPLETIONS, 200, each, event=True) == []
    assert check_stream([more, last], path=COMPLETIONS, prompts=1) == []
    assert check_stream([more, last]) == []
    assert check_stream([more, more], path=COMPLETIONS, prompts=1) != []
    (whole,) = schema("ClientCompletionFinal")["examples"]
    assert violations_of("POST", COMPLETIONS, 200, whole) == []
    whole["usage"]["total_tokens"] += 1
    assert [v.rule for v in violations_of("POST", COMPLETIONS, 200, whole)] == ["sum"]


def test_prompts_are_answered_each_in_its_own_time() -> None:
    """The router takes in turn what has long been there."""
    events = [
        completion_chunk(0, "a", created=101),
        completion_chunk(1, "b", created=100),
        completion_chunk(0, "a", "length", created=101),
        completion_chunk(1, "c", "length", created=100),
    ]
    assert check_stream([*events, "[DONE]"], path=COMPLETIONS, prompts=2) == []
    events[2]["created"] = 99
    assert [v.rule for v in check_stream(events, path=COMPLETIONS, prompts=2)] == ["order"]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/models/gpt2"), ("POST", "/models/gpt2"), ("POST", "/status/gpt2")]
)
def test_a_router_of_ones_own_has_no_path_of_the_hosted_service(method: str, path: str) -> None:
    assert check_exchange(exchange(path, None, "", status=404, method=method, headers=[VARY])) == []


@pytest.mark.parametrize("allow", [[], [("allow", "POST")]])
def test_nor_does_it_tell_what_is_allowed_there(allow: list[tuple[str, str]]) -> None:
    cors = [("access-control-allow-methods", "GET,POST"), ("access-control-allow-headers", "content-type")]
    given = exchange("/models/gpt2", None, "", method="OPTIONS", headers=[VARY, *cors, *allow])
    assert check_exchange(given) == []


def test_an_image_is_more_tokens_than_the_text_that_shows_it_has_bytes_for() -> None:
    tokens = [
        {"id": 9, "text": IMAGE[i * 7 : i * 7 + 7], "start": i * 7, "stop": i * 7 + 7} for i in range(30)
    ]
    assert check_exchange(exchange("/tokenize", {"inputs": IMAGE}, json.dumps(tokens))) == []
    both = {"tokenize_response": tokens, "templated_text": IMAGE}
    assert violations_of("POST", "/chat_tokenize", 200, both) == []
    plain = exchange("/tokenize", {"inputs": "x" * 20}, json.dumps([{**tokens[-1], "text": ""}]))
    assert [v.rule for v in check_exchange(plain)] == ["slice"]


def test_a_stream_may_come_in_pieces_cut_inside_a_character() -> None:
    whole = sse([token(1, "a"), token(2, "b", "ab")]).replace("ab", "a😀b").replace('"a"', '"a😀"').encode()
    for at in range(1, len(whole)):
        assert check_stream([whole[:at], whole[at:]]) == []


def test_one_prompt_may_go_on_where_another_is_refused() -> None:
    answers = [generation("Go", ["a"] * 1024), generation("Go" + "a" * 1024, ["a"] * 1024)]
    last = completion_chunk(0, "a", "length", tokens=2048)
    events = [completion_chunk(0, "a"), REFUSED, *[completion_chunk(0, "a")] * 2046, last, "[DONE]"]
    asked = {"prompt": ["Go", ""], "stream": True, "max_tokens": 1025}
    assert check_exchange(exchange(COMPLETIONS, asked, sse(events), answers)) == []
    last["choices"][0]["text"] = "b"
    assert [v.rule for v in check_exchange(exchange(COMPLETIONS, asked, sse(events), answers))] == ["model"]


def test_a_special_token_inside_a_streamed_call_is_an_empty_chunk_of_its_own() -> None:
    made = generation("p", ['{"function": {"_name": "f"', ', "a": "x', "<|x|>", 'y"', "}}"], "eos_token")
    odds = [each["logprob"] for each in made["tokens"]]
    events = [
        chat_chunk(piece("{", "f"), said=("{", odds[0])),
        chat_chunk(piece(', "a": "x'), said=(', "a": "x', odds[1])),
        chat_chunk({"content": ""}, said=("<|x|>", odds[2])),
        chat_chunk(piece('y"'), said=('y"', odds[3])),
        chat_chunk(piece("}"), said=("}", odds[4])),
    ]
    asked = {"messages": [{"role": "user", "content": "x"}], "tools": TOOLS, "stream": True, "logprobs": True}
    assert check_exchange(exchange(CHAT, asked, sse([*events, "[DONE]"]), [made])) == []
    events[3]["choices"][0]["logprobs"]["content"][0]["logprob"] = -9.0
    assert check_exchange(exchange(CHAT, asked, sse([*events, "[DONE]"]), [made])) != []


def test_where_the_model_chose_no_tool_asking_it_again_may_be_refused() -> None:
    none = generation("p", ['{"function": {"_name": "no_tool"', "}}"], "eos_token")
    asked = {"messages": [{"role": "user", "content": "x"}], "tools": TOOLS, "stream": True}
    assert check_exchange(exchange(CHAT, asked, sse([REFUSED, "[DONE]"]), [none])) == []
    call = generation("p", ['{"function": {"_name": "f"', "}}"], "eos_token")
    assert check_exchange(exchange(CHAT, asked, sse([REFUSED, "[DONE]"]), [call])) != []


def test_headers_that_cannot_be_made_are_a_status_even_for_a_stream() -> None:
    error = {"error": "Failed to get headers", "error_type": "headers"}
    asked = {"prompt": "x", "stream": True}
    assert check_exchange(exchange(COMPLETIONS, asked, json.dumps(error), status=500)) == []


@pytest.mark.parametrize("depth", [500, 5_000, 100_000])
def test_nothing_is_too_deep_to_be_judged(depth: int) -> None:
    deep = "[" * depth + "]" * depth
    assert check_exchange(exchange("/generate", {"inputs": "x"}, f'{{"generated_text":{deep}}}')) != []
    assert check_stream(f"data: {deep}\n\n") != []
    asked = exchange("/generate", None, '{"generated_text":"x"}')
    del asked["request"]["json"]
    asked["request"]["raw"] = f'{{"inputs":"x","other":{deep}}}'
    assert isinstance(check_exchange(asked), list)


def test_what_is_asked_for_stands_before_the_text() -> None:
    asked: dict[str, Any] = {"inputs": "Q ", "parameters": {"return_full_text": True, "max_new_tokens": 2}}
    for path in ("/generate_stream", "/"):
        body = {**asked, "stream": True}
        assert check_exchange(exchange(path, body, sse([token(1, "a"), token(2, "b", "Q ab")]))) == []
    left_out = {"inputs": "Q", "stream": True}
    assert check_exchange(exchange("/", left_out, sse([token(1, "a"), token(2, "b", "Qab")]))) == []
