"""The judge: all rules over one journal, less what is waived.

What `fake-tgi verify` has asked is no client's: it is counted, and left out.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ..journal import ServeEvent
from ..verification.agent import USER_AGENT
from . import connections, load, reading, retries, secrets
from .finding import SEVERITIES, Finding, Rule, Severity
from .received import Received
from .seen import Seen
from .telling import told

__all__ = ["RULES", "Verdict", "WaiverError", "judge"]

RULES: Final[tuple[Rule, ...]] = tuple(
    sorted(
        (*reading.RULES, *retries.RULES, *connections.RULES, *load.RULES, *secrets.RULES),
        key=lambda rule: SEVERITIES.index(rule.severity),
    )
)
"""Everything that is looked for, the gravest first."""


class WaiverError(ValueError):
    """A waiver names no finding; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge has found. `requests` is how many calls it has looked at; `verifying`, how many it has
    left out, because `fake-tgi verify` had made them.

    `waived` are findings that somebody has said are fine, `unused` waivers that nothing was found for.
    """

    findings: tuple[Finding, ...]
    waived: tuple[Finding, ...] = ()
    unused: tuple[str, ...] = ()
    requests: int = 0
    verifying: int = 0

    @property
    def ok(self) -> bool:
        """Whether nothing was found that is worse than `info`."""
        return not self.failing("warning")

    def failing(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings that are as bad as that, or worse."""
        worst = SEVERITIES[: SEVERITIES.index(severity) + 1]
        return tuple(finding for finding in self.findings if finding.severity in worst)

    def __str__(self) -> str:
        return told(self.findings, self.waived, self.unused, self.requests, self.verifying)


def judge(
    events: Iterable[ServeEvent],
    *,
    waive: Iterable[str] = (),
    received: Sequence[Received | str | BaseException] = (),
) -> Verdict:
    """Grades the client by what its server saw: the events of a journal, in any order.

    `waive` names findings that are fine. `received` says what the client handed to its callers, one for each
    call (or with the number of its request): what it returned or raised; without it, what a client took for
    an answer is known only where a later conversation shows it. Raises WaiverError, and ValueError where
    `received` does not fit the calls.
    """
    waivers = _checked(waive)
    events = list(events)
    clients = [event for event in events if event.call.header(b"user-agent") != USER_AGENT]
    seen = Seen(clients, received)
    findings: list[Finding] = []
    waived: list[Finding] = []
    for rule in RULES:
        sightings = tuple(rule.find(seen))
        if sightings:
            (waived if rule.name in waivers else findings).append(Finding(rule, sightings))
    used = {finding.name for finding in waived}
    return Verdict(
        tuple(findings),
        tuple(waived),
        tuple(name for name in waivers if name not in used),
        len(clients),
        len(events) - len(clients),
    )


def _checked(waive: Iterable[str]) -> tuple[str, ...]:
    names = [rule.name for rule in RULES]
    waivers = tuple(dict.fromkeys([waive] if isinstance(waive, str) else waive))
    for name in waivers:
        if name not in names:
            close = difflib.get_close_matches(name, names, n=2)
            hint = f"did you mean {' or '.join(close)}?" if close else f"there are {', '.join(names)}"
            raise WaiverError(f"there is no finding {name!r} to waive: {hint}")
    return waivers
