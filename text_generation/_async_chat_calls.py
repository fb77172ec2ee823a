"""The calls of AsyncClient on TGI's OpenAI-style routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, overload

from ._async_caller import AsyncCaller
from ._base import CallOptions, off_at_one

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from . import types as t
    from .async_stream import AsyncStream

__all__ = ["AsyncChatCalls"]


class AsyncChatCalls(AsyncCaller):
    """Conversations and completions."""

    @overload
    async def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        stream: Literal[False] = False,
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        *,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatComplete: ...

    @overload
    async def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        *,
        stream: Literal[True],
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> AsyncStream[t.ChatCompletionChunk, t.ChatComplete]: ...

    @overload
    async def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        stream: bool = False,
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        *,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatComplete | AsyncStream[t.ChatCompletionChunk, t.ChatComplete]: ...

    async def chat(
        self,
        messages: Any,
        repetition_penalty: float | None = None,
        frequency_penalty: float | None = None,
        logit_bias: list[float] | None = None,
        logprobs: bool | None = None,
        top_logprobs: int | None = None,
        max_tokens: int | None = None,
        n: int | None = None,
        presence_penalty: float | None = None,
        stream: bool = False,
        seed: int | None = None,
        temperature: float | None = None,
        top_p: float | None = None,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        *,
        tool_prompt: str | None = None,
        stop: list[str] | None = None,
        response_format: Any = None,
        stream_options: Mapping[str, Any] | None = None,
        output: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatComplete | AsyncStream[t.ChatCompletionChunk, t.ChatComplete]:
        """Answer a conversation.

        The body is checked at once; with `stream=True` the request is sent when the stream is first read.

        Args:
            messages: `Message`s or dicts with `role` and `content` (text, or a list of parts).
            frequency_penalty: From -2.0 to 2.0.
            logprobs: Whether to report log-probabilities; `top_logprobs` of the likeliest at each step.
            max_tokens: Most tokens to generate.
            presence_penalty: From -2.0 (excluded) to 2.0.
            temperature: 0 picks the likeliest token; not set, the server samples at 1.0.
            tools: `Tool`s, dicts, or typed Python functions.
            tool_choice: "auto", "none", "required", a function's name, or its dict.
            response_format: A `Grammar` or its dict, or an OpenAI-style one.
            stream_options: `{"include_usage": True}` for token counts at the end of a stream.
            output: A type the answer must fit: see `generate`.
        """
        from . import _chat
        from ._operations import chat

        request, parse = _chat.request(
            messages=messages,
            repetition_penalty=repetition_penalty,
            frequency_penalty=frequency_penalty,
            logit_bias=logit_bias,
            logprobs=logprobs,
            top_logprobs=top_logprobs,
            max_tokens=max_tokens,
            n=n,
            presence_penalty=presence_penalty,
            stream=stream,
            seed=seed,
            temperature=temperature,
            top_p=off_at_one(top_p),
            tools=tools,
            tool_choice=tool_choice,
            tool_prompt=tool_prompt,
            stop=stop,
            response_format=response_format,
            stream_options=stream_options,
            output=output,
            openai=options.get("omit_nulls", self._omit_nulls),
        )
        operation = chat(self._target(options), request, parse)
        if stream:
            return self._stream(lambda: operation, options)
        return await self._call(operation, options)

    @overload
    async def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        stream: Literal[False] = False,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        *,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> t.Completion: ...

    @overload
    async def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        *,
        stream: Literal[True],
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> AsyncStream[t.CompletionChunk, t.Completion]: ...

    @overload
    async def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        stream: bool = False,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        *,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> t.Completion | AsyncStream[t.CompletionChunk, t.Completion]: ...

    async def completion(
        self,
        prompt: str | list[str],
        frequency_penalty: float | None = None,
        max_tokens: int | None = None,
        repetition_penalty: float | None = None,
        seed: int | None = None,
        stream: bool = False,
        temperature: float | None = None,
        top_p: float | None = None,
        stop: list[str] | None = None,
        *,
        suffix: str | None = None,
        **options: Unpack[CallOptions],
    ) -> t.Completion | AsyncStream[t.CompletionChunk, t.Completion]:
        """Continue one prompt, or several at once (`/v1/completions`). TGI refuses any `suffix`."""
        from ._operations import completion

        request = {
            "prompt": prompt,
            "frequency_penalty": frequency_penalty,
            "max_tokens": max_tokens,
            "repetition_penalty": repetition_penalty,
            "seed": seed,
            "stream": stream,
            "temperature": temperature,
            "top_p": off_at_one(top_p),
            "stop": stop,
            "suffix": suffix,
        }
        operation = completion(self._target(options), request)
        if stream:
            return self._stream(lambda: operation, options)
        return await self._call(operation, options)

    async def chat_tokenize(
        self,
        messages: list[Any],
        *,
        tools: list[Any] | None = None,
        tool_choice: Any = None,
        tool_prompt: str | None = None,
        response_format: Any = None,
        **options: Unpack[CallOptions],
    ) -> t.ChatTokenizeResponse:
        """The prompt that the chat template makes of a conversation, and its tokens."""
        from . import _chat
        from ._operations import chat_tokenize

        request, _ = _chat.request(
            messages=messages,
            tools=tools,
            tool_choice=tool_choice,
            tool_prompt=tool_prompt,
            response_format=response_format,
        )
        return await self._call(chat_tokenize(self._target(options), request), options)
