"""What the client under test made of an answer: told by the test, or shown by what it asks next.

A server sees no further than the wire. Whether a client took half an answer for a whole one only its caller
can tell, with a Received; or the client itself, when a later conversation has the half answer in it as what
the assistant said, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..matching.asked import Asked
from .answers import Answer

if TYPE_CHECKING:
    from ..journal import ServeEvent

__all__ = ["Received", "Told", "echoes", "matched"]

_TELLING: Final = ("cut", "failed", "overloaded", "refused")
"""Outcomes of answers that are none; of the others there is nothing to be learnt."""


@dataclass(frozen=True, slots=True)
class Received:
    """What one call of the client came to, as its caller saw it.

    `text` is what it returned, or what its stream amounted to; `error` what it raised. `stopped` says that
    the caller stopped reading on purpose. `request` is the number of the call in the journal; None: they are
    in the order of the calls, one for each.
    """

    text: str | None = None
    error: BaseException | str | None = None
    stopped: bool = False
    request: int | None = None

    def __post_init__(self) -> None:
        if self.text is None and self.error is None:
            raise ValueError("a Received says what a call came to: expected a text or an error, got neither")

    @property
    def said(self) -> str:
        """The error in words; empty if there is none."""
        if isinstance(self.error, BaseException):
            return f"{type(self.error).__name__}: {self.error}"
        return self.error or ""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, and what the client made of it. `by` is the later call that shows it, if one does."""

    answer: Answer
    received: Received
    by: ServeEvent | None = None


def matched(
    received: Sequence[Received | str | BaseException], answers: Mapping[int, Answer], last: list[ServeEvent]
) -> list[Told]:
    """Each Received with its answer. Raises ValueError where it cannot be known which that is."""
    given = [_received(each) for each in received]
    unnumbered = [each for each in given if each.request is None]
    if unnumbered and len(given) != len(unnumbered):
        raise ValueError("received: expected a request number in all or in none, got it in some")
    if unnumbered and len(unnumbered) != len(last):
        raise ValueError(
            f"received: expected one for each of the {len(last)} calls, got {len(unnumbered)}; say which "
            "each is about: Received(..., request=NUMBER)"
        )
    found = []
    for index, each in enumerate(given):
        number = last[index].id if each.request is None else each.request
        if number not in answers:
            known = ", ".join(map(str, sorted(answers))) or "none"
            raise ValueError(f"received: there is no request {number}; there are: {known}")
        found.append(Told(answers[number], each))
    return found


def _received(given: Any) -> Received:
    if isinstance(given, Received):
        return given
    if isinstance(given, str):
        return Received(given)
    if isinstance(given, BaseException):
        return Received(error=given)
    raise ValueError(f"received: expected a Received, a text or an exception, got {given!r}")


def echoes(answers: Sequence[Answer]) -> Iterator[Told]:
    """What a client has shown to have taken for an answer.

    A later conversation begins as an earlier one did, goes on with what the assistant said, and then with
    something else: so that text was taken for the whole answer. (A conversation that ends there asks to go
    on with it, and knows that it is not whole.) The same for prompts.
    """
    earlier: list[tuple[Answer, Asked]] = []
    for answer in answers:
        asked = Asked(answer.event.call)
        for before, said in earlier:
            text = _taken(said, asked)
            if text and text.strip():
                yield Told(before, Received(text), answer.event)
        prompt = _prompt(asked)
        for before, said in earlier:
            inputs = _prompt(said)
            if prompt and inputs and before.text.strip():
                begun = inputs + before.text
                if prompt.startswith(begun) and prompt[len(begun) :].strip():
                    yield Told(before, Received(before.text), answer.event)
        if answer.outcome in _TELLING or answer.split:
            earlier.append((answer, asked))


def _taken(before: Asked, after: Asked) -> str | None:
    old, new = before.messages, after.messages
    if not isinstance(old, list) or not isinstance(new, list) or len(new) < len(old) + 2:
        return None
    said = new[len(old)]
    if new[: len(old)] != old or not isinstance(said, dict) or said.get("role") != "assistant":
        return None
    content = said.get("content")
    return content if isinstance(content, str) else None


def _prompt(asked: Asked) -> str | None:
    inputs = asked.inputs
    return inputs if isinstance(inputs, str) and asked.messages is None else None
