"""What goes out and what comes back, as pydantic models with TGI's own field names.

The published models keep their fields, order, defaults and messages. They are wider on the way in: fields
that other servers leave out or add do not fail, an unknown `finish_reason` becomes a member of its own, and
tool calls have one shape whichever a server version sends.
"""

from __future__ import annotations

import json
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from .errors import ValidationError

if TYPE_CHECKING:
    from .meta import Meta

_T = TypeVar("_T")

__all__ = [
    "AnswerList",
    "AnswerText",
    "BestOfSequence",
    "ChatComplete",
    "ChatCompletionChunk",
    "ChatCompletionComplete",
    "ChatRequest",
    "ChatTokenizeResponse",
    "Choice",
    "ChoiceDelta",
    "ChoiceDeltaToolCall",
    "Chunk",
    "Completion",
    "CompletionChunk",
    "CompletionComplete",
    "CompletionRequest",
    "DeployedModel",
    "Details",
    "FinishReason",
    "Function",
    "FunctionCall",
    "Grammar",
    "GrammarType",
    "Info",
    "InputToken",
    "Message",
    "Model",
    "Parameters",
    "PrefillToken",
    "Request",
    "Response",
    "SimpleToken",
    "StreamDetails",
    "StreamResponse",
    "Token",
    "Tool",
    "ToolCall",
]


class _Answer(BaseModel):
    """An answer of the server: `.meta` says how it came about, without being one of its fields."""

    __slots__ = ("_meta", "_parsed")

    @property
    def meta(self) -> Meta | None:
        """Status, headers and timings of the call; None for a model built by hand."""
        return getattr(self, "_meta", None)

    @property
    def parsed(self) -> Any:
        """The validated object, when the call asked for one with `output=`; else None."""
        return getattr(self, "_parsed", None)


class AnswerList(list[_T]):
    """A list of things the server told, with the call's `.meta`."""

    _meta: Meta | None = None

    @property
    def meta(self) -> Meta | None:
        """How the answer came about."""
        return self._meta


class AnswerText(str):
    """A text the server told, with the call's `.meta`."""

    _meta: Meta | None = None

    @property
    def meta(self) -> Meta | None:
        """How the answer came about."""
        return self._meta


class GrammarType(str, Enum):
    """What a grammar's value is. `JsonSchema` is the named form: `{"name": ..., "schema": ...}`."""

    Json = "json"
    Regex = "regex"
    JsonSchema = "json_schema"


class Grammar(BaseModel):
    """A constraint on the answer: a JSON Schema object (or its text), or a regular expression."""

    type: GrammarType
    value: str | dict[str, Any]


class _Subscriptable(BaseModel):
    """Readable as the dict it once was: published code reads tool calls with `call["function"]`."""

    def __getitem__(self, key: str) -> Any:
        if key in type(self).model_fields:
            return getattr(self, key)
        raise KeyError(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As `dict.get`."""
        return getattr(self, key) if key in type(self).model_fields else default

    def keys(self) -> list[str]:
        """As `dict.keys`."""
        return list(type(self).model_fields)


def _arguments_text(value: Any) -> Any:
    """Arguments as the JSON text that OpenAI and TGI 3.3 send; older servers sent the object itself."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class FunctionCall(_Subscriptable):
    """The function a tool call names. `arguments` is JSON text, whichever form the server sent."""

    name: str | None = None
    arguments: str = "{}"
    description: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_shape(cls, data: Any) -> Any:
        if isinstance(data, dict):
            data = dict(data)
            given = data.get("arguments", data.pop("parameters", None))
            data["arguments"] = "{}" if given is None else _arguments_text(given)
        return data

    @property
    def parsed(self) -> Any:
        """The arguments as an object. Raises `json.JSONDecodeError` when the model was cut off."""
        return json.loads(self.arguments or "{}")


class ToolCall(_Subscriptable):
    """One call of a tool, as the model asks for it. TGI's `id` is text; older servers sent a number."""

    id: int | str = "0"
    type: str = "function"
    function: FunctionCall


def _tool_calls(value: Any) -> Any:
    """A list of tool calls out of a list, or out of the single object that TGI 2.0 sent."""
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list) and all(isinstance(c, ToolCall) or _has_function(c) for c in value):
        return [c if isinstance(c, ToolCall) else ToolCall.model_validate(c) for c in value]
    return value


def _has_function(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("function"), dict)


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
        return _tool_calls(value)

    @model_serializer(mode="wrap")
    def _published_fields(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = handler(self)
        if data.get("tool_call_id") is None:
            data.pop("tool_call_id", None)
        return data


class Tool(BaseModel):
    """A function the model may call; `function` has `name`, `description` and `parameters` (JSON Schema)."""

    type: str
    function: dict[str, Any]


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
        return "" if value is None else _arguments_text(value)


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


class ChatComplete(_Answer):
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


class CompletionRequest(BaseModel):
    """The body of `/v1/completions`. `prompt` may be a list; each has its own choice in the answer."""

    model: str
    prompt: str | list[str]
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    max_tokens: int | None = None
    stream: bool = False
    seed: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: list[str] | None = None
    suffix: str | None = None


class CompletionComplete(BaseModel):
    """One choice of a completion. In a stream, `finish_reason` is "" until the prompt's last event."""

    index: int = 0
    text: str
    logprobs: Any | None = None
    finish_reason: str | None = None


class Completion(_Answer):
    """A whole completion. `choices` are in the order in which the server finished them: see `index`."""

    id: str = ""
    object: str = "text_completion"
    created: int = 0
    model: str = ""
    system_fingerprint: str | None = ""
    choices: list[CompletionComplete]
    usage: Any | None = None


class CompletionChunk(BaseModel):
    """One event of a completion stream."""

    id: str = ""
    object: str = "text_completion"
    created: int = 0
    model: str = ""
    system_fingerprint: str | None = ""
    choices: list[CompletionComplete]
    usage: Any | None = None


def _positive(name: str) -> Any:
    """A validator: above zero, or not set."""

    def check(value: float | None) -> float | None:
        if value is not None and value <= 0:
            raise ValidationError(f"`{name}` must be strictly positive")
        return value

    return field_validator(name)(check)


def _fraction(name: str) -> Any:
    """A validator: strictly between zero and one, or not set."""

    def check(value: float | None) -> float | None:
        if value is not None and (value <= 0 or value >= 1.0):
            raise ValidationError(f"`{name}` must be > 0.0 and < 1.0")
        return value

    return field_validator(name)(check)


class Parameters(BaseModel):
    """Parameters of a generation. The order of the fields matters: `best_of` looks at those before it."""

    do_sample: bool = False
    max_new_tokens: int = 20
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    return_full_text: bool = False
    stop: list[str] = []
    seed: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    truncate: int | None = None
    typical_p: float | None = None
    best_of: int | None = None
    watermark: bool = False
    details: bool = False
    decoder_input_details: bool = False
    top_n_tokens: int | None = None
    grammar: Grammar | None = None

    @field_validator("best_of")
    @classmethod
    def valid_best_of(cls, value: int | None, info: ValidationInfo) -> int | None:
        """Positive; more than one needs sampling and no seed. Fields that failed themselves do not count."""
        if value is None:
            return value
        if value <= 0:
            raise ValidationError("`best_of` must be strictly positive")
        if value > 1:
            if info.data.get("seed") is not None:
                raise ValidationError("`seed` must not be set when `best_of` is > 1")
            sampling = ("temperature", "top_k", "top_p", "typical_p")
            if not all(name in info.data for name in (*sampling, "do_sample", "seed")):
                return value
            if not info.data["do_sample"] and all(info.data[name] is None for name in sampling):
                raise ValidationError("you must use sampling when `best_of` is > 1")
        return value

    valid_repetition_penalty = _positive("repetition_penalty")
    valid_frequency_penalty = _positive("frequency_penalty")
    valid_temp = _positive("temperature")
    valid_top_k = _positive("top_k")
    valid_truncate = _positive("truncate")
    valid_top_n_tokens = _positive("top_n_tokens")
    valid_top_p = _fraction("top_p")
    valid_typical_p = _fraction("typical_p")

    @field_validator("seed")
    @classmethod
    def valid_seed(cls, value: int | None) -> int | None:
        """Zero or more."""
        if value is not None and value < 0:
            raise ValidationError("`seed` must be positive")
        return value

    @field_validator("grammar")
    @classmethod
    def valid_grammar(cls, value: Grammar | None) -> Grammar | None:
        """Not empty."""
        if value is not None and not value.value:
            raise ValidationError(f"`value` cannot be empty for `{value.type.value}` grammar")
        return value


class Request(BaseModel):
    """The body of `/`, `/generate` and `/generate_stream`."""

    inputs: str
    parameters: Parameters | None = None
    stream: bool = False

    @field_validator("inputs")
    @classmethod
    def valid_input(cls, value: str) -> str:
        """Not empty."""
        if not value:
            raise ValidationError("`inputs` cannot be empty")
        return value

    @field_validator("stream")
    @classmethod
    def valid_best_of_stream(cls, value: bool, info: ValidationInfo) -> bool:
        """A stream has one sequence."""
        parameters = info.data.get("parameters")
        if value and parameters is not None and parameters.best_of is not None and parameters.best_of > 1:
            raise ValidationError("`best_of` != 1 is not supported when `stream` == True")
        return value


class InputToken(BaseModel):
    """A token of the prompt. The first one has no `logprob`."""

    id: int
    text: str
    logprob: float | None = None


PrefillToken = InputToken
"""The name of `InputToken` before 0.6."""


class Token(BaseModel):
    """A generated token. Leave `special` ones out when joining texts."""

    id: int
    text: str
    logprob: float | None = None
    special: bool = False


class FinishReason(str, Enum):
    """Why a generation ended. A reason unknown to this version is a member of its own, with its value."""

    Length = "length"
    EndOfSequenceToken = "eos_token"
    StopSequence = "stop_sequence"

    @classmethod
    def _missing_(cls, value: object) -> FinishReason | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member


class BestOfSequence(BaseModel):
    """One of the other sequences of a `best_of` generation."""

    generated_text: str
    finish_reason: FinishReason
    generated_tokens: int
    seed: int | None = None
    prefill: list[InputToken] = []
    tokens: list[Token] = []
    top_tokens: list[list[Token]] | None = None


class Details(BaseModel):
    """Details of a generation. `prefill` is empty unless `decoder_input_details` was asked for."""

    finish_reason: FinishReason
    generated_tokens: int
    seed: int | None = None
    prefill: list[InputToken] = []
    tokens: list[Token] = []
    top_tokens: list[list[Token]] | None = None
    best_of_sequences: list[BestOfSequence] | None = None


class Response(_Answer):
    """What `generate` returns. `details` is None only when a server other than TGI left it out."""

    generated_text: str
    details: Details | None = None


class StreamDetails(BaseModel):
    """Details of a streamed generation, on its last event. `input_length` counts prompt tokens."""

    finish_reason: FinishReason
    generated_tokens: int
    seed: int | None = None
    input_length: int | None = None


class StreamResponse(BaseModel):
    """One event of a stream. The last one has `generated_text` and `details`. `index` counts from 1."""

    token: Token
    top_tokens: list[Token] | None = None
    generated_text: str | None = None
    details: StreamDetails | None = None
    index: int | None = None


class DeployedModel(BaseModel):
    """A model that the hosted API serves with TGI."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: str
    sha: str


class SimpleToken(BaseModel):
    """A token of `/tokenize`; `start` and `stop` are byte offsets into the text."""

    id: int
    text: str
    start: int
    stop: int


class ChatTokenizeResponse(_Answer):
    """What `/chat_tokenize` returns: the tokens, and the text the chat template made of the messages."""

    tokenize_response: list[SimpleToken]
    templated_text: str


class Info(_Answer):
    """What `/info` returns. Fields of other server versions are kept as extra attributes."""

    model_config = ConfigDict(protected_namespaces=(), extra="allow")

    model_id: str
    model_sha: str | None = None
    model_pipeline_tag: str | None = None
    max_concurrent_requests: int | None = None
    max_best_of: int | None = None
    max_stop_sequences: int | None = None
    max_input_tokens: int | None = None
    max_total_tokens: int | None = None
    validation_workers: int | None = None
    max_client_batch_size: int | None = None
    router: str | None = None
    version: str | None = None
    sha: str | None = None
    docker_label: str | None = None


class Model(BaseModel):
    """An entry of `/v1/models`."""

    id: str
    object: str = "model"
    created: int = 0
    owned_by: str = ""
