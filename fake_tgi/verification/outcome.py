"""A question, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from .judging import Verdict
from .question import Question
from .seen import Seen

__all__ = ["Outcome"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`seen` is None if nothing was sent, or nothing came."""

    question: Question
    verdict: Verdict
    seen: Seen | None = None
