"""LangChain: `HuggingFaceEndpoint` with `ChatHuggingFace`, and `ChatOpenAI` with `OpenAI`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, ClassVar

from langchain_huggingface import ChatHuggingFace, HuggingFaceEndpoint
from langchain_openai import ChatOpenAI, OpenAI

from . import base

_BELOW = "is below LangChain's interfaces"


class LangChainHub(base.Client):
    """langchain-huggingface, over huggingface_hub."""

    title = "langchain-huggingface"
    packages = ("langchain-huggingface", "langchain-core", "huggingface_hub")
    fails = base.SHAPE_ALONE
    whole, stream = "text", "text_stream"
    cannot: ClassVar[Mapping[str, str]] = {
        "completion": "has no call for `/v1/completions`",
        "completion_stream": "has no call for `/v1/completions`",
        "models": _BELOW,
        "health": _BELOW,
    }

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        self._llm = HuggingFaceEndpoint(
            endpoint_url=url,
            max_new_tokens=200,
            timeout=max(1, int(timeout)),
            server_kwargs={"headers": {"Authorization": f"Bearer {key}"}},
            provider="hf-inference",
        )
        self._chat = ChatHuggingFace(llm=self._llm)

    def text(self) -> str:
        return self._llm.invoke(base.PROMPT)

    def text_stream(self) -> Iterator[str]:
        with closing(self._llm.stream(base.PROMPT)) as stream:
            yield from stream

    def chat(self) -> str:
        return str(self._chat.invoke(base.PROMPT).content)

    def chat_stream(self) -> Iterator[str]:
        with closing(self._chat.stream(base.PROMPT)) as stream:
            for chunk in stream:
                yield str(chunk.content)

    def tools(self) -> list[tuple[str, Any]]:
        answer = self._chat.bind_tools([base.TOOL]).invoke(base.PROMPT)
        return [(call["name"], call["args"]) for call in answer.tool_calls]

    def tools_stream(self) -> list[tuple[str, Any]]:
        return _added(self._chat.bind_tools([base.TOOL]).stream(base.PROMPT))

    def structured(self) -> Any:
        return json.loads(self._llm.invoke(base.PROMPT, grammar={"type": "json", "value": base.SCHEMA}))

    def structured_chat(self) -> Any:
        form = {"type": "json", "value": base.SCHEMA}
        return json.loads(self._chat.invoke(base.PROMPT, response_format=form).content)

    def structured_openai(self) -> Any:
        schema = {"title": "sky", "description": "The sky.", **base.SCHEMA}
        return self._chat.with_structured_output(schema, method="json_schema").invoke(base.PROMPT)

    def image(self) -> str:
        return str(self._chat.invoke([{"role": "user", "content": base.seeing()}]).content)


class LangChainOpenAI(base.Client):
    """langchain-openai, over openai."""

    title = "langchain-openai"
    packages = ("langchain-openai", "langchain-core", "openai")
    fails = base.SHAPE_ALONE
    cannot: ClassVar[Mapping[str, str]] = {
        "text": "has no call for TGI's own routes",
        "text_stream": "has no call for TGI's own routes",
        "structured": "has no call for TGI's own routes",
        "models": _BELOW,
        "health": _BELOW,
    }

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        at: dict[str, Any] = {"base_url": f"{url}/v1", "api_key": key, "timeout": timeout, "model": "tgi"}
        # use_responses_api: the newest models of OpenAI's are asked by a route that TGI does not have
        self._chat = ChatOpenAI(max_tokens=200, use_responses_api=False, **at)
        self._llm = OpenAI(max_tokens=200, top_p=0.95, **at)  # its own 1 is refused: TGI wants less

    def chat(self) -> str:
        return str(self._chat.invoke(base.PROMPT).content)

    def chat_stream(self) -> Iterator[str]:
        with closing(self._chat.stream(base.PROMPT)) as stream:
            for chunk in stream:
                yield str(chunk.content)

    def tools(self) -> list[tuple[str, Any]]:
        answer = self._chat.bind_tools([base.TOOL]).invoke(base.PROMPT)
        return [(call["name"], call["args"]) for call in answer.tool_calls]

    def tools_stream(self) -> list[tuple[str, Any]]:
        return _added(self._chat.bind_tools([base.TOOL]).stream(base.PROMPT))

    def structured_chat(self) -> Any:
        form = {"type": "json_object", "value": base.SCHEMA}
        return json.loads(self._chat.invoke(base.PROMPT, response_format=form).content)

    def structured_openai(self) -> Any:
        schema = {"title": "sky", "description": "The sky.", **base.SCHEMA}
        return self._chat.with_structured_output(schema, method="json_schema").invoke(base.PROMPT)

    def completion(self) -> str:
        return self._llm.invoke(base.PROMPT)

    def completion_stream(self) -> Iterator[str]:
        with closing(self._llm.stream(base.PROMPT)) as stream:
            yield from stream

    def image(self) -> str:
        return str(self._chat.invoke([{"role": "user", "content": base.seeing()}]).content)


def _added(chunks: Iterator[Any]) -> list[tuple[str, Any]]:
    """Chunks are added up, as LangChain's documentation has it."""
    whole: Any = None
    for chunk in chunks:
        whole = chunk if whole is None else whole + chunk
    return [(call["name"], call["args"]) for call in whole.tool_calls]
