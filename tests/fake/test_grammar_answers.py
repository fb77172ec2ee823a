"""With nobody to say what the answer is, a grammar still gets an answer that satisfies it, on every route."""

from __future__ import annotations

import asyncio
import json
import re
import time
from typing import Any

import jsonschema
import pytest

from .asking import ask, ask_async, make

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "age": {"type": "integer"},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 1},
    },
    "required": ["name", "age", "tags"],
}
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "weather",
            "description": "The weather",
            "parameters": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "unit": {"enum": ["c", "f"]}},
                "required": ["city", "unit"],
            },
        },
    }
]
ASKED = [{"role": "user", "content": "How is the weather in Oslo?"}]


@pytest.mark.parametrize(
    "grammar",
    [
        {"type": "json", "value": SCHEMA},
        {"type": "json", "value": json.dumps(SCHEMA)},
        {"type": "json_schema", "value": {"schema": SCHEMA}},
    ],
)
def test_a_schema_gets_json_that_satisfies_it(grammar: Any) -> None:
    body = {"inputs": "Who?", "parameters": {"grammar": grammar, "details": True}}
    answer = ask(make(), "POST", "/generate", body).json()
    jsonschema.validate(json.loads(answer["generated_text"]), SCHEMA)
    assert answer["details"]["finish_reason"] == "eos_token"
    assert ask(make(), "POST", "/generate", body).json() == answer


def test_a_pattern_gets_a_text_that_matches_it() -> None:
    pattern = r"[A-Z]{2}-\d{3}(-x)?"
    body = {"inputs": "Plate?", "parameters": {"grammar": {"type": "regex", "value": pattern}}}
    assert re.fullmatch(pattern, ask(make(), "POST", "/generate", body).json()["generated_text"])


def test_a_limit_cuts_the_answer_to_a_grammar_like_any_other() -> None:
    parameters = {"grammar": {"type": "json", "value": SCHEMA}, "max_new_tokens": 3, "details": True}
    answer = ask(make(), "POST", "/generate", {"inputs": "Who?", "parameters": parameters}).json()
    assert answer["details"]["finish_reason"] == "length"
    assert answer["details"]["generated_tokens"] == 3


def test_a_required_tool_is_called_with_the_arguments_it_requires() -> None:
    body = {"messages": ASKED, "tools": TOOLS, "tool_choice": "required"}
    message = ask(make(), "POST", "/v1/chat/completions", body).json()["choices"][0]["message"]
    (call,) = message["tool_calls"]
    assert call["function"]["name"] == "weather"
    arguments = json.loads(call["function"]["arguments"])
    assert isinstance(arguments["city"], str)
    assert arguments["unit"] in ("c", "f")


def test_a_streamed_tool_call_is_the_whole_one_in_pieces() -> None:
    body = {
        "messages": ASKED,
        "tools": TOOLS,
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
    }
    whole = ask(make(), "POST", "/v1/chat/completions", body).json()["choices"][0]["message"]["tool_calls"][0]
    events = ask(make(), "POST", "/v1/chat/completions", {**body, "stream": True}).events
    deltas = [event["choices"][0]["delta"]["tool_calls"][0]["function"] for event in events[:-1]]
    assert deltas[0]["name"] == "weather"
    assert [delta["name"] for delta in deltas[1:]] == [None] * (len(deltas) - 1)
    arguments = json.loads("".join(delta["arguments"] for delta in deltas))
    assert arguments == json.loads(whole["function"]["arguments"])
    assert events[-1] == "[DONE]"


def test_a_response_format_constrains_a_chat() -> None:
    body = {"messages": ASKED, "response_format": {"type": "json", "value": SCHEMA}}
    content = ask(make(), "POST", "/v1/chat/completions", body).json()["choices"][0]["message"]["content"]
    jsonschema.validate(json.loads(content), SCHEMA)


def test_a_hard_grammar_does_not_hold_up_other_requests() -> None:
    """It is worked out in a thread: a plain request that comes later is answered first."""
    hard = {
        "type": "object",
        "properties": {
            f"p{i}": {"type": "string", "pattern": f"^[a-f]{{{i + 9}}}[0-9]+$"} for i in range(12)
        },
        "required": [f"p{i}" for i in range(12)],
    }
    body = {"inputs": "x", "parameters": {"grammar": {"type": "json", "value": hard}}}

    async def race() -> list[str]:
        app = make()
        order: list[str] = []

        async def asked(name: str, payload: Any) -> None:
            assert (await ask_async(app, "POST", "/generate", payload)).status == 200
            order.append(name)

        slow = asyncio.create_task(asked("grammar", body))
        await asyncio.sleep(0)
        began = time.monotonic()
        await asked("plain", {"inputs": "Go on."})
        assert time.monotonic() - began < 5
        await slow
        return order

    assert asyncio.run(race()) == ["plain", "grammar"]
