"""LlamaIndex: `HuggingFaceInferenceAPI` and `OpenAILike`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any, ClassVar

from llama_index.core.llms import ChatMessage, ImageBlock, TextBlock
from llama_index.core.tools import FunctionTool
from llama_index.llms.huggingface_api import HuggingFaceInferenceAPI
from llama_index.llms.openai_like import OpenAILike

from . import base

_BELOW = "is below LlamaIndex's interfaces"
_USER = [ChatMessage(role="user", content=base.PROMPT)]


class LlamaIndexHub(base.Client):
    """llama-index-llms-huggingface-api, over huggingface_hub."""

    title = "llama-index huggingface-api"
    packages = ("llama-index-llms-huggingface-api", "llama-index-core", "huggingface_hub")
    cannot: ClassVar[Mapping[str, str]] = {
        "tools": "turns `is_function_calling_model` off: function calling is not supported, it prints",
        "tools_stream": "turns `is_function_calling_model` off: function calling is not supported, it prints",
        "image": "sends the text of a message only",
        "completion": "has no call for `/v1/completions`",
        "completion_stream": "has no call for `/v1/completions`",
        "models": _BELOW,
        "health": _BELOW,
    }

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        at: dict[str, Any] = {
            "model_name": url, "provider": "hf-inference", "token": key, "timeout": timeout,
            "num_output": 200, "context_window": 4000,
        }  # fmt: skip
        self._chat = HuggingFaceInferenceAPI(**at)
        self._text = HuggingFaceInferenceAPI(task="text-generation", **at)

    def text(self) -> str:
        return self._text.complete(base.PROMPT, return_full_text=False).text

    def text_stream(self) -> Iterator[str]:
        with closing(self._text.stream_complete(base.PROMPT)) as stream:
            for answer in stream:
                yield answer.delta or ""

    def chat(self) -> str:
        return self._chat.chat(_USER).message.content or ""

    def chat_stream(self) -> Iterator[str]:
        with closing(self._chat.stream_chat(_USER)) as stream:
            for answer in stream:
                yield answer.delta or ""

    def structured(self) -> Any:
        grammar = {"type": "json", "value": base.SCHEMA}
        return json.loads(self._text.complete(base.PROMPT, grammar=grammar, return_full_text=False).text)

    def structured_chat(self) -> Any:
        form = {"type": "json", "value": base.SCHEMA}
        return json.loads(self._chat.chat(_USER, response_format=form).message.content or "")

    def structured_openai(self) -> Any:
        answer = self._chat.chat(_USER, response_format=base.OPENAI_FORMAT)
        return json.loads(answer.message.content or "")


class LlamaIndexOpenAI(base.Client):
    """llama-index-llms-openai-like, over openai."""

    title = "llama-index openai-like"
    packages = ("llama-index-llms-openai-like", "llama-index-core", "openai")
    fails: ClassVar[Mapping[str, tuple[str, str]]] = {
        "structured_openai": base.SHAPE,
        "leave": (
            "the server says",
            "a closed generator does not close the connection: the model goes on to the end",
        ),
    }
    cannot: ClassVar[Mapping[str, str]] = {
        "text": "has no call for TGI's own routes",
        "text_stream": "has no call for TGI's own routes",
        "structured": "has no call for TGI's own routes",
        "models": _BELOW,
        "health": _BELOW,
    }

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        super().__init__(url, key=key, timeout=timeout)
        at: dict[str, Any] = {
            "model": "tgi", "api_base": f"{url}/v1", "api_key": key, "timeout": timeout, "max_tokens": 200,
            "context_window": 4000,
        }  # fmt: skip
        self._chat = OpenAILike(is_chat_model=True, is_function_calling_model=True, **at)
        self._text = OpenAILike(is_chat_model=False, **at)

    def chat(self) -> str:
        return self._chat.chat(_USER).message.content or ""

    def chat_stream(self) -> Iterator[str]:
        with closing(self._chat.stream_chat(_USER)) as stream:
            for answer in stream:
                yield answer.delta or ""

    def tools(self) -> list[tuple[str, Any]]:
        answer = self._chat.chat_with_tools([_tool()], user_msg=base.PROMPT)
        return [(call.tool_name, call.tool_kwargs) for call in self._calls(answer)]

    def tools_stream(self) -> list[tuple[str, Any]]:
        *_, last = self._chat.stream_chat_with_tools([_tool()], user_msg=base.PROMPT)
        return [(call.tool_name, call.tool_kwargs) for call in self._calls(last)]

    def structured_chat(self) -> Any:
        form = {"type": "json_object", "value": base.SCHEMA}
        return json.loads(self._chat.chat(_USER, response_format=form).message.content or "")

    def structured_openai(self) -> Any:
        answer = self._chat.chat(_USER, response_format=base.OPENAI_FORMAT)
        return json.loads(answer.message.content or "")

    def completion(self) -> str:
        return self._text.complete(base.PROMPT).text

    def completion_stream(self) -> Iterator[str]:
        with closing(self._text.stream_complete(base.PROMPT)) as stream:
            for answer in stream:
                yield answer.delta or ""

    def image(self) -> str:
        message = ChatMessage(role="user", blocks=[TextBlock(text=base.PROMPT), ImageBlock(url=base.PICTURE)])
        return self._chat.chat([message]).message.content or ""

    def _calls(self, answer: Any) -> list[Any]:
        return self._chat.get_tool_calls_from_response(answer, error_on_no_tool_call=False)


def _tool() -> FunctionTool:
    def weather(city: str) -> str:
        """Tells the weather of a city."""
        return city

    return FunctionTool.from_defaults(weather)
