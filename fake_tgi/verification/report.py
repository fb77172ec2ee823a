"""What came of the questions, as a value; how it is written down is others' work.

Differences that are the same one, seen by several questions, are told once, by the smallest exchange that
shows them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tgi_contracts import Violation

from .drift import Drift
from .outcome import Outcome
from .readings import spent_tokens
from .seen import Seen
from .target import Target

__all__ = ["Difference", "Report", "RouteCount"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which the server differs.

    `questions` are all that show it, `example` the smallest of them, `violations` its violations of this
    kind.
    """

    violation: Violation
    example: Outcome
    questions: tuple[str, ...]
    routes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RouteCount:
    """Of one route: how many questions hold, differ, and were not asked."""

    route: str
    holds: int
    differs: int
    unasked: int


@dataclass(frozen=True, slots=True)
class Report:
    """Everything there is to tell. `seconds` all of it took. `known`: the answers that were as expected.

    `drift`: what changed since a recording, worst first; None if it was not compared with one.
    """

    target: Target
    outcomes: tuple[Outcome, ...]
    seconds: float
    known: Mapping[str, Seen] = field(default_factory=dict, repr=False)
    drift: tuple[Drift, ...] | None = None

    @property
    def exit_status(self) -> int:
        """0 nothing differs, 1 something does or has changed, 3 nothing could be asked."""
        if any(outcome.verdict.kind == "differs" for outcome in self.outcomes) or self.drift:
            return 1
        return 0 if any(outcome.seen is not None for outcome in self.outcomes) else 3

    @property
    def tokens(self) -> int:
        """How many tokens the model generated, as far as its answers tell."""
        return sum(
            spent_tokens(outcome.seen)
            for outcome in self.outcomes
            if outcome.seen is not None and outcome.verdict.kind == "holds" and outcome.question.tokens
        )

    @property
    def server(self) -> str:
        """What the server says it is: router, version, model; "" if it does not."""
        seen = self.known.get("info")
        if seen is None:
            return ""
        info: Mapping[str, Any] = seen.value
        return f"{info['router']} {info['version']}, {info['model_id']}"

    def of_kind(self, kind: str) -> list[Outcome]:
        """The outcomes of one kind: holds, differs, unasked."""
        return [outcome for outcome in self.outcomes if outcome.verdict.kind == kind]

    def routes(self) -> list[RouteCount]:
        """Counts by route, in the order of asking."""
        found = []
        for route in dict.fromkeys(outcome.question.route for outcome in self.outcomes):
            kinds = [o.verdict.kind for o in self.outcomes if o.question.route == route]
            found.append(RouteCount(route, *(kinds.count(kind) for kind in ("holds", "differs", "unasked"))))
        return sorted(found, key=lambda count: count.route.partition(" ")[2] or "~")

    def differences(self) -> list[Difference]:
        """What differs, each once, those seen by most questions first."""
        alike: dict[tuple[str, str, str], list[tuple[Outcome, Violation]]] = {}
        for outcome in self.of_kind("differs"):
            for violation in outcome.verdict.violations:
                where = re.sub(r"\[\d+\]", "[…]", violation.where)
                key = where, violation.rule, _kind_of(violation)
                alike.setdefault(key, []).append((outcome, violation))
        found = []
        for shown_by in alike.values():
            example, violation = min(shown_by, key=lambda each: _size(each[0]))
            names = tuple(dict.fromkeys(outcome.question.name for outcome, _ in shown_by))
            routes = tuple(dict.fromkeys(outcome.question.route for outcome, _ in shown_by))
            found.append(Difference(violation, example, names, routes))
        return sorted(found, key=lambda difference: -len(difference.questions))


def _kind_of(violation: Violation) -> str:
    """What was expected, numbers and values left aside."""
    return re.sub(r'"[^"]*"|-?\d+(?:\.\d+)?', "…", violation.expected)


def _size(outcome: Outcome) -> int:
    if outcome.seen is None:
        return 0
    request = outcome.seen.exchange["request"]
    return len(str(request.get("json", request.get("raw", "")))) + len(outcome.seen.text)
