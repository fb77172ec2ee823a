"""The body of a generate request, with the published validators and their messages."""

from __future__ import annotations

from typing import Any

from pydantic import (
    BaseModel,
    ValidationInfo,
    field_validator,
)

from ..errors import ValidationError
from ._grammar import Grammar

__all__ = ["Parameters", "Request"]


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
