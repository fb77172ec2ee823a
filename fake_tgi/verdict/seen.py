"""What the rules look at: calls in their order, which of them retries which, and what came of them.

A call is a retry of another if it asks the same thing (method, path, query, body), and comes after that one
failed, within five minutes. Where several that ask the same are ever in flight at once, nobody can tell who
retries whom: then only a client that says so itself (`x-stainless-retry-count`) is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from ..journal import ServeEvent
from ..matching.asked import GENERATING
from .answers import Answer
from .received import Received, echoes, matched

__all__ = ["Call", "Seen", "span"]

_WITHIN: Final = 300.0
"""Seconds from a failure in which asking the same again is a retry."""

_RETRY_COUNT: Final = b"x-stainless-retry-count"

Key = tuple[str, str, str, bytes]


@dataclass(slots=True)
class Call:
    """What a client wanted once: one attempt, or several."""

    attempts: list[Answer] = field(default_factory=list)
    sure: bool = True
    """Whether it is known which attempts are its own."""

    @property
    def last(self) -> Answer:
        """The attempt whose answer the client was left with."""
        return self.attempts[-1]

    @property
    def retries(self) -> Iterator[tuple[Answer, Answer]]:
        """Each attempt that was tried again, with the next one."""
        return pairwise(self.attempts)


class Seen:
    """Everything that a judge knows. `received` is what the client has handed to its callers, if told."""

    def __init__(
        self, events: Sequence[ServeEvent], received: Sequence[Received | str | BaseException] = ()
    ) -> None:
        self.events = sorted(events, key=lambda event: (event.real[0], event.id))
        self.answers = [Answer(event) for event in self.events]
        generating = [answer for answer in self.answers if _generates(answer.event)]
        self.calls = _calls(generating)
        """Those that asked the model, by their first attempt."""
        self.told = matched(received, self.calls_by_event, [call.last.event for call in self.calls])
        """What the client made of an answer, where somebody has said so."""
        self.echoes = list(echoes(generating))
        """What it made of one, where it has shown it by a later call."""

    @property
    def calls_by_event(self) -> dict[int, Answer]:
        """Every answer by its number."""
        return {answer.event.id: answer for answer in self.answers}


def span(before: ServeEvent, after: ServeEvent) -> float:
    """How long the client waited from the end of one answer to the next call, in seconds.

    On the server's clock or in real time, whichever is longer: a client need not know the server's clock.
    """
    ended = before.closed if before.ended == "client left" and before.closed is not None else before.seconds
    on_clock = after.call.received - (before.call.received + ended)
    real_end = before.real[1]
    return on_clock if real_end is None else max(on_clock, after.real[0] - real_end)


def _generates(event: ServeEvent) -> bool:
    call = event.call
    return call.method == "POST" and (call.path in GENERATING or call.path.startswith("/models/"))


def _key(event: ServeEvent) -> Key:
    call = event.call
    return call.method, call.path, call.query, call.body


def _calls(answers: list[Answer]) -> list[Call]:
    crowded = _crowded([answer.event for answer in answers])
    calls: list[Call] = []
    waiting: dict[Key, list[Call]] = {}
    for answer in answers:
        event = answer.event
        key = _key(event)
        said = _said(event)
        open_calls = waiting.setdefault(key, [])
        call = None
        if said is None and key not in crowded:
            call = next((each for each in open_calls if _follows(each, event)), None)
        elif said:
            ended = [each for each in open_calls if _follows(each, event) and len(each.attempts) == said]
            call = ended[0] if len(ended) == 1 else None
        if call is None:
            call = Call(sure=key not in crowded)
            calls.append(call)
            open_calls.append(call)
        call.attempts.append(answer)
    return calls


def _said(event: ServeEvent) -> int | None:
    """Which retry the client says this is; None if it says nothing."""
    value = event.call.header(_RETRY_COUNT)
    return int(value) if value is not None and value.isdecimal() else None


def _follows(call: Call, event: ServeEvent) -> bool:
    """Whether `event` can be a retry of what the call's last attempt has failed at."""
    before = call.last
    if before.outcome in ("good", "open"):
        return False
    gap = span(before.event, event)
    return -0.001 <= gap <= _WITHIN


def _crowded(events: list[ServeEvent]) -> set[Key]:
    """What was asked several times at once."""
    found: set[Key] = set()
    latest: dict[Key, float] = {}
    for event in events:
        key = _key(event)
        came, over = event.real
        if key in latest and came < latest[key]:
            found.add(key)
        ended = float("inf") if over is None else over
        latest[key] = max(latest.get(key, 0.0), ended)
    return found
