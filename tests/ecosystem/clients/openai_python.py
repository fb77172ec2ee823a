"""openai for Python: `OpenAI` and `AsyncOpenAI` with a `base_url`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from openai import AsyncOpenAI, OpenAI

from . import base

_ASK: dict[str, Any] = {"model": "tgi", "max_tokens": 200}
# TGI's own shape, which the client sends as it is; OpenAI's is refused (see `structured_openai`).
_FORMAT: Any = {"type": "json_object", "value": base.SCHEMA}
_CANNOT = {
    "text": "has no call for TGI's own routes",
    "text_stream": "has no call for TGI's own routes",
    "structured": "has no call for TGI's own routes",
    "health": "has no call for `/health`",
}


class OpenAIPython(base.Client):
    """`OpenAI(base_url=URL/v1)`."""

    title = "openai.OpenAI"
    packages = ("openai",)
    fails = base.SHAPE_ALONE
    cannot = _CANNOT

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._client = OpenAI(base_url=f"{url}/v1", api_key=key, timeout=timeout)

    def close(self) -> None:
        self._client.close()

    def chat(self) -> str:
        answer = self._client.chat.completions.create(messages=base.USER, **_ASK)
        return answer.choices[0].message.content

    def chat_stream(self) -> Iterator[str]:
        with self._client.chat.completions.create(messages=base.USER, stream=True, **_ASK) as stream:
            for chunk in stream:
                yield chunk.choices[0].delta.content or ""

    def tools(self) -> list[tuple[str, Any]]:
        answer = self._client.chat.completions.create(messages=base.USER, tools=[base.TOOL], **_ASK)
        return called(answer.choices[0].message)

    def tools_stream(self) -> list[tuple[str, Any]]:
        made = self._client.chat.completions.create(
            messages=base.USER, tools=[base.TOOL], stream=True, **_ASK
        )
        with made as stream:
            return base.joined([chunk.choices[0].delta for chunk in stream])

    def structured_chat(self) -> Any:
        answer = self._client.chat.completions.create(messages=base.USER, response_format=_FORMAT, **_ASK)
        return json.loads(answer.choices[0].message.content)

    def structured_openai(self) -> Any:
        answer = self._client.chat.completions.create(
            messages=base.USER, response_format=base.OPENAI_FORMAT, **_ASK
        )
        return json.loads(answer.choices[0].message.content)

    def completion(self) -> str:
        return self._client.completions.create(prompt=base.PROMPT, **_ASK).choices[0].text

    def completion_stream(self) -> Iterator[str]:
        with self._client.completions.create(prompt=base.PROMPT, stream=True, **_ASK) as stream:
            for chunk in stream:
                yield chunk.choices[0].text

    def image(self) -> str:
        messages: Any = [{"role": "user", "content": base.seeing()}]
        answer = self._client.chat.completions.create(messages=messages, **_ASK)
        return answer.choices[0].message.content

    def models(self) -> list[str]:
        return [model.id for model in self._client.models.list()]


class OpenAIPythonAsync(base.Client):
    """`AsyncOpenAI(base_url=URL/v1)`."""

    title = "openai.AsyncOpenAI"
    packages = ("openai",)
    fails = base.SHAPE_ALONE
    cannot = _CANNOT

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._client = AsyncOpenAI(base_url=f"{url}/v1", api_key=key, timeout=timeout)

    async def close(self) -> None:
        await self._client.close()

    async def chat(self) -> str:
        answer = await self._client.chat.completions.create(messages=base.USER, **_ASK)
        return answer.choices[0].message.content

    async def chat_stream(self) -> AsyncIterator[str]:
        made = await self._client.chat.completions.create(messages=base.USER, stream=True, **_ASK)
        async with made as stream:
            async for chunk in stream:
                yield chunk.choices[0].delta.content or ""

    async def tools(self) -> list[tuple[str, Any]]:
        answer = await self._client.chat.completions.create(messages=base.USER, tools=[base.TOOL], **_ASK)
        return called(answer.choices[0].message)

    async def tools_stream(self) -> list[tuple[str, Any]]:
        made = await self._client.chat.completions.create(
            messages=base.USER, tools=[base.TOOL], stream=True, **_ASK
        )
        async with made as stream:
            return base.joined([chunk.choices[0].delta async for chunk in stream])

    async def structured_chat(self) -> Any:
        answer = await self._client.chat.completions.create(
            messages=base.USER, response_format=_FORMAT, **_ASK
        )
        return json.loads(answer.choices[0].message.content)

    async def structured_openai(self) -> Any:
        answer = await self._client.chat.completions.create(
            messages=base.USER, response_format=base.OPENAI_FORMAT, **_ASK
        )
        return json.loads(answer.choices[0].message.content)

    async def completion(self) -> str:
        return (await self._client.completions.create(prompt=base.PROMPT, **_ASK)).choices[0].text

    async def completion_stream(self) -> AsyncIterator[str]:
        async with await self._client.completions.create(prompt=base.PROMPT, stream=True, **_ASK) as stream:
            async for chunk in stream:
                yield chunk.choices[0].text

    async def image(self) -> str:
        messages: Any = [{"role": "user", "content": base.seeing()}]
        answer = await self._client.chat.completions.create(messages=messages, **_ASK)
        return answer.choices[0].message.content

    async def models(self) -> list[str]:
        return [model.id async for model in self._client.models.list()]


def called(message: Any) -> list[tuple[str, Any]]:
    """Each call's name and arguments."""
    return [(call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls or ()]
