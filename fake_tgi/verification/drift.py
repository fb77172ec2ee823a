"""What changed since a recording of the same questions, the worst for a client first.

A client that reads a member breaks when it is gone or of another type; one that looks at the status, the
form or a word in its place takes another way; what is new, or reads otherwise, seldom hurts. Each change is
told once, with all the questions that show it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, get_args

from .event_stream import DONE, data_of
from .outcome import Outcome
from .readings import error_event
from .seen import Seen
from .shapes import changes

if TYPE_CHECKING:
    from tgi_contracts import Exchange

__all__ = ["DRIFT_KINDS", "Drift", "DriftKind", "drift_since"]

DriftKind = Literal[
    "no answer", "removed field", "changed type", "changed status", "changed form", "changed word",
    "removed header", "changed limit", "new field", "new header", "changed order", "changed text",
]  # fmt: skip

DRIFT_KINDS: Final[tuple[DriftKind, ...]] = get_args(DriftKind)
"""Every kind, the worst first."""

#: Headers that say the same each time. Of others that begin with `x-`, only the presence is compared.
_STEADY: Final = (
    "allow", "cache-control", "location", "vary", "access-control-allow-origin",
    "access-control-allow-methods", "access-control-allow-headers", "x-accel-buffering", "x-compute-type",
    "x-compute-characters", "x-prompt-tokens",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """One change. `where` is a member, a header, `status`; `questions` are all that show it."""

    kind: DriftKind
    route: str
    where: str
    before: str
    after: str
    questions: tuple[str, ...]


def drift_since(recorded: Mapping[str, Exchange], outcomes: Iterable[Outcome]) -> tuple[Drift, ...]:
    """What changed from the recorded exchanges, by question, to the outcomes; worst first.

    Questions that one side does not have are left out, and those that were not asked by choice.
    """
    found: dict[tuple[DriftKind, str, str, str, str], list[str]] = {}
    for outcome in outcomes:
        name, route = outcome.question.name, outcome.question.route
        old = recorded.get(name)
        if old is None or outcome.verdict.by_choice or not outcome.question.compared:
            continue
        if outcome.seen is None or not outcome.seen.status:
            key: tuple[DriftKind, str, str, str, str] = (
                "no answer", route, "answer", str(old["response"]["status"]), _why(outcome),
            )  # fmt: skip
            found.setdefault(key, []).append(name)
            continue
        before = Seen(outcome.question, old)
        for kind, where, was, now in _between(before, outcome.seen):
            found.setdefault((kind, route, where, was, now), []).append(name)
    merged: dict[tuple[DriftKind, str, str], Drift] = {}
    for (kind, route, where, was, now), names in found.items():
        first = merged.get((kind, route, where))
        told = (*first.questions, *names) if first else tuple(names)
        merged[kind, route, where] = Drift(
            kind, route, where, first.before if first else was, first.after if first else now, told
        )
    return tuple(sorted(merged.values(), key=lambda d: (DRIFT_KINDS.index(d.kind), -len(d.questions))))


def _why(outcome: Outcome) -> str:
    if outcome.verdict.reason:
        return outcome.verdict.reason
    return outcome.seen.fault or "no answer" if outcome.seen else "no answer"


def _between(before: Seen, after: Seen) -> Iterator[tuple[DriftKind, str, str, str]]:
    if before.status != after.status:
        yield "changed status", "status", str(before.status), str(after.status)
        return
    types = [each.headers.get("content-type", "none") for each in (before, after)]
    if types[0] != types[1]:
        yield "changed form", "headers.content-type", types[0], types[1]
    yield from _headers(before, after)
    if types[0].partition(";")[0] != types[1].partition(";")[0]:
        return
    values = not after.question.random
    if after.is_stream:
        yield from _streams(before, after)
        for change in changes(before.events, after.events, "events[]", values=values):
            yield change.kind, change.where, change.before, change.after
        counts = [len(each.events) for each in (before, after)]
        if values and counts[0] != counts[1] and after.question.leave_after is None:
            yield "changed text", "events", f"{counts[0]} events", f"{counts[1]} events"
    elif after.question.path == "/metrics":
        yield from _metrics(before.text, after.text)
    elif isinstance(after.value, str) or isinstance(before.value, str):
        html = types[1].startswith("text/html")
        if isinstance(after.value, str) != isinstance(before.value, str):
            was, now = ("text" if isinstance(each.value, str) else "JSON" for each in (before, after))
            yield "changed form", "body", was, now
        elif values and not html and before.text != after.text:
            yield "changed text", "body", json.dumps(before.text[:200]), json.dumps(after.text[:200])
    else:
        for change in changes([before.value], [after.value], "body", values=values):
            yield change.kind, change.where, change.before, change.after


def _streams(before: Seen, after: Seen) -> Iterator[tuple[DriftKind, str, str, str]]:
    """How they end, and whether an error came: what a client's loop depends on."""
    if after.question.leave_after is not None:
        return
    ends = [_end(each) for each in (before, after)]
    if ends[0] != ends[1]:
        yield "changed form", "events", ends[0], ends[1]
    fields = [sorted(set(re.findall(r"^(\w*):", each.text, re.MULTILINE))) for each in (before, after)]
    if fields[0] != fields[1]:
        yield "changed form", "events", f"lines {', '.join(fields[0])}", f"lines {', '.join(fields[1])}"


def _end(seen: Seen) -> str:
    data = data_of(seen.text)
    last = f"ends with {DONE}" if data and data[-1] == DONE else "ends without a mark"
    if seen.exchange["response"].get("ended") == "upstream_died":
        last = "is cut short"
    return f"{last}, with an error" if error_event(seen) else last


def _metrics(before: str, after: str) -> Iterator[tuple[DriftKind, str, str, str]]:
    families = [dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)) for text in (before, after)]
    for name, kind in families[0].items():
        if name not in families[1]:
            yield "removed field", name, kind, "nothing"
        elif families[1][name] != kind:
            yield "changed type", name, kind, families[1][name]
    for name in families[1].keys() - families[0].keys():
        yield "new field", name, "nothing", families[1][name]


def _headers(before: Seen, after: Seen) -> Iterator[tuple[DriftKind, str, str, str]]:
    old, new = (
        {name: value for name, value in each.headers.items() if name in _STEADY or name.startswith("x-")}
        for each in (before, after)
    )
    for name in old.keys() | new.keys():
        where = f"headers.{name}"
        if name not in new:
            yield "removed header", where, old[name], "nothing"
        elif name not in old:
            yield "new header", where, "nothing", new[name]
        elif name in _STEADY and old[name] != new[name] and not after.question.random:
            yield "changed text", where, old[name], new[name]
