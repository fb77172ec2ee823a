"""What every client is asked through: one class for each, one method for each feature.

A method does what the client's own documentation says one does, no more: no retries, no checks, no repair.
A stream is an iterator of texts, an async client's an async one; closing it leaves the stream as that
documentation says. What a client cannot do stands in `cannot` with the reason, in place of a method; what it
asks in vain stands in `fails`, beside the method, with words of what comes of it and the reason.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

__all__ = [
    "OPENAI_FORMAT",
    "PICTURE",
    "PROMPT",
    "SCHEMA",
    "SHAPE",
    "SHAPE_ALONE",
    "TOOL",
    "USER",
    "Client",
    "joined",
    "seeing",
]

PROMPT: Final = "Why is the sky blue?"
USER: Final = [{"role": "user", "content": PROMPT}]
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["blue", "grey"]}},
    "required": ["colour"],
    "additionalProperties": False,
}
OPENAI_FORMAT: Final[dict[str, Any]] = {
    "type": "json_schema",
    "json_schema": {"name": "sky", "schema": SCHEMA, "strict": True},
}
"""A `response_format` as OpenAI has it."""
_CITY: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
TOOL: Final[dict[str, Any]] = {
    "type": "function",
    "function": {"name": "weather", "description": "Tells the weather of a city.", "parameters": _CITY},
}
PICTURE: Final = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
"""One pixel."""


SHAPE: Final = (
    "missing field `value`",
    "sends OpenAI's shape as it is; TGI reads `value` in place of `json_schema`, and answers 422",
)
"""Why a `response_format` of OpenAI's is refused, by TGI and so by the fake."""
SHAPE_ALONE: Final = {"structured_openai": SHAPE}


class Client:
    """One client at one server. `timeout` in seconds goes where the client takes one; `key` is the API key.

    `packages`: what `pip` or `npm` calls it, for the versions. The methods are the features in features.py;
    `whole` and `stream` are the two that faults are shown with.
    """

    title: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]
    language: ClassVar[str] = "Python"
    cannot: ClassVar[Mapping[str, str]] = {}
    fails: ClassVar[Mapping[str, tuple[str, str]]] = {}
    whole: ClassVar[str] = "chat"
    stream: ClassVar[str] = "chat_stream"
    notes: ClassVar[str] = ""

    def __init__(self, url: str, *, key: str = "-", timeout: float = 20.0) -> None:
        self.url = url
        self.key = key
        self.timeout = timeout

    def close(self) -> Any:
        """Lets go of its connections; a coroutine where the client wants one."""

    def give_up(self) -> None:
        """Ends a program of its own that would go on for ever; called from another thread."""


def seeing() -> list[dict[str, Any]]:
    """A question with a picture, in the parts of a message."""
    return [{"type": "text", "text": PROMPT}, {"type": "image_url", "image_url": {"url": PICTURE}}]


def joined(deltas: list[Any]) -> list[tuple[str, Any]]:
    """The one call that the pieces make up."""
    pieces = [call.function for delta in deltas for call in delta.tool_calls or ()]
    if not pieces:
        return []
    return [(pieces[0].name, json.loads("".join(piece.arguments or "" for piece in pieces)))]
