"""Rules on many calls together: what clients do, all at once, to a server that has too much to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, comb, inf
from operator import attrgetter
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
_TOGETHER: Final = 0.02
"""Seconds within which they come back."""
_SPREAD: Final = (0.1, 0.1)
"""Share of a wait, or seconds if that is more, that chance spreads it by at the least. Clients that are busy
spread by some hundredths of a second what they never meant to."""
_LUCK: Final = 0.001
"""How likely it may be that such chance makes waits as much alike as they were."""
_WAITED: Final = 0.4
"""Seconds; what chance does to shorter waits is lost where a client is busy for a moment."""

_MANY: Final = 20
"""New calls over connections that have just brought a refusal."""
_AT_ONCE: Final = 10
"""Such connections."""
_SOON: Final = 1.0
"""Seconds from the refusal to the new call."""

_came: Final = attrgetter("came")
_waited: Final = attrgetter("waited")

_BUSY: Final = ("overloaded", "unavailable")


def _herd(seen: Seen) -> Iterator[Sighting]:
    """Calls that come back at one instant, or whose waits are the same.

    Refusals of one moment come one after the other, and what comes back equally long after each is as far
    apart: then only the waits show it.
    """
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
        enough = max(_HERD, _SHARE * len(group))
        if together := _alike(group, _came, enough, _TOGETHER):
            apart = together[-1].came - together[0].came
            how = f"came back within {1000 * apart:.0f} ms, after about {together[0].waited:.3g} s"
        elif together := _alike(group, _waited, enough):
            how = f"waited equally long: {together[0].waited:.3f} to {together[-1].waited:.3f} s"
        else:
            continue
        yield Sighting(
            tuple(retry.event for retry in together),
            f"{len(together)} of {len(group)} that were refused together {how}",
        )


@dataclass(frozen=True, slots=True)
class _Retry:
    """When a call was refused and came back, in seconds of real time, and what it then was."""

    refused: float
    came: float
    waited: float
    event: ServeEvent


def _alike(
    group: list[_Retry], key: Callable[[_Retry], float], enough: float, within: float = inf
) -> list[_Retry]:
    """As many as are so much alike that there was hardly any chance in their waits; none if there may be.

    How many of n lie within a part of what chance spreads them over is expected n * (n - 1 over k - 1) *
    part ** (k - 1) times.
    """
    group = sorted(group, key=key)
    best: list[_Retry] = []
    for first in range(len(group)):
        for last in range(first + max(ceil(enough), len(best) + 1) - 1, len(group)):
            apart = key(group[last]) - key(group[first])
            part = apart / max(_SPREAD[0] * group[first].waited, _SPREAD[1])
            others = last - first
            if apart <= within and len(group) * comb(len(group) - 1, others) * part**others < _LUCK:
                best = group[first : last + 1]
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
