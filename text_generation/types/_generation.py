"""What generate answers, whole and streamed."""

from __future__ import annotations

from enum import Enum

from pydantic import (
    BaseModel,
)

from ._answers import Answer

__all__ = [
    "BestOfSequence",
    "Details",
    "FinishReason",
    "InputToken",
    "PrefillToken",
    "Response",
    "StreamDetails",
    "StreamResponse",
    "Token",
]


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


class Response(Answer):
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
