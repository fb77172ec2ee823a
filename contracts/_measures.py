"""The `x-*` headers of an answer beside each other, its body and its request.

Times are whole milliseconds cut off, of the one that is told in seconds as well; no part of an answer takes
longer than the whole. Tokens are those that the body tells of; characters are those of the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from ._asked import Asked
from ._violation import Violation

__all__ = ["measures"]

_PARTS: Final = ("x-validation-time", "x-queue-time", "x-inference-time")


def measures(headers: Mapping[str, str], asked: Asked, value: Any, *, is_stream: bool) -> Iterator[Violation]:
    """Each way in which the headers of an answer with status 200 contradict each other or what they tell of.

    The headers satisfy their schemas, and so does `value`, the body or a stream's events.
    """
    yield from _times(headers)
    wanted = {"x-compute-characters": _characters(asked)}
    if not is_stream:
        wanted |= _tokens(asked, value)
    for name, number in wanted.items():
        if number is not None and headers.get(name, str(number)) != str(number):
            yield Violation(f"headers.{name}", "measure", str(number), headers[name])


def _times(headers: Mapping[str, str]) -> Iterator[Violation]:
    total = headers.get("x-total-time")
    if total is None:
        return
    seconds = headers.get("x-compute-time")
    if seconds is not None and int(Decimal(seconds) * 1000) != int(total):
        expected = f"{int(Decimal(seconds) * 1000)}, the milliseconds of x-compute-time"
        yield Violation("headers.x-total-time", "measure", expected, total)
    parts = sum(int(headers.get(name, 0)) for name in _PARTS)
    if parts > int(total):
        expected = f"at least {parts}, the sum of its parts"
        yield Violation("headers.x-total-time", "measure", expected, total)


def _characters(asked: Asked) -> int | None:
    """Those of the prompts; of a chat, nobody but the router knows its prompt."""
    if asked.route in ("/generate", "/generate_stream", "/"):
        return len(asked.body["inputs"])
    return sum(map(len, asked.prompts)) if asked.route == "/v1/completions" else None


def _tokens(asked: Asked, value: Any) -> dict[str, int | None]:
    if isinstance(value, list):
        value = value[0] if value else {}
    if not isinstance(value, dict):
        return {}
    usage = value.get("usage")
    if usage is not None:
        # Where the model chose no tool, the body counts the tokens of the first run, the header the second's.
        count = usage["completion_tokens"] if asked.body.get("tools") is None else None
        return {"x-prompt-tokens": usage["prompt_tokens"], "x-generated-tokens": count}
    details = value.get("details")
    return {} if details is None else {"x-generated-tokens": details["generated_tokens"]}
