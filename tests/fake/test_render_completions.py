"""Answers as `/v1/completions` writes them, whole and streamed, one prompt or several."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_tgi.generation import FinishReason, Token
from fake_tgi.render.completions import CompletionWriter, completion, round_robin
from fake_tgi.run import Answer

CREATED = 1795386740


def tokens(*texts: str) -> tuple[Token, ...]:
    return tuple(Token(7, text, -0.5, text == "</s>") for text in texts)


def answer(*texts: str, reason: FinishReason, prompt_tokens: int) -> Answer:
    return Answer(
        tokens=tokens(*texts),
        text="".join(text for text in texts if text != "</s>"),
        finish_reason=reason,
        generated_tokens=len(texts),
        input_length=prompt_tokens,
        seed=None,
        prefill=(),
        top_tokens=(),
        queued=0.0,
        started=0.0,
    )


FIRST = answer(" a", "</s>", reason="eos_token", prompt_tokens=3)
SECOND = answer(' "b', reason="length", prompt_tokens=4)


def test_choices_stand_in_the_order_of_completion_and_usage_is_the_sum() -> None:
    body = completion([(1, SECOND), (0, FIRST)], model="m", created=CREATED, system_fingerprint="v-native")
    assert body == (
        b'{"object":"text_completion","id":"","created":1795386740,"model":"m","system_fingerprint":"v-native",'
        b'"choices":[{"index":1,"text":" \\"b","logprobs":null,"finish_reason":"length"},'
        b'{"index":0,"text":" a","logprobs":null,"finish_reason":"stop"}],'
        b'"usage":{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10}}'
    )


def test_a_streams_last_event_has_other_keys_in_another_order_and_shows_special_tokens() -> None:
    writer = CompletionWriter(index=2, model="m", system_fingerprint="v-native")
    first, last = writer.events(tokens(" a", "</s>"), ("eos_token", None, 3), CREATED)
    assert first == (
        b'data: {"object":"text_completion","id":"","created":1795386740,"choices":[{"index":2,"text":" a",'
        b'"logprobs":null,"finish_reason":""}],"model":"m","system_fingerprint":"v-native"}\n\n'
    )
    assert last == (
        b'data: {"object":"text_completion","id":"","created":1795386740,"model":"m",'
        b'"system_fingerprint":"v-native","choices":[{"index":2,"text":"</s>","logprobs":null,'
        b'"finish_reason":"eos_token"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}\n\n'
    )


@pytest.mark.parametrize("reason", ["length", "eos_token", "stop_sequence"])
def test_a_stream_names_the_reason_in_tgis_own_word(reason: FinishReason) -> None:
    (event,) = CompletionWriter(index=0, model="m").events(tokens("a"), (reason, None, 1), CREATED)
    assert json.loads(event.removeprefix(b"data: "))["choices"][0]["finish_reason"] == reason


def test_tokens_are_counted_over_all_pieces_of_an_answer() -> None:
    writer = CompletionWriter(index=0, model="m")
    pieces = writer.events(tokens("a", "b"), None, CREATED)
    assert [json.loads(event.removeprefix(b"data: ")).get("usage") for event in pieces] == [None, None]
    (last,) = writer.events(tokens("c"), ("length", None, 4), CREATED)
    assert json.loads(last.removeprefix(b"data: "))["usage"]["completion_tokens"] == 3


def test_several_streams_take_turns_and_one_that_has_ended_loses_its_turn() -> None:
    taken: list[Any] = list(round_robin([iter("abc"), iter(()), iter("x"), iter("12")]))
    assert taken == ["a", "x", "1", "b", "2", "c"]
    assert list(round_robin([])) == []
