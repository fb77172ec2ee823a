"""Chats: `/v1/chat/completions`, whole and streamed, and `/chat_tokenize`."""

from __future__ import annotations

from typing import Any

from pydantic import (
    BaseModel,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from ._answers import Answer
from ._grammar import Grammar
from ._server import SimpleToken
from ._tools import Tool, arguments_text, calls_in_one_shape

__all__ = [
    "ChatComplete",
    "ChatCompletionChunk",
    "ChatCompletionComplete",
    "ChatRequest",
    "ChatTokenizeResponse",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaToolCall",
    "Chunk",
    "Function",
    "Message",
]


class Chunk(BaseModel):
    """A part of a message: `type` "text" with `text`, or "image_url" with `image_url` `{"url": ...}`."""

    type: str
    text: str | None = None
    image_url: Any = None

    @model_serializer(mode="wrap")
    def _without_nulls(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in handler(self).items() if value is not None}


class Message(BaseModel):
    """One message of a chat."""

    role: str
    content: str | list[Chunk] | None = None
    name: str | None = None
    tool_calls: Any | None = None
    tool_call_id: str | None = None

    @field_validator("tool_calls", mode="after")
    @classmethod
    def _one_shape(cls, value: Any) -> Any:
        return calls_in_one_shape(value)

    @model_serializer(mode="wrap")
    def _published_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if data.get("tool_call_id") is None:
            data.pop("tool_call_id", None)
        return data


class ChatCompletionComplete(BaseModel):
    """One choice of a chat answer."""

    index: int = 0
    message: Message
    logprobs: Any | None = None
    finish_reason: str | None = None
    usage: Any | None = None


class Function(BaseModel):
    """A piece of a function call in a stream: the name comes once, the arguments in pieces of JSON text."""

    name: str | None = None
    arguments: str = ""

    @field_validator("arguments", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return "" if value is None else arguments_text(value)


class ChoiceDeltaToolCall(BaseModel):
    """A piece of a tool call in a stream."""

    index: int = 0
    id: str | None = None
    type: str | None = None
    function: Function

    @field_validator("id", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value


class ChoiceDelta(BaseModel):
    """What one chunk adds to a choice."""

    role: str | None = None
    content: str | None = None
    tool_calls: list[ChoiceDeltaToolCall] | None = None

    @field_validator("tool_calls", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value


class Choice(BaseModel):
    """One choice of a chunk."""

    index: int = 0
    delta: ChoiceDelta
    logprobs: dict[str, Any] | None = None
    finish_reason: str | None = None


class ChatCompletionChunk(BaseModel):
    """One event of a chat stream. The usage chunk has no choices."""

    id: str = ""
    object: str = "chat.completion.chunk"
    created: int = 0
    model: str = ""
    system_fingerprint: str | None = ""
    choices: list[Choice]
    usage: Any | None = None


class ChatComplete(Answer):
    """A whole chat answer."""

    id: str = ""
    object: str = "chat.completion"
    created: int = 0
    model: str = ""
    system_fingerprint: str | None = ""
    choices: list[ChatCompletionComplete]
    usage: Any = None


class ChatRequest(BaseModel):
    """The body of `/v1/chat/completions`. What follows `tool_choice` is newer than the published client
    and only sent when set."""

    model: str
    messages: list[Message]
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: list[float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    max_tokens: int | None = None
    n: int | None = None
    presence_penalty: float | None = None
    stream: bool = False
    seed: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[Tool] | None = None
    tool_choice: str | dict[str, Any] | None = None
    tool_prompt: str | None = None
    stop: list[str] | None = None
    response_format: Grammar | dict[str, Any] | None = None
    stream_options: dict[str, Any] | None = None


class ChatTokenizeResponse(Answer):
    """What `/chat_tokenize` returns: the tokens, and the text the chat template made of the messages."""

    tokenize_response: list[SimpleToken]
    templated_text: str
