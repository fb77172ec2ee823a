"""Rules on many calls together: what clients do, all at once, to a server that has too much to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .answers import Answer
from .finding import Rule, Sighting
from .seen import Seen, span

__all__ = ["RULES"]

_HERD: Final = 5
"""Retries that come together."""
_TOGETHER: Final = 0.02
"""Seconds within which they do."""
_WAITED: Final = 0.1
"""Seconds; after a shorter wait there is no backoff, and so no chance in it."""
_ALIKE: Final = 0.03
"""Share by which their waits may differ."""

_MANY: Final = 20
"""New calls that are refused while refusals come in."""
_AT_ONCE: Final = 10
"""Connections that they come over."""
_AFTER: Final = 1.0
"""Seconds after a first refusal in which they come."""

_BUSY: Final = ("overloaded", "unavailable")


def _herd(seen: Seen) -> Iterator[Sighting]:
    retries: list[tuple[float, float, Answer]] = []
    for call in seen.calls:
        for before, after in call.retries:
            waited = span(before.event, after.event)
            if before.outcome in _BUSY and waited >= _WAITED:
                retries.append((after.event.real[0], waited, after))
    retries.sort(key=lambda each: each[:2])
    at = 0
    while at < len(retries):
        came = retries[at][0]
        together = [each for each in retries[at:] if each[0] - came <= _TOGETHER]
        waits = [waited for _, waited, _ in together]
        if len(together) >= _HERD and max(waits) <= min(waits) * (1 + _ALIKE):
            yield Sighting(
                tuple(each.event for _, _, each in together),
                f"{len(together)} retries within {1000 * (together[-1][0] - came):.0f} ms, each after about "
                f"{waits[0]:.3g} s",
            )
        at += len(together)


def _unbounded(seen: Seen) -> Iterator[Sighting]:
    new = [call.attempts[0] for call in seen.calls]
    told = [answer.event.real[1] for answer in new if answer.outcome == "overloaded"]
    ends = [over for over in told if over is not None]
    if not ends:
        return
    first = min(ends)
    after = [
        answer
        for answer in new
        if answer.outcome == "overloaded" and first < answer.event.real[0] <= first + _AFTER
    ]
    lines = {answer.event.connection for answer in after}
    if len(after) >= _MANY and len(lines) >= _AT_ONCE:
        yield Sighting(
            tuple(answer.event for answer in after),
            f"{len(after)} new calls over {len(lines)} connections, and refused, within {_AFTER:g} s of the "
            "first refusal",
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
