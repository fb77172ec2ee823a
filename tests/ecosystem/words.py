"""What is said of an outcome: what a program would notice, in a few words, alike on every run."""

from __future__ import annotations

import re
from typing import Any, Final

from .features import TEXT
from .running import Outcome

__all__ = ["NOT_ASKED", "NOT_STRUCK", "message", "of_answer", "of_health"]

NOT_STRUCK: Final = "–"
"""The fault has nothing to strike there."""
NOT_ASKED: Final = "does not ask"

_RIGHT: Final = "right answer"


def of_answer(outcome: Outcome, calls: int = 1) -> str:
    """A text that is taken for the answer, or the error; and how often the server was asked, if too often.

    `**bold**` is what nobody would notice.
    """
    return _of(outcome, _of_text(outcome.value), calls)


def of_health(outcome: Outcome) -> str:
    """What a client makes of a health check."""
    return _of(outcome, "well" if outcome.value is True else "not well", 1)


def message(outcome: Outcome, url: str) -> str:
    """The first line of an error's message that says something, without what is another's on every run."""
    lines = [line.strip() for line in outcome.message.splitlines() if line.strip()]
    told = [line for line in lines if "developer.mozilla.org" not in line] or [""]
    text = " ".join(told).replace(url, "URL")
    host = url.partition("/ns/")[0].removeprefix("http://")
    text = text.replace(host, "HOST")
    text = re.sub(r"\b(after|took) [0-9.]+ (milliseconds|ms|seconds)", r"\1 N \2", text)
    text = re.sub(r"/ns/call-[0-9]+", "", text)
    return text if len(text) <= 200 else text[:199] + "…"


def _of(outcome: Outcome, answer: str, calls: int) -> str:
    """How often it asked is told of a failure, as its own rules say it; a success may come a try sooner."""
    asked = len(posts(outcome.requests))
    if outcome.hung:
        return "goes on trying" if asked > calls else "waits on"
    if outcome.kind:
        return f"`{outcome.kind}`, asked {asked} times" if asked > calls else f"`{outcome.kind}`"
    return f"{answer}, asked again" if asked > calls else answer


def posts(requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The calls for the model."""
    return [record for record in requests if record["request"]["method"] == "POST"]


def _of_text(value: Any) -> str:
    if value in (TEXT, TEXT + "</s>"):
        return _RIGHT
    if not isinstance(value, str):
        return f"**takes {type(value).__name__} for an answer**"
    if not value:
        return "**takes nothing for the answer**"
    if TEXT.startswith(value):
        return "**takes a part for the answer**"
    return "**takes another text for the answer**"
