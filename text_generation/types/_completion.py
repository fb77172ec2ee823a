"""Completions: `/v1/completions`, whole and streamed."""

from __future__ import annotations

from typing import Any

from pydantic import (
    BaseModel,
)

from ._answers import Answer

__all__ = ["Completion", "CompletionChunk", "CompletionComplete", "CompletionRequest"]


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


class Completion(Answer):
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
