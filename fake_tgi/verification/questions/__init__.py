"""All questions, as tables, in the order in which they are asked: what costs nothing first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..facts import FACTS
from ..question import Question, facts_in
from .chat import CHAT
from .generate import GENERATE
from .hosted import HOSTED
from .open_routes import AFTERWARDS, OPEN
from .openai import OPENAI
from .refusals import refusals

__all__ = ["all_questions", "in_order", "needed_by"]


def all_questions() -> tuple[Question, ...]:
    """Every question of every suite, in the order of the tables."""
    return (*OPEN, *refusals(), *GENERATE, *CHAT, *AFTERWARDS, *OPENAI, *HOSTED)


def needed_by(question: Question) -> tuple[str, ...]:
    """The questions that must be asked before: those that it compares with, and those its facts come from."""
    facts = (FACTS[name].question for name in facts_in([question.json, *question.path_facts]))
    return tuple(dict.fromkeys((*question.needs, *facts)))


def in_order(questions: Iterable[Question]) -> list[Question]:
    """Cheap ones first, each after those it needs. Needed ones that are missing are left out of account."""
    by_name: Mapping[str, Question] = {question.name: question for question in questions}
    costs: dict[str, tuple[int, int]] = {}

    def cost(question: Question) -> tuple[int, int]:
        """Tokens, and the length of the way from questions that need nothing."""
        if question.name not in costs:
            before = [cost(by_name[name]) for name in needed_by(question) if name in by_name]
            tokens = max([question.tokens, *(each[0] for each in before)])
            costs[question.name] = tokens, max([0, *(each[1] + 1 for each in before)])
        return costs[question.name]

    return sorted(by_name.values(), key=cost)
