"""This project's own clients."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from text_generation import AsyncClient, Client

from . import base

_WHOLE: dict[str, Any] = {"max_new_tokens": 200}
_CHAT: dict[str, Any] = {"max_tokens": 200}
_GRAMMAR: dict[str, Any] = {"type": "json", "value": base.SCHEMA}


class Ours(base.Client):
    """`text_generation.Client`."""

    title = "text_generation.Client"
    packages = ("text-generation",)
    whole, stream = "text", "text_stream"

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._client = Client(url, {"Authorization": f"Bearer {key}"}, timeout=timeout)

    def close(self) -> None:
        self._client.close()

    def text(self) -> str:
        return self._client.generate(base.PROMPT, **_WHOLE).generated_text

    def text_stream(self) -> Iterator[str]:
        with self._client.generate_stream(base.PROMPT, **_WHOLE) as stream:
            for item in stream:
                if not item.token.special:
                    yield item.token.text

    def chat(self) -> str:
        return self._client.chat(base.USER, **_CHAT).choices[0].message.content or ""

    def chat_stream(self) -> Iterator[str]:
        with self._client.chat(base.USER, stream=True, **_CHAT) as stream:
            for chunk in stream:
                yield chunk.choices[0].delta.content or ""

    def tools(self) -> list[tuple[str, Any]]:
        answer = self._client.chat(base.USER, tools=[base.TOOL], **_CHAT)
        return _calls(answer)

    def tools_stream(self) -> list[tuple[str, Any]]:
        with self._client.chat(base.USER, tools=[base.TOOL], stream=True, **_CHAT) as stream:
            answer = stream.result()
        return _calls(answer)

    def structured(self) -> Any:
        return json.loads(self._client.generate(base.PROMPT, grammar=_GRAMMAR, **_WHOLE).generated_text)

    def structured_chat(self) -> Any:
        answer = self._client.chat(base.USER, response_format=_GRAMMAR, **_CHAT)
        return json.loads(answer.choices[0].message.content or "")

    def structured_openai(self) -> Any:
        answer = self._client.chat(base.USER, response_format=base.OPENAI_FORMAT, **_CHAT)
        return json.loads(answer.choices[0].message.content or "")

    def completion(self) -> str:
        return self._client.completion(base.PROMPT, **_CHAT).choices[0].text

    def completion_stream(self) -> Iterator[str]:
        with self._client.completion(base.PROMPT, stream=True, **_CHAT) as stream:
            for chunk in stream:
                yield chunk.choices[0].text

    def image(self) -> str:
        return self._client.chat(_seen(), **_CHAT).choices[0].message.content or ""

    def models(self) -> list[str]:
        return [model.id for model in self._client.models()]

    def health(self) -> bool:
        return self._client.health()


class OursAsync(base.Client):
    """`text_generation.AsyncClient`."""

    title = "text_generation.AsyncClient"
    packages = ("text-generation",)
    whole, stream = "text", "text_stream"

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._client = AsyncClient(url, {"Authorization": f"Bearer {key}"}, timeout=timeout)

    async def close(self) -> None:
        await self._client.close()

    async def text(self) -> str:
        return (await self._client.generate(base.PROMPT, **_WHOLE)).generated_text

    async def text_stream(self) -> AsyncIterator[str]:
        async with self._client.generate_stream(base.PROMPT, **_WHOLE) as stream:
            async for item in stream:
                if not item.token.special:
                    yield item.token.text

    async def chat(self) -> str:
        return (await self._client.chat(base.USER, **_CHAT)).choices[0].message.content or ""

    async def chat_stream(self) -> AsyncIterator[str]:
        async with await self._client.chat(base.USER, stream=True, **_CHAT) as stream:
            async for chunk in stream:
                yield chunk.choices[0].delta.content or ""

    async def tools(self) -> list[tuple[str, Any]]:
        answer = await self._client.chat(base.USER, tools=[base.TOOL], **_CHAT)
        return _calls(answer)

    async def tools_stream(self) -> list[tuple[str, Any]]:
        stream = await self._client.chat(base.USER, tools=[base.TOOL], stream=True, **_CHAT)
        async with stream:
            answer = await stream.result()
        return _calls(answer)

    async def structured(self) -> Any:
        answer = await self._client.generate(base.PROMPT, grammar=_GRAMMAR, **_WHOLE)
        return json.loads(answer.generated_text)

    async def structured_chat(self) -> Any:
        answer = await self._client.chat(base.USER, response_format=_GRAMMAR, **_CHAT)
        return json.loads(answer.choices[0].message.content or "")

    async def structured_openai(self) -> Any:
        answer = await self._client.chat(base.USER, response_format=base.OPENAI_FORMAT, **_CHAT)
        return json.loads(answer.choices[0].message.content or "")

    async def completion(self) -> str:
        return (await self._client.completion(base.PROMPT, **_CHAT)).choices[0].text

    async def completion_stream(self) -> AsyncIterator[str]:
        async with await self._client.completion(base.PROMPT, stream=True, **_CHAT) as stream:
            async for chunk in stream:
                yield chunk.choices[0].text

    async def image(self) -> str:
        return (await self._client.chat(_seen(), **_CHAT)).choices[0].message.content or ""

    async def models(self) -> list[str]:
        return [model.id for model in await self._client.models()]

    async def health(self) -> bool:
        return await self._client.health()


def _calls(answer: Any) -> list[tuple[str, Any]]:
    calls = answer.choices[0].message.tool_calls or ()
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls]


def _seen() -> list[dict[str, Any]]:
    return [{"role": "user", "content": base.seeing()}]
