"""What the model says when nobody has told it what to say: plausible text, the prompt, or what is drawn.

Drawn answers have ids. An id follows from the server's seed and from what a real model would see of the
request (fake_tgi/seeds.py), so that it is the same in any process, order and number of workers, and whether
the answer is asked for whole, as a stream or as a chat; and the same request with the id alone, behind any
other seed, gets the same answer again.
"""

from __future__ import annotations

import re
from typing import Final

from .quick_values import dataclass

__all__ = ["DRAWN", "KINDS", "AnswerId", "Answers", "answers_of"]

KINDS: Final = ("seeded", "echo", "hypothesis", "adversarial")
"""`seeded`: plausible English; `echo`: the prompt; `hypothesis`: valid answers of all kinds, in words of the
vocabulary; `adversarial`: valid ones that a careless client trips over."""

DRAWN: Final = frozenset(("hypothesis", "adversarial"))
"""The kinds whose answers have ids."""

_ID = re.compile(r"([0-9a-f]{1,16})(?:-([0-9a-f]{1,16}))?")


@dataclass(frozen=True, slots=True)
class AnswerId:
    """What reproduces one drawn answer: its number, and the seed that it reported if it was sampled."""

    number: int
    seed: int | None = None

    def __str__(self) -> str:
        return f"{self.number:016x}" if self.seed is None else f"{self.number:016x}-{self.seed:x}"


@dataclass(frozen=True, slots=True)
class Answers:
    """A kind of answers; with `ids`, one answer for each time that a call asks the model, the last one from
    then on, whatever it asks."""

    kind: str
    ids: tuple[AnswerId, ...] = ()

    def __str__(self) -> str:
        return f"{self.kind}:{','.join(map(str, self.ids))}" if self.ids else self.kind


def answers_of(text: str) -> Answers:
    """Reads `hypothesis`, `hypothesis:ID` or `hypothesis:ID,ID`. Raises ValueError with what was expected."""
    kind, colon, ids = text.partition(":")
    if kind not in KINDS:
        raise ValueError(f"expected one of {', '.join(KINDS)}")
    if not colon:
        return Answers(kind)
    if kind not in DRAWN:
        raise ValueError(f"expected no id, for only the answers of {' and '.join(sorted(DRAWN))} have one")
    return Answers(kind, tuple(_id(kind, each) for each in ids.split(",")))


def _id(kind: str, text: str) -> AnswerId:
    found = _ID.fullmatch(text)
    if found is None:
        raise ValueError(f"expected an id behind {kind}: as the server tells it, such as 9a0364b9e99bb480")
    return AnswerId(int(found[1], 16), int(found[2], 16) if found[2] else None)
