"""Answers as `/v1/chat/completions` writes them: every byte of a whole answer and of each chunk."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_tgi.called_function import FunctionCall
from fake_tgi.generation import FinishReason, Token
from fake_tgi.render.chat import ChatWriter, chat_completion
from fake_tgi.run import Answer

CREATED = 1795386740
END = "</s>"


def token(text: str, *, special: bool = False, logprob: float | None = -0.5) -> Token:
    return Token(7, text, logprob, special)


def tokens(*texts: str) -> tuple[Token, ...]:
    return tuple(token(text, special=text == END) for text in texts)


def answer(*texts: str, reason: FinishReason = "length", **more: Any) -> Answer:
    made: dict[str, Any] = {
        "tokens": tokens(*texts),
        "text": "".join(text for text in texts if text != END),
        "finish_reason": reason,
        "generated_tokens": len(texts),
        "input_length": 5,
        "seed": None,
        "prefill": (),
        "top_tokens": (),
        "queued": 0.0,
        "started": 0.0,
    }
    return Answer(**{**made, **more})


def whole(given: Answer, output: str | FunctionCall, **more: Any) -> bytes:
    return chat_completion(given, output, model="m", created=CREATED, prompt_tokens=5, **more)


def test_a_whole_answer_has_an_empty_id_and_its_keys_in_tgis_order() -> None:
    assert (
        whole(answer(" a", "é\n"), " aé\n", system_fingerprint="v-native")
        == (
            '{"object":"chat.completion","id":"","created":1795386740,"model":"m","system_fingerprint":"v-native",'
            '"choices":[{"index":0,"message":{"role":"assistant","content":" aé\\n"},"logprobs":null,'
            '"finish_reason":"length"}],"usage":{"prompt_tokens":5,"completion_tokens":2,"total_tokens":7}}'
        ).encode()
    )


@pytest.mark.parametrize(
    ("reason", "said"), [("eos_token", "stop"), ("length", "length"), ("stop_sequence", "stop_sequence")]
)
def test_only_the_end_of_a_sequence_is_called_as_openai_calls_it(reason: FinishReason, said: str) -> None:
    assert json.loads(whole(answer("a", reason=reason), "a"))["choices"][0]["finish_reason"] == said
    assert chunks(writer(), tokens("a"), reason=reason)[-1]["choices"][0]["finish_reason"] == said


def test_a_whole_call_has_no_content_and_its_arguments_are_compact_json_in_a_string() -> None:
    call = FunctionCall("f", {"z": "é", "a": [1, 2.0, None]})
    assert b'"message":' + (
        '{"role":"assistant","tool_calls":[{"id":"0","type":"function","function":{"description":null,'
        '"name":"f","arguments":"{\\"z\\":\\"é\\",\\"a\\":[1,2.0,null]}"}}]}'
    ).encode() + b',"logprobs"' in whole(answer("x"), call)


def test_logprobs_list_every_token_with_its_alternatives_as_far_as_they_go() -> None:
    tops = ((token("a"), token("b", logprob=-1.25)),)
    given = answer("a", END, top_tokens=tops, reason="eos_token")
    choice = json.loads(whole(given, "a", logprobs=True))["choices"][0]
    assert choice["logprobs"] == {
        "content": [
            {
                "token": "a",
                "logprob": -0.5,
                "top_logprobs": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1.25}],
            },
            {"token": END, "logprob": -0.5, "top_logprobs": []},
        ]
    }


def test_after_no_tool_the_text_and_prompt_are_the_second_ones_and_the_rest_is_the_first_ones() -> None:
    first = answer("{", "}", END, reason="eos_token")
    rendered = json.loads(
        chat_completion(first, "Sorry, I", model="m", created=CREATED, prompt_tokens=3, logprobs=True)
    )
    assert rendered["choices"][0]["message"]["content"] == "Sorry, I"
    assert rendered["choices"][0]["finish_reason"] == "stop"
    assert len(rendered["choices"][0]["logprobs"]["content"]) == 3
    assert rendered["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}


def writer(**more: Any) -> ChatWriter:
    return ChatWriter(model="m", **more)


def raw(made: ChatWriter, items: tuple[Token, ...], *, reason: FinishReason | None = "length") -> list[bytes]:
    events = made.events(items, (), None if reason is None else (reason, None, 5), CREATED)
    assert events is not None
    return events


def chunks(
    made: ChatWriter, items: tuple[Token, ...], *, reason: FinishReason | None = "length"
) -> list[Any]:
    return [json.loads(event.removeprefix(b"data: ")) for event in raw(made, items, reason=reason)]


def test_a_chunk_repeats_the_role_has_null_usage_and_its_keys_in_tgis_order() -> None:
    first, last = raw(writer(system_fingerprint="v-native"), tokens(' "a', END), reason="eos_token")
    head = b'data: {"object":"chat.completion.chunk","id":"","created":1795386740,"model":"m",'
    head += b'"system_fingerprint":"v-native","choices":[{"index":0,"delta":{"role":"assistant","content":'
    assert first == head + b'" \\"a"},"logprobs":null,"finish_reason":null}],"usage":null}\n\n'
    assert last == head + b'""},"logprobs":null,"finish_reason":"stop"}],"usage":null}\n\n'


def test_only_the_last_token_of_the_whole_answer_is_terminal() -> None:
    made = writer(include_usage=True)
    before = chunks(made, tokens("a", "b"), reason=None)
    assert [chunk["choices"][0]["finish_reason"] for chunk in before] == [None, None]
    after = chunks(made, tokens("c"))
    assert after[0]["choices"][0]["finish_reason"] == "length"
    assert after[1:] == [
        {
            "object": "chat.completion.chunk",
            "id": "",
            "created": CREATED,
            "model": "m",
            "system_fingerprint": "3.3.6-dev0-native",
            "choices": [],
            "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
        }
    ]


def test_streamed_logprobs_have_one_token_each() -> None:
    made = writer(logprobs=True)
    events = made.events(tokens("a", END), ((token("x"),), ()), ("eos_token", None, 5), CREATED)
    assert events is not None
    found = [
        json.loads(event.removeprefix(b"data: "))["choices"][0]["logprobs"]["content"] for event in events
    ]
    assert found == [
        [{"token": "a", "logprob": -0.5, "top_logprobs": [{"token": "x", "logprob": -0.5}]}],
        [{"token": END, "logprob": -0.5, "top_logprobs": []}],
    ]


CALL = ('{"function": {"_name": "f"', ', "a"', ": 1", "}}")


def test_a_streamed_call_has_its_name_once_and_then_pieces_of_its_arguments() -> None:
    found = chunks(writer(tool_call_id="3"), tokens(*CALL, END), reason="eos_token")
    deltas = [chunk["choices"][0]["delta"] for chunk in found]
    assert [delta["tool_calls"][0]["function"] for delta in deltas] == [
        {"name": "f", "arguments": "{"},
        {"name": None, "arguments": ', "a"'},
        {"name": None, "arguments": ": 1"},
        {"name": None, "arguments": "}"},
    ]
    assert {
        (call["index"], call["id"], call["type"]) for delta in deltas for call in delta["tool_calls"]
    } == {(0, "3", "function")}
    # The token that ends the sequence is swallowed, and with it the reason.
    assert [chunk["choices"][0]["finish_reason"] for chunk in found] == [None] * 4


def test_a_call_cut_off_by_the_limit_says_so_in_its_last_piece() -> None:
    found = chunks(writer(tool_call_id="0"), tokens(*CALL[:2]))
    assert [chunk["choices"][0]["finish_reason"] for chunk in found] == [None, "length"]


def test_a_call_that_is_not_recognised_leaves_only_the_usage() -> None:
    assert chunks(writer(tool_call_id="0"), tokens("I", " will")) == []
    (last,) = chunks(writer(tool_call_id="0", include_usage=True), tokens("I", " will"))
    assert (last["choices"], last["usage"]["completion_tokens"]) == ([], 2)


def test_the_logprobs_of_a_call_show_the_tokens_as_its_pieces() -> None:
    found = chunks(writer(tool_call_id="0", logprobs=True), tokens(*CALL))
    assert [chunk["choices"][0]["logprobs"]["content"][0]["token"] for chunk in found] == [
        "{", ', "a"', ": 1", "}",
    ]  # fmt: skip


def test_a_special_token_inside_a_call_is_empty_content() -> None:
    found = chunks(writer(tool_call_id="0"), tokens(CALL[0], END))
    assert found[-1]["choices"][0]["delta"] == {"role": "assistant", "content": ""}


def test_no_tool_is_told_before_anything_is_written() -> None:
    made = writer(tool_call_id="0", include_usage=True)
    items = tokens('{"function": {"_name": "no_tool"', "}}", END)
    assert made.events(items, (), ("eos_token", None, 5), CREATED) is None
