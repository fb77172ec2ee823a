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
    earlier: list[_Begun] = []
    well: set[tuple[str, bytes]] = set()
    """What was asked and answered well: then it need not be the half answer that the client goes on with."""
    for answer in answers:
        call = answer.event.call
        asked = Asked(call)
        messages = asked.messages if isinstance(asked.messages, list) else None
        prompt = asked.inputs if messages is None and isinstance(asked.inputs, str) else None
        for begun in earlier:
            text = _said(begun, messages) if messages is not None else _continued(begun, prompt)
            if text and text.strip() and begun.key not in well:
                yield Told(begun.answer, Received(text), answer.event)
        key = (call.path, call.body)
        if answer.outcome == "good":
            well.add(key)
        if answer.outcome in _TELLING or answer.split:
            whole = prompt + answer.text if prompt and answer.text.strip() else None
            earlier.append(_Begun(answer, key, messages, whole))


@dataclass(frozen=True, slots=True)
class _Begun:
    """An answer of which nobody knows what its client took it for. `whole`: its prompt and what came."""

    answer: Answer
    key: tuple[str, bytes]
    messages: list[Any] | None
    whole: str | None


def _said(begun: _Begun, messages: list[Any]) -> str | None:
    """What the assistant said, in a conversation that goes on behind it."""
    old = begun.messages
    if old is None or len(messages) < len(old) + 2 or messages[: len(old)] != old:
        return None
    said = messages[len(old)]
    if not isinstance(said, dict) or said.get("role") != "assistant":
        return None
    content = said.get("content")
    return content if isinstance(content, str) else None


def _continued(begun: _Begun, prompt: str | None) -> str | None:
    """What had come, if the prompt goes on behind it."""
    whole = begun.whole
    if prompt is None or whole is None or not prompt.startswith(whole) or not prompt[len(whole) :].strip():
        return None
    return begun.answer.text
