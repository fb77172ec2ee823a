"""The arguments of `chat` as the body of its request. No I/O.

Convenient forms become plain ones here: texts, paths and bytes among the parts of a message, functions among
the tools, OpenAI's response formats (TGI has shapes of its own, and refuses these).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from os import PathLike
from typing import Any

from .errors import ConfigurationError

__all__ = ["request"]


def request(
    *,
    messages: Any,
    tools: Any = None,
    tool_choice: Any = None,
    response_format: Any = None,
    output: Any = None,
    openai: bool = False,
    **others: Any,
) -> tuple[dict[str, Any], Callable[[Any], Any] | None]:
    """The request, and what reads a structured answer. `openai`: the server takes OpenAI's shapes."""
    parse = None
    if output is not None:
        from ._structured import plan

        if response_format is not None or tools:
            raise ConfigurationError("output: pass no tools and no response_format beside it")
        wanted = plan(output)
        response_format = wanted.response_format if openai else wanted.grammar
        parse = wanted.read
    if isinstance(messages, str):
        messages = [{"role": "user", "content": messages}]
    body = {
        "messages": [_message(message) for message in messages],
        "tools": None if tools is None else [_tool(one) for one in tools],
        "tool_choice": tool_choice.__name__ if callable(tool_choice) else tool_choice,
        "response_format": response_format if openai else _translated(response_format),
        **others,
    }
    return body, parse


def _tool(one: Any) -> Any:
    if callable(one):
        from .tools import tool

        return tool(one)
    return one


def _message(message: Any) -> Any:
    """A message whose parts are all parts."""
    if not isinstance(message, Mapping) or not isinstance(message.get("content"), list | tuple):
        return message
    return {**message, "content": [_part(part) for part in message["content"]]}


def _part(part: Any) -> Any:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if isinstance(part, bytes | PathLike) or hasattr(part, "save"):
        from .images import image

        return image(part)
    return part


def _translated(response_format: Any) -> Any:
    """TGI's shape for OpenAI's `json_schema` and `text`; anything else as it is."""
    if not isinstance(response_format, Mapping):
        return response_format
    if response_format.get("type") == "text":
        return None
    named = response_format.get("json_schema")
    if response_format.get("type") == "json_schema" and isinstance(named, Mapping) and "schema" in named:
        from ._schema import object_schema

        flat, wrapped = object_schema(named["schema"])
        return {"type": "json", "value": named["schema"] if wrapped else flat}
    return response_format
