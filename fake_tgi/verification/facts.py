"""What the server told about itself, for questions that depend on it: its limits, its model, its own words.

Each fact is read from the answer to one question. It is missing if that question was not answered as
expected, or if what the server told makes the question pointless; then what needs it is not asked, and the
reason is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .question import Fact
from .readings import details
from .seen import Seen

__all__ = ["FACTS", "FactRule", "Missing", "fact", "resolved"]

_LONGEST: Final = 8192
"""Tokens of the longest prompt that is made up for a question."""

_MOST: Final = 100
_TOO_MANY: Final = f"more than {_MOST} are not tried"


class Missing(LookupError):
    """A fact cannot be had. Says why."""


@dataclass(frozen=True, slots=True)
class FactRule:
    """Where a fact comes from. `read` returns None where it makes no sense: `unless` says when."""

    question: str
    what: str
    read: Callable[[Seen], Any]
    unless: str = ""


def _info(name: str, what: str) -> FactRule:
    return FactRule("info", what, lambda seen: seen.value[name])


def _stop(seen: Seen) -> str | None:
    """Words of the answer's own that end at a token, and not with its last one."""
    found = details(seen)
    texts = [token["text"] for token in found["tokens"][:-1] if not token["special"]] if found else []
    return next((text for text in texts if text.strip() and "\ufffd" not in text), None)


FACTS: Final[Mapping[str, FactRule]] = {
    "model": FactRule("models", "the model's name", lambda seen: seen.value["data"][0]["id"]),
    "openai_model": FactRule("openai.models", "a model's name", lambda seen: seen.value["data"][0]["id"]),
    "hosted_model": FactRule(
        "hosted.deployed",
        "a deployed model",
        lambda seen: seen.value[0]["model_id"] if seen.value else None,
        "none is deployed",
    ),
    "max_best_of": _info("max_best_of", "max_best_of"),
    "best_of": FactRule(
        "info",
        "max_best_of",
        lambda seen: 2 if seen.value["max_best_of"] > 1 else None,
        "the server allows no best_of",
    ),
    "best_of_over": FactRule(
        "info",
        "max_best_of",
        lambda seen: seen.value["max_best_of"] + 1 if seen.value["max_best_of"] > 1 else None,
        "the server allows no best_of",
    ),
    "max_stop_sequences": _info("max_stop_sequences", "max_stop_sequences"),
    "stops_over": FactRule(
        "info",
        "max_stop_sequences",
        lambda seen: _letters(seen.value["max_stop_sequences"] + 1),
        _TOO_MANY,
    ),
    "max_input_tokens": _info("max_input_tokens", "max_input_tokens"),
    "max_total_tokens": _info("max_total_tokens", "max_total_tokens"),
    "truncate_over": FactRule("info", "max_input_tokens", lambda seen: seen.value["max_input_tokens"] + 1),
    "max_client_batch_size": _info("max_client_batch_size", "max_client_batch_size"),
    "prompts_over": FactRule(
        "info",
        "max_client_batch_size",
        lambda seen: _letters(seen.value["max_client_batch_size"] + 1),
        _TOO_MANY,
    ),
    "long_text": FactRule(
        "info",
        "max_input_tokens",
        lambda seen: (
            _numbers(seen.value["max_total_tokens"]) if seen.value["max_total_tokens"] <= _LONGEST else None
        ),
        f"prompts of more than {_LONGEST} tokens are not tried",
    ),
    "stop": FactRule("generate.greedy", "a word of its answer", _stop, "its answer has one word only"),
}


def fact(name: str, known: Mapping[str, Seen], given: Mapping[str, Any]) -> Any:
    """A fact; `given` are those that the user told. Raises Missing."""
    if name in given:
        return given[name]
    rule = FACTS[name]
    seen = known.get(rule.question)
    if seen is None:
        raise Missing(f"it needs {rule.what}, which the answer to {rule.question} did not tell")
    value = rule.read(seen)
    if value is None:
        raise Missing(rule.unless)
    return value


def resolved(value: Any, known: Mapping[str, Seen], given: Mapping[str, Any]) -> Any:
    """A body with every Fact in it replaced. Raises Missing."""
    if isinstance(value, Fact):
        return fact(value.name, known, given)
    if isinstance(value, Mapping):
        return {key: resolved(each, known, given) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [resolved(each, known, given) for each in value]
    return value


def _letters(count: int) -> list[str] | None:
    return [f"q{number}" for number in range(count)] if count <= _MOST else None


def _numbers(count: int) -> str:
    """A text of more tokens than `count`: no tokenizer has one for a space and two numbers."""
    return " ".join(map(str, range(count + 1)))
