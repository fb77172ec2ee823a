"""What a model produced, free of endpoint shape.

One Generation has many wire shapes, so that the concatenated stream equals the whole answer by
construction. Nothing here knows of HTTP, JSON or time.
"""

from __future__ import annotations

from typing import Literal

from .quick_values import dataclass, unguarded

__all__ = ["FinishReason", "Generation", "PrefillToken", "Token"]

FinishReason = Literal["length", "eos_token", "stop_sequence"]


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token.

    `text` is what this token adds to the decoded output: empty while a multi-byte character is
    incomplete. `logprob` is the natural logarithm as a 32-bit float; None is sent as null (NaN in TGI).
    """

    id: int
    text: str
    logprob: float | None
    special: bool = False


@dataclass(frozen=True, slots=True)
class PrefillToken:
    """One prompt token, reported only when asked for. The first one's `logprob` is None."""

    id: int
    text: str
    logprob: float | None


@dataclass(frozen=True, slots=True)
@unguarded
class Generation:
    """The model's side of one call.

    `generated_text` leaves special tokens out. `finish_reason` is None where tokens were produced and then
    the model failed, with `error` as its message, or fell silent, without one. `final` says that nothing may
    follow, even if it ended at a length that is less than asked for. `seed` is None unless it sampled.
    `top_tokens` is empty, or holds the most likely tokens for each generated one. `input_length` counts
    the prompt tokens the shard saw, after truncation. `id` reproduces a drawn answer (fake_tgi/answers.py).
    """

    tokens: tuple[Token, ...]
    generated_text: str
    finish_reason: FinishReason | None
    input_length: int
    seed: int | None = None
    prefill: tuple[PrefillToken, ...] = ()
    top_tokens: tuple[tuple[Token, ...], ...] = ()
    error: str | None = None
    final: bool = False
    id: str | None = None
