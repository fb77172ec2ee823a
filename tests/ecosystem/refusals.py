"""The refusals of a real TGI that every client is shown, and where each comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

__all__ = ["REFUSALS", "Refused"]


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: the model's `answer` as in a stub file, a wrong `key`, or a path `below` the right one.

    `what` is a line for the page.
    """

    name: str
    what: str
    answer: dict[str, Any] | None = None
    key: bool = False
    below: str = ""


REFUSALS: Final = (
    Refused("401", "The API key is another: no body, whatever is asked.", key=True),
    Refused("404", "The base URL has a path too many: no body.", below="/nowhere"),
    Refused("413", "The body is too large: plain text.", {"error": "too_large"}),
    Refused(
        "422, plain text", "A member has another type: plain text, streams too.", {"error": "wrong_type"}
    ),
    Refused(
        "422, validation",
        "A number is out of its range. In a stream: status 200, and an event with the error.",
        {"error": "validation"},
    ),
    Refused(
        "424, generation",
        "The model fails at once. In a stream: status 200, and an event with the error.",
        {"error": "model_failure"},
    ),
    Refused(
        "424, generation, later",
        "The model fails after three tokens. In a stream they came before the event with the error.",
        {"error": "model_failure", "after_tokens": 3},
    ),
    Refused(
        "429, overloaded",
        "Every slot is taken. In a stream: status 200, and an event with the error.",
        {"error": "overload"},
    ),
    Refused(
        "500, incomplete generation",
        "The model stops after two tokens without a word. In a stream: an event with the error follows them.",
        {"error": "incomplete", "after_tokens": 2},
    ),
)
