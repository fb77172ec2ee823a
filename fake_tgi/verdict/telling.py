"""A verdict in words: what was found, in which calls, why it matters, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from ..journal import ServeEvent
from .finding import Finding

__all__ = ["line_of", "told"]

_MOST = 3
"""Sightings of one finding that are told at length."""


def told(
    findings: Sequence[Finding],
    waived: Sequence[Finding],
    unused: Sequence[str],
    requests: int,
    verifying: int = 0,
) -> str:
    """All of it, a paragraph for each finding."""
    asked = f"{requests or 'no'} request{'' if requests == 1 else 's'}"
    number = len(findings)
    lines = [f"{number or 'no'} finding{'' if number == 1 else 's'} about the client, from {asked}"]
    if not requests:
        lines.append("there was nothing to judge: did the client ask another server?")
    for finding in findings:
        lines += ["", *_paragraph(finding)]
    if verifying:
        lines += ["", f"left out: {verifying} request{'' if verifying == 1 else 's'} of fake-tgi verify"]
    if waived:
        lines += ["", f"waived: {', '.join(finding.name for finding in waived)}"]
    if unused:
        lines += ["", f"waived but not found: {', '.join(unused)}"]
    return "\n".join(lines)


def _paragraph(finding: Finding) -> Iterable[str]:
    rule = finding.rule
    yield f"{rule.severity}: {rule.name}: {rule.title}"
    for sighting in finding.sightings[:_MOST]:
        yield f"    {sighting.says}"
        for event in sighting.events[:_MOST]:
            yield f"        {line_of(event)}"
        if len(sighting.events) > _MOST:
            yield f"        and {len(sighting.events) - _MOST} more"
    if len(finding.sightings) > _MOST:
        yield f"    and {len(finding.sightings) - _MOST} times more"
    yield f"    why: {rule.explains}"
    yield f"    instead: {rule.fix}"


def line_of(event: ServeEvent) -> str:
    """One call in a line: its number, when it came, what it asked, what was answered, how that ended."""
    at = datetime.fromtimestamp(event.arrived, timezone.utc).strftime("%H:%M:%S.%f")[:-3]
    call = event.call
    status = event.status if event.status is not None else "no answer"
    tokens = f", {event.tokens_sent} tokens sent" if event.tokens_sent else ""
    faults = f" ({', '.join(event.faults)})" if event.faults else ""
    return (
        f"#{event.id} {at} {call.method} {call.path}: {status}{tokens}, {event.ended} after "
        f"{event.seconds:.3f} s{faults}"
    )
