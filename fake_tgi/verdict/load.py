"""Rules on many calls together: what clients do, all at once, to a server that has too much to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..journal import ServeEvent
from .answers import Answer
from .finding import Rule, Sighting
from .seen import Seen, span

__all__ = ["RULES"]

_HERD: Final = 5
"""Retries that come together."""
_SHARE: Final = 0.5
"""Of those that were refused together, how many come back together."""
_REFUSED: Final = 0.25
"""Seconds within which they were."""
_TOGETHER: Final = (0.02, 0.02)
"""Seconds within which they come back, and share of their wait: chance would spread them more."""
_WAITED: Final = 0.4
"""Seconds; what chance does to shorter waits is lost where a client is busy for a moment."""

_MANY: Final = 20
"""New calls over connections that have just brought a refusal."""
_AT_ONCE: Final = 10
"""Such connections."""
_SOON: Final = 1.0
"""Seconds from the refusal to the new call."""

_BUSY: Final = ("overloaded", "unavailable")


def _herd(seen: Seen) -> Iterator[Sighting]:
    retries: list[_Retry] = []
    for call in seen.calls:
        for before, after in call.retries:
            waited = span(before.event, after.event)
            if before.outcome in _BUSY and waited >= _WAITED:
                came = after.event.real[0]
                retries.append(_Retry(came - waited, came, waited, after.event))
    retries.sort(key=lambda retry: retry.refused)
    while retries:
        first = retries[0].refused
        group = [retry for retry in retries if retry.refused <= first + _REFUSED]
        retries = retries[len(group) :]
        together = _most_together(group)
        if len(together) >= max(_HERD, _SHARE * len(group)):
            apart = together[-1].came - together[0].came
            yield Sighting(
                tuple(retry.event for retry in together),
                f"{len(together)} of {len(group)} that were refused together came back within "
                f"{1000 * apart:.0f} ms, after about {together[0].waited:.3g} s",
            )


@dataclass(frozen=True, slots=True)
class _Retry:
    """When a call was refused and came back, in seconds of real time, and what it then was."""

    refused: float
    came: float
    waited: float
    event: ServeEvent


def _most_together(group: list[_Retry]) -> list[_Retry]:
    """As many as come back within so short a time that no chance can have been in their waits."""
    group = sorted(group, key=lambda retry: retry.came)
    best: list[_Retry] = []
    for index, first in enumerate(group):
        within = min(_TOGETHER[0], _TOGETHER[1] * first.waited)
        found = [retry for retry in group[index:] if retry.came <= first.came + within]
        best = max(best, found, key=len)
    return best


def _unbounded(seen: Seen) -> Iterator[Sighting]:
    """A call that comes over the connection that has just brought a refusal: its client knows of that."""
    first = {call.attempts[0].event.id: call for call in seen.calls if call.sure}
    latest: dict[int, Answer] = {}
    found: list[ServeEvent] = []
    for answer in seen.answers:
        event = answer.event
        if event.connection is None:
            continue
        before = latest.get(event.connection)
        latest[event.connection] = answer
        if before is None or before.outcome != "overloaded" or answer.outcome != "overloaded":
            continue
        if event.id in first and span(before.event, event) <= _SOON:
            found.append(event)
    lines = {event.connection for event in found}
    if len(found) >= _MANY and len(lines) >= _AT_ONCE:
        yield Sighting(
            tuple(found),
            f"{len(found)} new calls, each within {_SOON:g} s of a refusal on the same connection, over "
            f"{len(lines)} connections, and refused as well",
        )


RULES: Final = (
    Rule(
        "thundering-herd",
        "warning",
        "Many retries come at the same instant.",
        "Clients that were refused together and wait equally long come back together, and are refused "
        "together again.",
        "Add chance to every wait, also to the one that Retry-After asks for.",
        _herd,
    ),
    Rule(
        "unbounded-concurrency",
        "warning",
        "New calls are started without bound while the server says that it has too many.",
        "Calls beyond what the server takes are refused at once: they cost both sides work and gain nothing.",
        "Bound how many calls are in flight (a semaphore, a pool), and start fewer while refusals come.",
        _unbounded,
    ),
)
