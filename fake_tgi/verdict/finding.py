"""What can be found, and what was: rules and findings as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from ..journal import ServeEvent
    from .seen import Seen

__all__ = ["SEVERITIES", "Finding", "Rule", "Severity", "Sighting"]

Severity = Literal["error", "warning", "info"]
"""`error`: wrong in every program. `warning`: wrong in most. `info`: good to know, and ok."""

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")
"""The gravest first."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One time that something was seen: in which calls, and the evidence in words."""

    events: tuple[ServeEvent, ...]
    says: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What is looked for. `explains` says why it is wrong, `fix` what to do instead."""

    name: str
    severity: Severity
    title: str
    explains: str
    fix: str
    find: Callable[[Seen], Iterable[Sighting]]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was found, with every time that it was seen."""

    rule: Rule
    sightings: tuple[Sighting, ...]

    @property
    def name(self) -> str:
        """The name that waives it."""
        return self.rule.name

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return self.rule.severity

    @property
    def requests(self) -> tuple[int, ...]:
        """The numbers of the calls in which it was seen, as in the journal."""
        return tuple(sorted({event.id for seen in self.sightings for event in seen.events}))
