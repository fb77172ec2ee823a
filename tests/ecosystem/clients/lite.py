"""litellm, by its provider `huggingface` (`/v1/chat/completions`) and `text-completion-openai`."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # or importing it asks the network for prices

import litellm

from . import base

litellm.suppress_debug_info = True  # it would print a request for feedback with every error

_BELOW = "is below litellm's interfaces"
_CANNOT = {
    "text": "its provider `huggingface` asks `/v1/chat/completions`, whatever it is given",
    "text_stream": "its provider `huggingface` asks `/v1/chat/completions`, whatever it is given",
    "structured": "has no call for TGI's own routes",
    "models": _BELOW,
    "health": _BELOW,
}


class Lite(base.Client):
    """`litellm.completion`."""

    title = "litellm"
    packages = ("litellm", "openai")
    fails = base.SHAPE_ALONE
    cannot = _CANNOT

    def _ask(self, **more: Any) -> Any:
        return litellm.completion(**_asked(self, more))

    def chat(self) -> str:
        return self._ask().choices[0].message.content

    def chat_stream(self) -> Iterator[str]:
        for chunk in self._ask(stream=True):
            yield chunk.choices[0].delta.content or ""

    def tools(self) -> list[tuple[str, Any]]:
        return _called(self._ask(tools=[base.TOOL]))

    def tools_stream(self) -> list[tuple[str, Any]]:
        return _called(litellm.stream_chunk_builder(list(self._ask(tools=[base.TOOL], stream=True))))

    def structured_chat(self) -> Any:
        form = {"type": "json_object", "value": base.SCHEMA}
        return json.loads(self._ask(response_format=form).choices[0].message.content)

    def structured_openai(self) -> Any:
        return json.loads(self._ask(response_format=base.OPENAI_FORMAT).choices[0].message.content)

    def completion(self) -> str:
        return litellm.text_completion(**_text(self)).choices[0].text

    def completion_stream(self) -> Iterator[str]:
        for chunk in litellm.text_completion(stream=True, **_text(self)):
            yield chunk.choices[0].text or ""

    def image(self) -> str:
        messages = [{"role": "user", "content": base.seeing()}]
        return self._ask(messages=messages).choices[0].message.content


class LiteAsync(base.Client):
    """`litellm.acompletion`."""

    title = "litellm (async)"
    packages = ("litellm", "openai")
    fails = base.SHAPE_ALONE
    cannot = _CANNOT

    async def _ask(self, **more: Any) -> Any:
        return await litellm.acompletion(**_asked(self, more))

    async def chat(self) -> str:
        return (await self._ask()).choices[0].message.content

    async def chat_stream(self) -> AsyncIterator[str]:
        async for chunk in await self._ask(stream=True):
            yield chunk.choices[0].delta.content or ""

    async def tools(self) -> list[tuple[str, Any]]:
        return _called(await self._ask(tools=[base.TOOL]))

    async def tools_stream(self) -> list[tuple[str, Any]]:
        chunks = [chunk async for chunk in await self._ask(tools=[base.TOOL], stream=True)]
        return _called(litellm.stream_chunk_builder(chunks))

    async def structured_chat(self) -> Any:
        form = {"type": "json_object", "value": base.SCHEMA}
        return json.loads((await self._ask(response_format=form)).choices[0].message.content)

    async def structured_openai(self) -> Any:
        answer = await self._ask(response_format=base.OPENAI_FORMAT)
        return json.loads(answer.choices[0].message.content)

    async def completion(self) -> str:
        return (await litellm.atext_completion(**_text(self))).choices[0].text

    async def completion_stream(self) -> AsyncIterator[str]:
        async for chunk in await litellm.atext_completion(stream=True, **_text(self)):
            yield chunk.choices[0].text or ""

    async def image(self) -> str:
        messages = [{"role": "user", "content": base.seeing()}]
        return (await self._ask(messages=messages)).choices[0].message.content


def _asked(client: base.Client, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "model": "huggingface/tgi", "api_base": client.url, "api_key": client.key, "timeout": client.timeout,
        "messages": base.USER, "max_tokens": 200, **more,
    }  # fmt: skip


def _text(client: base.Client) -> dict[str, Any]:
    return {
        "model": "text-completion-openai/tgi", "api_base": f"{client.url}/v1", "api_key": client.key,
        "timeout": client.timeout, "prompt": base.PROMPT, "max_tokens": 200,
    }  # fmt: skip


def _called(answer: Any) -> list[tuple[str, Any]]:
    calls = answer.choices[0].message.tool_calls or ()
    return [(call.function.name, json.loads(call.function.arguments)) for call in calls]
