"""huggingface_hub: `InferenceClient` and `AsyncInferenceClient`, sent to a URL of one's own by `model`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing
from typing import Any

from huggingface_hub import AsyncInferenceClient, InferenceClient

from . import base

# At a URL of one's own the client asks `/`, which repeats the prompt unless told not to.
_WHOLE: dict[str, Any] = {"max_new_tokens": 200, "return_full_text": False}
_CHAT: dict[str, Any] = {"max_tokens": 200}
_GRAMMAR: dict[str, Any] = {"type": "json", "value": base.SCHEMA}
_CANNOT = {
    "completion": "has no call for `/v1/completions`",
    "completion_stream": "has no call for `/v1/completions`",
    "models": "has no call for `/v1/models`; `get_endpoint_info` reads `/info`",
}


class Hub(base.Client):
    """`InferenceClient(model=URL)`."""

    title = "huggingface_hub.InferenceClient"
    packages = ("huggingface_hub",)
    cannot = _CANNOT
    whole, stream = "text", "text_stream"

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._client = InferenceClient(model=url, provider="hf-inference", token=key, timeout=timeout)

    def close(self) -> None:
        self._client.close()

    def text(self) -> str:
        return self._client.text_generation(base.PROMPT, **_WHOLE)

    def text_stream(self) -> Iterator[str]:
        with closing(self._client.text_generation(base.PROMPT, stream=True, **_WHOLE)) as stream:
            yield from stream

    def chat(self) -> str:
        return self._client.chat_completion(base.USER, **_CHAT).choices[0].message.content

    def chat_stream(self) -> Iterator[str]:
        with closing(self._client.chat_completion(base.USER, stream=True, **_CHAT)) as stream:
            for chunk in stream:
                yield chunk.choices[0].delta.content or ""

    def tools(self) -> list[tuple[str, Any]]:
        answer = self._client.chat_completion(base.USER, tools=[base.TOOL], **_CHAT)
        calls = answer.choices[0].message.tool_calls or []
        return [(call.function.name, json.loads(call.function.arguments)) for call in calls]

    def tools_stream(self) -> list[tuple[str, Any]]:
        with closing(self._client.chat_completion(base.USER, tools=[base.TOOL], stream=True, **_CHAT)) as s:
            return base.joined([chunk.choices[0].delta for chunk in s])

    def structured(self) -> Any:
        return json.loads(self._client.text_generation(base.PROMPT, grammar=_GRAMMAR, **_WHOLE))

    def structured_chat(self) -> Any:
        answer = self._client.chat_completion(base.USER, response_format=_GRAMMAR, **_CHAT)
        return json.loads(answer.choices[0].message.content)

    def structured_openai(self) -> Any:
        answer = self._client.chat_completion(base.USER, response_format=base.OPENAI_FORMAT, **_CHAT)
        return json.loads(answer.choices[0].message.content)

    def image(self) -> str:
        messages = [{"role": "user", "content": base.seeing()}]
        return self._client.chat_completion(messages, **_CHAT).choices[0].message.content

    def health(self) -> bool:
        return self._client.health_check(model=self.url)


class HubAsync(base.Client):
    """`AsyncInferenceClient(model=URL)`."""

    title = "huggingface_hub.AsyncInferenceClient"
    packages = ("huggingface_hub",)
    cannot = _CANNOT
    whole, stream = "text", "text_stream"

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._client = AsyncInferenceClient(model=url, provider="hf-inference", token=key, timeout=timeout)

    async def close(self) -> None:
        await self._client.close()

    async def text(self) -> str:
        return await self._client.text_generation(base.PROMPT, **_WHOLE)

    async def text_stream(self) -> AsyncIterator[str]:
        async with aclosing(await self._client.text_generation(base.PROMPT, stream=True, **_WHOLE)) as stream:
            async for piece in stream:
                yield piece

    async def chat(self) -> str:
        return (await self._client.chat_completion(base.USER, **_CHAT)).choices[0].message.content

    async def chat_stream(self) -> AsyncIterator[str]:
        async with aclosing(await self._client.chat_completion(base.USER, stream=True, **_CHAT)) as stream:
            async for chunk in stream:
                yield chunk.choices[0].delta.content or ""

    async def tools(self) -> list[tuple[str, Any]]:
        answer = await self._client.chat_completion(base.USER, tools=[base.TOOL], **_CHAT)
        calls = answer.choices[0].message.tool_calls or []
        return [(call.function.name, json.loads(call.function.arguments)) for call in calls]

    async def tools_stream(self) -> list[tuple[str, Any]]:
        made = await self._client.chat_completion(base.USER, tools=[base.TOOL], stream=True, **_CHAT)
        async with aclosing(made) as stream:
            return base.joined([chunk.choices[0].delta async for chunk in stream])

    async def structured(self) -> Any:
        return json.loads(await self._client.text_generation(base.PROMPT, grammar=_GRAMMAR, **_WHOLE))

    async def structured_chat(self) -> Any:
        answer = await self._client.chat_completion(base.USER, response_format=_GRAMMAR, **_CHAT)
        return json.loads(answer.choices[0].message.content)

    async def structured_openai(self) -> Any:
        answer = await self._client.chat_completion(base.USER, response_format=base.OPENAI_FORMAT, **_CHAT)
        return json.loads(answer.choices[0].message.content)

    async def image(self) -> str:
        messages = [{"role": "user", "content": base.seeing()}]
        return (await self._client.chat_completion(messages, **_CHAT)).choices[0].message.content

    async def health(self) -> bool:
        return await self._client.health_check(model=self.url)
