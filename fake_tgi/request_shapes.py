"""TGI's request types as tables: which fields, in which order, with which defaults and aliases.

Facts from router/src/lib.rs, vertex.rs and sagemaker.rs. The order is that of the array form; a field with
a default may be left out of both forms, an optional one without a default only of the object.
"""

from __future__ import annotations

from typing import Any

from . import requests as r
from .serde.enums import AdjacentlyTagged, InternallyTagged, Untagged, Variant
from .serde.reader import DecodeError
from .serde.shapes import (
    AnyJson,
    Boolean,
    Converted,
    Float32,
    Integer,
    Interned,
    ListOf,
    Null,
    Optional,
    Shape,
    Text,
)
from .serde.structs import Field, Struct

__all__ = [
    "CHAT_REQUEST",
    "COMPAT_GENERATE_REQUEST",
    "COMPLETION_REQUEST",
    "GENERATE_REQUEST",
    "SAGEMAKER_REQUEST",
    "VERTEX_REQUEST",
]

U32 = Integer("u32", 0, 2**32 - 1)
U64 = Integer("u64", 0, 2**64 - 1)
USIZE = Integer("usize", 0, 2**64 - 1)
I32 = Integer("i32", -(2**31), 2**31 - 1)
F32 = Float32()
BOOL = Boolean()
STRING = Text()
STRINGS = ListOf(STRING)
JSON = AnyJson()


def _nullable(name: str, shape: Shape[Any], *, aliases: tuple[str, ...] = ()) -> Field:
    """A field that null, and its absence anywhere, leaves at None."""
    return Field(name, Optional(shape), None, aliases)


def _prompts(prompts: str | tuple[str, ...]) -> tuple[str, ...]:
    if isinstance(prompts, str):
        return (prompts,)
    if not prompts:
        raise DecodeError("Empty array detected. Do not use an empty array for the prompt.")
    return prompts


def _auto(_null: None) -> r.ToolChoice:
    return "auto"


_CHOICES: dict[str, r.ToolChoice] = {"auto": "auto", "none": "none", "required": "required"}


def _named_choice(name: str) -> r.ToolChoice:
    return _CHOICES.get(name) or r.FunctionName(name)


def _function(function: r.FunctionName) -> r.ToolChoice:
    return function


JSON_SCHEMA_CONFIG = Struct(
    "struct JsonSchemaConfig",
    r.JsonSchemaGrammar,
    (Field("name", Optional(STRING)), Field("schema", JSON)),
)

GRAMMAR: AdjacentlyTagged[r.GrammarType] = AdjacentlyTagged(
    "GrammarType",
    "type",
    "value",
    (
        Variant(("json", "json_object"), Converted(JSON, r.JsonGrammar)),
        Variant(("regex",), Converted(STRING, r.RegexGrammar)),
        Variant(("json_schema",), JSON_SCHEMA_CONFIG),
    ),
)

GENERATE_PARAMETERS = Interned(
    Struct(
        "struct GenerateParameters",
        r.GenerateParameters,
        (
            _nullable("best_of", USIZE),
            _nullable("temperature", F32),
            _nullable("repetition_penalty", F32),
            _nullable("frequency_penalty", F32),
            _nullable("top_k", I32),
            _nullable("top_p", F32),
            _nullable("typical_p", F32),
            Field("do_sample", BOOL, False),
            _nullable("max_new_tokens", U32),
            _nullable("return_full_text", BOOL),
            Field("stop", STRINGS, ()),
            _nullable("truncate", USIZE),
            Field("watermark", BOOL, False),
            Field("details", BOOL, False),
            Field("decoder_input_details", BOOL, False),
            _nullable("seed", U64),
            _nullable("top_n_tokens", U32),
            _nullable("grammar", GRAMMAR),
            _nullable("adapter_id", STRING),
        ),
    )
)

GENERATE_REQUEST = Struct(
    "struct GenerateRequest",
    r.GenerateRequest,
    (Field("inputs", STRING), Field("parameters", GENERATE_PARAMETERS, r.DEFAULT_PARAMETERS)),
)

COMPAT_GENERATE_REQUEST = Struct(
    "struct CompatGenerateRequest",
    r.CompatGenerateRequest,
    (
        Field("inputs", STRING),
        Field("parameters", GENERATE_PARAMETERS, r.DEFAULT_PARAMETERS),
        Field("stream", BOOL, False),
    ),
)

URL = Struct("struct Url", r.Url, (Field("url", STRING),))

MESSAGE_CHUNK: InternallyTagged[r.MessageChunk] = InternallyTagged(
    "MessageChunk",
    "type",
    (
        Variant(
            ("text",), Struct("struct variant MessageChunk::Text", r.TextChunk, (Field("text", STRING),))
        ),
        Variant(
            ("image_url",),
            Struct("struct variant MessageChunk::ImageUrl", r.ImageUrlChunk, (Field("image_url", URL),)),
        ),
    ),
)

FUNCTION_DEFINITION = Struct(
    "struct FunctionDefinition",
    r.FunctionDefinition,
    (
        _nullable("description", STRING),
        Field("name", STRING),
        Field("arguments", JSON, aliases=("parameters",)),
    ),
)

TOOL = Struct("struct Tool", r.Tool, (Field("type", STRING), Field("function", FUNCTION_DEFINITION)))

TOOL_CALL = Struct(
    "struct ToolCall",
    r.ToolCall,
    (Field("id", STRING), Field("type", STRING), Field("function", FUNCTION_DEFINITION)),
)

MESSAGE_CONTENT: Untagged[Any] = Untagged("MessageContent", (STRING, ListOf(MESSAGE_CHUNK)))

MESSAGE_BODY: Untagged[r.MessageBody] = Untagged(
    "MessageBody",
    (
        Struct(
            "struct variant MessageBody::Content",
            r.ContentBody,
            (Field("content", MESSAGE_CONTENT),),
            arrays=False,
        ),
        Struct(
            "struct variant MessageBody::Tool",
            r.ToolBody,
            (Field("tool_calls", ListOf(TOOL_CALL)),),
            arrays=False,
        ),
    ),
)

MESSAGE = Struct(
    "struct Message",
    r.Message,
    (Field("role", STRING), _nullable("name", STRING)),
    flattened=Field("body", MESSAGE_BODY),
)

FUNCTION_NAME = Struct("struct FunctionName", r.FunctionName, (Field("name", STRING),))


TYPED_CHOICE: InternallyTagged[r.ToolChoice] = InternallyTagged(
    "TypedChoice",
    "type",
    (
        Variant(
            ("function",),
            Struct("struct variant TypedChoice::Function", _function, (Field("function", FUNCTION_NAME),)),
        ),
    ),
)

TOOL_CHOICE: Untagged[r.ToolChoice] = Untagged(
    "ToolTypeDeserializer",
    (Converted(Null(), _auto), Converted(STRING, _named_choice), TYPED_CHOICE),
)

STREAM_OPTIONS = Struct("struct StreamOptions", r.StreamOptions, (Field("include_usage", BOOL, False),))

CHAT_REQUEST = Struct(
    "struct ChatRequest",
    r.ChatRequest,
    (
        Field("model", Optional(STRING)),
        Field("messages", ListOf(MESSAGE)),
        _nullable("frequency_penalty", F32),
        _nullable("logit_bias", ListOf(F32)),
        _nullable("logprobs", BOOL),
        _nullable("top_logprobs", U32),
        _nullable("max_tokens", U32, aliases=("max_completion_tokens",)),
        _nullable("n", U32),
        _nullable("presence_penalty", F32),
        _nullable("stop", STRINGS),
        Field("stream", BOOL, False),
        Field("seed", Optional(U64)),
        _nullable("temperature", F32),
        _nullable("top_p", F32),
        _nullable("tools", ListOf(TOOL)),
        _nullable("tool_prompt", STRING),
        Field("tool_choice", TOOL_CHOICE, "auto"),
        _nullable("response_format", GRAMMAR),
        Field("stream_options", STREAM_OPTIONS, r.DEFAULT_STREAM_OPTIONS),
    ),
)

PROMPTS: Untagged[str | tuple[str, ...]] = Untagged("PromptDeserializer", (STRING, STRINGS))
PROMPT = Converted(PROMPTS, _prompts)

COMPLETION_REQUEST = Struct(
    "struct CompletionRequest",
    r.CompletionRequest,
    (
        Field("model", Optional(STRING)),
        Field("prompt", PROMPT),
        _nullable("max_tokens", U32),
        _nullable("temperature", F32),
        _nullable("top_p", F32),
        Field("stream", BOOL, False),
        Field("seed", Optional(U64)),
        _nullable("suffix", STRING),
        _nullable("repetition_penalty", F32),
        _nullable("frequency_penalty", F32),
        _nullable("stop", STRINGS),
    ),
)

VERTEX_INSTANCE: Untagged[r.VertexInstance] = Untagged(
    "VertexInstance",
    (
        Struct(
            "struct GenerateVertexInstance",
            r.GenerateVertexInstance,
            (Field("inputs", STRING), Field("parameters", Optional(GENERATE_PARAMETERS))),
        ),
        CHAT_REQUEST,
    ),
)

VERTEX_REQUEST = Struct(
    "struct VertexRequest", r.VertexRequest, (Field("instances", ListOf(VERTEX_INSTANCE)),)
)

SAGEMAKER_REQUEST: Untagged[r.SagemakerRequest] = Untagged(
    "SagemakerRequest", (COMPAT_GENERATE_REQUEST, CHAT_REQUEST, COMPLETION_REQUEST)
)
