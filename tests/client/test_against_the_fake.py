"""Every call over a real socket, against the fake server: two witnesses that share no code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import pydantic
import pytest

from fake_tgi.app import create_app
from fake_tgi.server import Server
from text_generation import errors

USER = [{"role": "user", "content": "Why is the sky blue?"}]


class Sky(pydantic.BaseModel):
    colour: Literal["blue", "grey"]
    clouds: list[int] = []


def weather(city: str) -> str:
    """Tell the weather."""
    return f"fine in {city}"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A fake of its own for this module."""
    with Server(create_app()) as server:
        yield server.base_url


@pytest.mark.parametrize("route", ["", "/generate"])
def test_streams_and_whole_answers_are_the_same(face: Any, url: str, route: str) -> None:
    """Token by token, on the compat route and on the router's own."""
    client = face.client(url + route)
    whole = face.call(client, "generate", "Once upon a time", max_new_tokens=8, top_n_tokens=2)
    made = face.stream(client, "generate_stream", "Once upon a time", max_new_tokens=8, top_n_tokens=2)
    assert face.result(made).model_dump() == whole.model_dump()
    assert whole.details.generated_tokens == len(whole.details.tokens) <= 8
    assert whole.meta.generated_tokens == whole.details.generated_tokens
    assert whole.meta.total_time is not None
    assert made.meta.prompt_tokens == whole.meta.prompt_tokens


def test_chats_and_completions(face: Any, url: str) -> None:
    """Whole and streamed."""
    client = face.client(url)
    whole = face.call(client, "chat", USER, max_tokens=8, seed=3)
    made = face.stream(
        client, "chat", USER, max_tokens=8, seed=3, stream=True, stream_options={"include_usage": True}
    )
    streamed = face.result(made)
    assert streamed.choices[0].message.content == whole.choices[0].message.content
    assert streamed.usage == whole.usage
    prompts = ["One.", "Two."]
    answers = face.call(client, "completion", prompts, max_tokens=4, temperature=0)
    pieces = face.result(face.stream(client, "completion", prompts, max_tokens=4, temperature=0, stream=True))
    assert sorted(choice.index for choice in answers.choices) == [0, 1]
    assert sorted(choice.index for choice in pieces.choices) == [0, 1]


def test_structured_answers_and_tools(face: Any, url: str) -> None:
    """What the fake's grammar allows is what the client's types accept."""
    client = face.client(url)
    assert isinstance(face.call(client, "generate", "The sky?", max_new_tokens=300, output=Sky).parsed, Sky)
    assert face.call(client, "chat", USER, max_tokens=100, output=Literal["yes", "no"]).parsed in (
        "yes",
        "no",
    )
    answer = face.call(client, "chat", USER, tools=[weather], tool_choice=weather, max_tokens=300)
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "weather"
    assert isinstance(call.function.parsed["city"], str)
    made = face.stream(
        client, "chat", USER, tools=[weather], tool_choice="required", max_tokens=300, stream=True
    )
    streamed = face.result(made).choices[0].message.tool_calls
    assert streamed[0].function.name == "weather"
    assert isinstance(streamed[0].function.parsed["city"], str)


def test_the_other_routes(face: Any, url: str) -> None:
    """tokenize, chat_tokenize, info, health, metrics, models."""
    client = face.client(url)
    text = "Why is the sky blue?"
    tokens = [token for token in face.call(client, "tokenize", text) if token.text]
    assert "".join(text[token.start : token.stop] for token in tokens) == text
    assert face.call(client, "chat_tokenize", USER).templated_text
    assert face.call(client, "health") is True
    info = face.call(client, "info")
    assert face.call(client, "models")[0].id == info.model_id
    assert "tgi_request_count" in face.call(client, "metrics")


def test_refusals_are_typed_on_every_route(face: Any, url: str) -> None:
    """The same class and words, whole and streamed."""
    client = face.client(url)
    with pytest.raises(errors.ValidationError, match="`best_of` must be > 0 and <= 2"):
        face.call(client, "generate", "hi", best_of=3, do_sample=True)
    too_long = {"max_new_tokens": 1, "truncate": 10**6}
    with pytest.raises(errors.ValidationError, match="`truncate` must be") as whole:
        face.call(client, "generate", "hi", **too_long)
    _, streamed = face.collect(face.stream(client, "generate_stream", "hi", **too_long))
    assert type(streamed) is errors.ValidationError
    assert str(streamed) == str(whole.value)
    with pytest.raises(errors.ToolError, match="not found"):
        face.call(client, "chat", USER, tools=[weather], tool_choice="other")
    with pytest.raises(errors.ValidationError, match="invalid type"):
        face.call(client, "generate", "hi", extra={"parameters": {"stop": 7}})
