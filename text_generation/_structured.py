"""Structured answers: what `output=` asks for, as a grammar, and the way back to an object. No I/O.

An Enum, a Literal or a compiled regular expression becomes a regex grammar; anything else that pydantic can
validate becomes a JSON grammar. Both routes of TGI take the same shape, as `grammar` or `response_format`;
servers that are told apart by `omit_nulls` get OpenAI's shape on the chat route.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from ._schema import object_schema
from .errors import ConfigurationError, StructuredOutputError

__all__ = ["Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """A grammar, and what turns the text it allows into an object (raises ValueError when it cannot)."""

    kind: Literal["json", "regex"]
    value: Any
    parse: Callable[[str], Any]

    @property
    def grammar(self) -> dict[str, Any]:
        """As TGI takes it."""
        return {"type": self.kind, "value": self.value}

    @property
    def response_format(self) -> dict[str, Any]:
        """As OpenAI takes it; there is no such thing for a regular expression."""
        if self.kind != "json":
            return self.grammar
        return {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": self.value, "strict": True},
        }

    def read(self, answer: Any) -> Any:
        """The object in an answer of either route. Raises StructuredOutputError; its body is the text."""
        text, reason = _text(answer)
        try:
            return self.parse(text)
        except ValueError as problem:
            cut = " It was cut off: allow more tokens." if reason == "length" else ""
            error = StructuredOutputError(
                f"The answer does not fit the type that was asked for.{cut} {problem}"
            )
            error.body = text
            raise error from problem


def _text(answer: Any) -> tuple[str, str | None]:
    if hasattr(answer, "generated_text"):
        reason = answer.details.finish_reason.value if answer.details is not None else None
        return answer.generated_text, reason
    choice = answer.choices[0] if answer.choices else None
    return (choice.message.content or "", choice.finish_reason) if choice is not None else ("", None)


def plan(output: Any) -> Plan:
    """What asking for `output` means. Raises ConfigurationError for what no grammar can express."""
    if isinstance(output, re.Pattern):
        return _regex(output)
    if isinstance(output, type) and issubclass(output, Enum):
        return _choices({_shown(member.value): member for member in output})
    if get_origin(output) is Literal:
        return _choices({_shown(value): value for value in get_args(output)})
    if isinstance(output, Mapping):
        return _schema(output, json.loads)
    return _typed(output)


def _regex(pattern: re.Pattern[Any]) -> Plan:
    if not isinstance(pattern.pattern, str) or not pattern.pattern:
        raise ConfigurationError("output: a regular expression must be text, and not empty")

    def parse(text: str) -> Any:
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError(f"It does not match {pattern.pattern!r}: {text!r}")
        return found

    return Plan("regex", pattern.pattern, parse)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _choices(choices: Mapping[str, Any]) -> Plan:
    if not choices or "" in choices:
        raise ConfigurationError("output: expected choices to select from, none of them empty")
    # Longest first: where one choice begins another, the longer one must stay reachable.
    ordered = sorted(choices, key=lambda choice: (-len(choice), choice))

    def parse(text: str) -> Any:
        try:
            return choices[text if text in choices else text.strip()]
        except KeyError:
            raise ValueError(f"Expected one of {', '.join(map(repr, choices))}; got {text!r}") from None

    return Plan("regex", "(" + "|".join(re.escape(choice) for choice in ordered) + ")", parse)


def _schema(schema: Mapping[str, Any], parse: Callable[[str], Any]) -> Plan:
    flat, wrapped = object_schema(schema)
    if not wrapped:
        return Plan("json", flat, parse)
    return Plan("json", flat, lambda text: parse(json.dumps(json.loads(text)["value"])))


def _typed(output: Any) -> Plan:
    from pydantic import TypeAdapter
    from pydantic.errors import PydanticUserError

    try:
        adapter: Any = TypeAdapter(output)
        schema = adapter.json_schema()
    except (PydanticUserError, NameError) as problem:
        raise ConfigurationError(
            "output: expected a pydantic model, a dataclass, a TypedDict, an Enum, a Literal, another type "
            "that pydantic can validate, a JSON Schema, or a compiled regular expression; "
            f"got {output!r}: {problem}"
        ) from problem
    flat, wrapped = object_schema(schema)
    if not wrapped:
        return Plan("json", flat, adapter.validate_json)

    def unwrap(text: str) -> Any:
        data = json.loads(text)
        if not isinstance(data, dict) or "value" not in data:
            raise ValueError(f'Expected {{"value": ...}}, got {text!r}')
        return adapter.validate_json(json.dumps(data["value"]))

    return Plan("json", flat, unwrap)
