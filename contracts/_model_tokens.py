"""What the model produced, and whether a part of an answer is the same. Shared by all kinds of answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ._violation import Violation, shown

__all__ = [
    "AT_A_TIME",
    "SPELLED",
    "Generations",
    "answers_of",
    "equal",
    "knows_length",
    "same_token",
    "tails_of",
    "text_of",
    "tokens_of",
    "unlike",
]

Generations = list[dict[str, Any]]

#: Finish reasons as the OpenAI-style routes spell them.
SPELLED: Final[Mapping[str, str]] = {
    "eos_token": "stop",
    "length": "length",
    "stop_sequence": "stop_sequence",
}


#: The router generates at most so many tokens at a time, and goes on with the whole number asked for.
AT_A_TIME: Final = 1024


def answers_of(generations: Generations) -> list[Generations]:
    """The generations of each answer, in the order in which the answers began.

    One that ended after as many tokens as the router generates at a time is gone on with, behind its text.
    """
    found: list[Generations] = []
    for each in generations:
        for answer in found:
            last = answer[-1]
            if last["generated_tokens"] == AT_A_TIME and each["inputs"] == last["inputs"] + (
                last["generated_text"] or ""
            ):
                answer.append(each)
                break
        else:
            found.append([each])
    return found


def text_of(generations: Generations) -> str:
    """The texts of several generations as one."""
    return "".join(each["generated_text"] or "" for each in generations)


def tokens_of(generations: Generations, key: str = "tokens") -> list[Any]:
    """The tokens of several generations as one list."""
    return [token for each in generations for token in each[key] or ()]


def same_token(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether two tokens are the same; log-probabilities as 32-bit floats."""
    if any(left.get(key) != right.get(key) for key in ("id", "text", "special")):
        return False
    a, b = left["logprob"], right["logprob"]
    return a == b if a is None or b is None else math.isclose(a, b, rel_tol=2e-6, abs_tol=1e-12)


def knows_length(generation: Mapping[str, Any]) -> bool:
    """Whether model and router count the same prompt tokens. The text of an image is none to a model."""
    return "![](" not in generation["inputs"]


def unlike(got: list[Any], wanted: list[Any], where: str) -> Iterator[Violation]:
    """Each way in which a list of tokens, or of lists of them, is another."""
    if len(got) != len(wanted):
        yield Violation(where, "model", f"{len(wanted)} tokens, as the model produced", str(len(got)))
        return
    for i, (a, b) in enumerate(zip(got, wanted, strict=True)):
        pairs = [(a, b)] if isinstance(a, dict) else list(zip(a, b, strict=False))
        if (not isinstance(a, dict) and len(a) != len(b)) or not all(same_token(x, y) for x, y in pairs):
            yield Violation(f"{where}[{i}]", "model", f"{shown(b)}, as the model produced", shown(a))


def equal(where: str, got: Any, wanted: Any) -> Iterator[Violation]:
    """A violation unless the two are equal."""
    if got != wanted:
        yield Violation(where, "model", f"{shown(wanted)}, as the model produced", shown(got))


def tails_of(generations: Generations) -> list[Generations]:
    """What may be left of the generations when the first ones were thrown away; all of them first."""
    return [generations[start:] for start in range(len(generations))]
