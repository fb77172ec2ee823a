"""All clients at all refusals and faults, many at a time: most of their time is waiting."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from fake_tgi.faults import FAULTS

from . import words
from .again import Cells, all_of_them
from .clients import client
from .clients.base import Client
from .fault_examples import EXAMPLES, TWICE
from .features import FEATURES, TEXT, Feature, ask, asked, prepared
from .places import Fakes
from .refusals import REFUSALS, Refused
from .running import Outcome, call

__all__ = ["FACES", "LIMIT", "TIMEOUT", "Cells", "faults", "features", "refusals"]

FACES: Final = ("whole", "stream")
"""The two calls that faults and refusals are shown with."""

TIMEOUT: Final = 4.0
"""What every client is told that takes a timeout, in seconds."""

LIMIT: Final = 45.0
"""When a client that waits on is given up, in seconds."""

AT_ONCE: Final = 12
"""How many calls are under way at once."""


def features(fakes: Fakes, titles: Sequence[str]) -> Cells:
    """Every client by every feature: empty where it works, or why not."""
    _warm(fakes, titles)
    jobs = {
        (title, feature.name, ""): _featured(fakes, client(title), feature)
        for title in titles
        for feature in FEATURES
    }
    return all_of_them(jobs, None, 1)  # how soon a server notices is part of it


def refusals(fakes: Fakes, titles: Sequence[str], written: Cells | None = None) -> Cells:
    """What every client says of every refusal: the class of its error and the message."""
    _warm(fakes, titles)
    return all_of_them(
        {
            (title, refused.name, face): _refused(fakes, client(title), refused, face)
            for title in titles
            for refused in REFUSALS
            for face in FACES
        },
        written,
        AT_ONCE,
    )


def faults(
    fakes: Fakes,
    titles: Sequence[str],
    kinds: Iterable[str] = tuple(FAULTS),
    *,
    written: Cells | None = None,
    at_once: int = AT_ONCE,
) -> Cells:
    """What every client makes of every fault; KeyError for a kind that has no example."""
    jobs: dict[tuple[str, str, str], Callable[[], str]] = {}
    for kind in kinds:
        for example in EXAMPLES[kind]:
            for title in titles:
                for face in ("health",) if kind == "health" else FACES:
                    jobs[title, example, face] = _faulty(fakes, client(title), kind, example, face)
    _warm(fakes, titles)
    return all_of_them(jobs, written, at_once)


def _warm(fakes: Fakes, titles: Iterable[str]) -> None:
    """Each client once, alone: most import more when they are first used, and none of it for many threads."""
    for title in titles:
        kind = client(title)
        if kind.language == "Python":
            for face in FACES:
                call(kind, getattr(kind, face), prepared(fakes, FEATURES[0]).url)


def _featured(fakes: Fakes, kind: type[Client], feature: Feature) -> Callable[[], str]:
    def job() -> str:
        if feature.name in kind.cannot:
            return kind.cannot[feature.name]
        outcome = ask(kind, feature, fakes)
        if outcome.hung or outcome.kind:
            wrong: str | None = f"{outcome.kind or 'hangs'}: {outcome.message}"
        else:
            wrong = feature.wrong(outcome)
        if wrong is None:
            return ""
        words_of_it, reason = kind.fails.get(feature.name, (None, ""))
        if words_of_it is None or words_of_it not in wrong:
            raise AssertionError(f"{kind.title}: {feature.name}: {wrong}")
        return reason

    return job


def _refused(fakes: Fakes, kind: type[Client], refused: Refused, face: str) -> Callable[[], str]:
    def job() -> str:
        place = fakes.place("key" if refused.key else "plain")
        if refused.answer is not None:
            place.answer(refused.answer)
        url = place.url + refused.below
        outcome = call(kind, getattr(kind, face), url, key="wrong", timeout=TIMEOUT, limit=LIMIT)
        outcome.requests = [] if refused.key else asked(place)
        said = words.of_answer(outcome)
        told = words.message(outcome, place.url)
        return f"{said}: {told}" if outcome.kind and told else said

    return job


def _faulty(fakes: Fakes, kind: type[Client], name: str, example: str, face: str) -> Callable[[], str]:
    def job() -> str:
        if face == "health" and "health" in kind.cannot:
            return words.NOT_ASKED
        calls = 2 if name in TWICE else 1
        place = fakes.place()
        place.answer({"text": TEXT})
        place.faults(example)
        feature = "health" if face == "health" else getattr(kind, face)
        outcome = call(kind, feature, place.url, timeout=TIMEOUT, limit=LIMIT, times=calls)
        outcome.requests = asked(place, wait=0.3 if name == "stall" else 5.0)
        if outcome.hung:
            place.faults()  # so that what still tries gets an answer, and ends
        return _of(outcome, face, calls)

    return job


def _of(outcome: Outcome, face: str, calls: int) -> str:
    struck: list[Any] = [record for record in outcome.requests if record["faults"]]
    if not struck and not outcome.failed:
        return words.NOT_STRUCK
    if face == "health":
        return words.of_health(outcome)
    return words.of_answer(outcome, calls)
