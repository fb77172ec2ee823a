"""What a type checker makes of programs that use the clients. Checked by mypy, never run."""

from __future__ import annotations

from typing import Any

import requests
from typing_extensions import assert_type

from text_generation import (
    AsyncClient,
    AsyncStream,
    Client,
    InferenceAPIAsyncClient,
    InferenceAPIClient,
    Meta,
    Retries,
    Stream,
    TextGenerationError,
    Timeouts,
    TraceEvent,
)
from text_generation import types as t
from text_generation.client import AsyncClient as PublishedPlaceOfAsyncClient
from text_generation.errors import OverloadedError, RateLimitExceededError, ValidationError, parse_error
from text_generation.inference_api import check_model_support, deployed_models


def the_published_examples(client: Client) -> None:
    response = client.generate("Why is the sky blue?")
    assert_type(response, t.Response)
    assert_type(response.generated_text, str)
    text = ""
    for event in client.generate_stream("Why is the sky blue?"):
        assert_type(event, t.StreamResponse)
        if not event.token.special:
            text += event.token.text


async def the_published_examples_awaited(client: AsyncClient) -> None:
    response = await client.generate("Why is the sky blue?")
    assert_type(response, t.Response)
    text = ""
    async for event in client.generate_stream("Why is the sky blue?"):
        assert_type(event, t.StreamResponse)
        text += event.token.text


def every_way_to_construct(session: requests.Session) -> None:
    Client("http://tgi")
    Client("http://tgi", {"Authorization": "Bearer x"}, {"cookie": "1"}, 10)
    with Client(
        "http://tgi", timeout=Timeouts(connect=1, silence=5), retries=Retries(3), session=session
    ) as client:
        assert_type(client, Client)

    def trace(event: TraceEvent) -> None:
        assert_type(event.at, float)

    Client("http://tgi", timeout=2.5, retries=2, trace=trace, model="m", omit_nulls=True)
    assert_type(InferenceAPIClient("bigscience/bloomz", token="x").generate("hi"), t.Response)
    assert_type(PublishedPlaceOfAsyncClient("http://tgi"), AsyncClient)


async def every_way_to_construct_awaited() -> None:
    async with AsyncClient("http://tgi", timeout=10, retries=1) as client:
        assert_type(client, AsyncClient)
    assert_type(await InferenceAPIAsyncClient("bigscience/bloomz").generate("hi"), t.Response)


def every_parameter_of_generate(client: Client) -> None:
    client.generate(
        "prompt", True, 20, 1, 1.1, 0.1, False, 1, ["."], 0.5, 10, 0.9, 100, 0.9, False, True, 3, None,
        adapter_id="a", timeout=5,
    )  # fmt: skip
    client.generate_stream(
        "prompt", True, 20, 1.1, 0.1, False, 1, ["."], 0.5, 10, 0.9, 100, 0.9, False, 3, None, adapter_id="a"
    )


def details_may_be_missing(client: Client) -> None:
    details = client.generate("prompt").details
    if details is not None:
        assert_type(details.finish_reason, t.FinishReason)
        assert_type(details.generated_tokens, int)
        assert_type(details.seed, int | None)
        assert_type(details.prefill[0].logprob, float | None)
        assert_type(details.tokens[0].id, int)


def the_other_routes(client: Client) -> None:
    assert_type(client.health(), bool)
    assert_type(client.info(), t.Info)
    assert_type([token.text for token in client.tokenize("text")], list[str])
    assert_type(client.completion("prompt", max_tokens=3), t.Completion)
    assert_type(client.completion("prompt", stream=True), Stream[t.CompletionChunk, t.Completion])
    client.metrics()
    client.models()
    client.chat_tokenize([{"role": "user", "content": "hi"}])
    client.close()


async def the_other_routes_awaited(client: AsyncClient) -> None:
    assert_type(await client.health(), bool)
    assert_type(await client.info(), t.Info)
    assert_type(await client.completion("prompt"), t.Completion)
    await client.tokenize("text")
    await client.metrics()
    await client.models()
    await client.chat_tokenize([{"role": "user", "content": "hi"}])
    await client.close()
    await client.aclose()


def a_conversation(client: Client, messages: list[dict[str, Any]]) -> None:
    assert_type(client.chat(messages), t.ChatComplete)
    chunks = client.chat(messages, stream=True)
    assert_type(chunks, Stream[t.ChatCompletionChunk, t.ChatComplete])
    for chunk in chunks:
        assert_type(chunk, t.ChatCompletionChunk)


async def a_conversation_awaited(client: AsyncClient, messages: list[dict[str, Any]]) -> None:
    assert_type(await client.chat(messages), t.ChatComplete)
    async for chunk in await client.chat(messages, stream=True):
        assert_type(chunk, t.ChatCompletionChunk)


def many_prompts(client: Client) -> None:
    for item in client.map(["one", "two"], concurrency=2, ordered=False, max_new_tokens=3):
        assert_type(item.index, int)


async def many_prompts_awaited(client: AsyncClient) -> None:
    async for item in client.map(["one", "two"], concurrency="adaptive", errors="first"):
        assert_type(item.index, int)


def a_stream_is_more_than_an_iterator(client: Client) -> None:
    with client.generate_stream("prompt") as stream:
        assert_type(stream, Stream[t.StreamResponse, t.Response])
        assert_type(next(stream), t.StreamResponse)
        assert_type(stream.text, str)
        assert_type(stream.meta, Meta)
        assert_type(stream.result(), t.Response)
        stream.close()
        stream.cancel()


async def an_async_stream_is_more_than_an_iterator(client: AsyncClient) -> None:
    stream = client.generate_stream("prompt")
    assert_type(stream, AsyncStream[t.StreamResponse, t.Response])
    assert_type(await stream.result(), t.Response)
    await stream.close()
    await stream.aclose()


def errors_have_facts(client: Client) -> None:
    try:
        client.generate("prompt")
    except (OverloadedError, RateLimitExceededError) as error:
        assert_type(error.retry_after, float | None)
    except ValidationError as error:
        assert_type(error.status, int | None)
    except TextGenerationError as error:
        assert_type(error.hint, str | None)
        assert_type(error.as_curl(), str)
    assert_type(parse_error(422, {"error": "no", "error_type": "validation"}), TextGenerationError)


def the_hosted_api() -> None:
    assert_type(deployed_models(), list[t.DeployedModel])
    assert_type(check_model_support("bigscience/bloomz"), bool)
