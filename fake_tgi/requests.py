"""What each POST route accepts, once it has been read: TGI's request types, field for field.

Names, order and defaults are those of the router (router/src/lib.rs, vertex.rs, sagemaker.rs); order
matters because a JSON array in field order is accepted in place of an object. Nothing here validates: a
value of these types says only that the JSON had the right shape.

None and absent are one thing wherever a field may be None, as they are in the router. The one exception
is `parameters`: leaving it out gives `DEFAULT_PARAMETERS`, which sample; sending `{}` gives
`GenerateParameters()`, which do not. Numbers documented as 32-bit are Python floats that hold exactly the
32-bit value, infinity included.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from .quick_values import dataclass, unguarded

__all__ = [
    "DEFAULT_PARAMETERS",
    "ChatRequest",
    "CompatGenerateRequest",
    "CompletionRequest",
    "ContentBody",
    "FunctionDefinition",
    "FunctionName",
    "GenerateParameters",
    "GenerateRequest",
    "GenerateVertexInstance",
    "GrammarType",
    "ImageUrlChunk",
    "JsonGrammar",
    "JsonSchemaGrammar",
    "JsonValue",
    "Message",
    "MessageBody",
    "MessageChunk",
    "RegexGrammar",
    "Request",
    "SagemakerRequest",
    "StreamOptions",
    "TextChunk",
    "Tool",
    "ToolBody",
    "ToolCall",
    "ToolChoice",
    "Url",
    "VertexInstance",
    "VertexRequest",
]

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
"""Any JSON. Objects keep their key order (of a repeated key, the first place and the last value); integers
are -2**63 to 2**64-1, whatever is beyond is a float; `1` and `1.0` stay different."""


@dataclass(frozen=True, slots=True)
class JsonGrammar:
    """`{"type": "json" | "json_object", "value": any JSON}`."""

    value: JsonValue


@dataclass(frozen=True, slots=True)
class RegexGrammar:
    """`{"type": "regex", "value": string}`."""

    value: str


@dataclass(frozen=True, slots=True)
class JsonSchemaGrammar:
    """`{"type": "json_schema", "value": {"name"?, "schema"}}`."""

    schema: JsonValue
    name: str | None = None


GrammarType: TypeAlias = JsonGrammar | RegexGrammar | JsonSchemaGrammar


@dataclass(frozen=True, slots=True)
class GenerateParameters:
    """Parameters of the generate routes.

    `best_of`, `truncate` and `seed` are unsigned 64-bit, `max_new_tokens` and `top_n_tokens` unsigned
    32-bit, `top_k` signed 32-bit; the other numbers are 32-bit floats.
    """

    best_of: int | None = None
    temperature: float | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    typical_p: float | None = None
    do_sample: bool = False
    max_new_tokens: int | None = None
    return_full_text: bool | None = None
    stop: tuple[str, ...] = ()
    truncate: int | None = None
    watermark: bool = False
    details: bool = False
    decoder_input_details: bool = False
    seed: int | None = None
    top_n_tokens: int | None = None
    grammar: GrammarType | None = None
    adapter_id: str | None = None


DEFAULT_PARAMETERS = GenerateParameters(do_sample=True)
"""The parameters of a generate request that has none."""


@dataclass(frozen=True, slots=True)
@unguarded
class GenerateRequest:
    """`/generate`, `/generate_stream` and `/tokenize`.

    `add_special_tokens` cannot be sent: it is False only for what the router itself made of a chat.
    """

    inputs: str
    parameters: GenerateParameters = DEFAULT_PARAMETERS
    add_special_tokens: bool = True


@dataclass(frozen=True, slots=True)
@unguarded
class CompatGenerateRequest:
    """`/`, and the first reading of `/invocations`."""

    inputs: str
    parameters: GenerateParameters = DEFAULT_PARAMETERS
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Url:
    """Where an image is: an http(s) or data URL, unchecked."""

    url: str


@dataclass(frozen=True, slots=True)
class TextChunk:
    """`{"type": "text", "text": string}`."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageUrlChunk:
    """`{"type": "image_url", "image_url": {"url": string}}`."""

    image_url: Url


MessageChunk: TypeAlias = TextChunk | ImageUrlChunk


@dataclass(frozen=True, slots=True)
class FunctionDefinition:
    """A function offered (`arguments` is its JSON Schema, also accepted as `parameters`) or called."""

    name: str
    arguments: JsonValue
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool on offer. `type` may be any string."""

    type: str
    function: FunctionDefinition


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that an earlier assistant message made."""

    id: str
    type: str
    function: FunctionDefinition


@dataclass(frozen=True, slots=True)
class ContentBody:
    """A message with `content`: text, or chunks. Any `tool_calls` beside it were dropped."""

    content: str | tuple[MessageChunk, ...]


@dataclass(frozen=True, slots=True)
class ToolBody:
    """A message without usable `content` that has `tool_calls`."""

    tool_calls: tuple[ToolCall, ...]


MessageBody: TypeAlias = ContentBody | ToolBody


@dataclass(frozen=True, slots=True)
@unguarded
class Message:
    """One message of a conversation. `role` may be any string."""

    role: str
    body: MessageBody
    name: str | None = None


@dataclass(frozen=True, slots=True)
class FunctionName:
    """The one function that must be called."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | FunctionName


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How a chat is streamed."""

    include_usage: bool = False


DEFAULT_STREAM_OPTIONS = StreamOptions()


@dataclass(frozen=True, slots=True)
@unguarded
class ChatRequest:
    """`/v1/chat/completions` and `/chat_tokenize`.

    `max_tokens` (also `max_completion_tokens`), `top_logprobs` and `n` are unsigned 32-bit, `seed` unsigned
    64-bit; `frequency_penalty`, `logit_bias`, `presence_penalty`, `temperature` and `top_p` 32-bit floats.
    `tool_choice` null is "auto". An empty `stop` or `tools` is not None.
    """

    model: str | None = None
    messages: tuple[Message, ...] = ()
    frequency_penalty: float | None = None
    logit_bias: tuple[float, ...] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    max_tokens: int | None = None
    n: int | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] | None = None
    stream: bool = False
    seed: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: tuple[Tool, ...] | None = None
    tool_prompt: str | None = None
    tool_choice: ToolChoice = "auto"
    response_format: GrammarType | None = None
    stream_options: StreamOptions = DEFAULT_STREAM_OPTIONS


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """`/v1/completions`.

    `prompt` always holds at least one prompt; one string is one prompt. `max_tokens` is unsigned 32-bit,
    `seed` unsigned 64-bit; `temperature`, `top_p` and the penalties are 32-bit floats.
    """

    prompt: tuple[str, ...]
    model: str | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stream: bool = False
    seed: int | None = None
    suffix: str | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class GenerateVertexInstance:
    """One prompt of a `/vertex` request. `parameters` None: it was null or left out."""

    inputs: str
    parameters: GenerateParameters | None = None


VertexInstance: TypeAlias = GenerateVertexInstance | ChatRequest


@dataclass(frozen=True, slots=True)
class VertexRequest:
    """`/vertex`: every instance is one generation."""

    instances: tuple[VertexInstance, ...]


SagemakerRequest: TypeAlias = CompatGenerateRequest | ChatRequest | CompletionRequest
"""`/invocations`: the first of the three that fits."""

Request: TypeAlias = GenerateRequest | SagemakerRequest | VertexRequest
"""Any request that a route accepts."""
