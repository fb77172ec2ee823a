"""What is wrong with a test, in words: see checks.py for the rules.

Nothing secret is in them: what was asked and what was waited for is told as the journal tells it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..faults import spelled
from ..library.undisclosed import undisclosed
from ..matching import Asked
from ..stubs.near_misses import near_misses
from .finding import Finding
from .telling import call_line, hidden

if TYPE_CHECKING:
    from ..journal import ServeEvent
    from ..library.books import Begun, Planned
    from ..state import State
    from ..stubs.placed import PlacedStub, StubFailure

__all__ = ["errors", "refused", "unanswered", "unmet", "unused"]

_NEAREST: Final = 3


def errors(
    failures: Sequence[StubFailure], others: Iterable[BaseException | None], *, users: bool
) -> Iterator[Finding]:
    """What users' functions raised, told if `users`; and what else was, which is the fake's own."""
    seen: set[int] = set()
    for failure in failures:
        seen.add(id(failure.error))
        if users:
            asked = f"when it was asked {failure.call.method} {failure.call.path}"
            yield Finding((f"{failure.placed.name} raised {_named(failure.error)} {asked}",), failure.error)
    for error in others:
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            yield Finding((f"the fake itself raised {_named(error)}",), error)


def refused(events: Iterable[ServeEvent], kind: str, what: str) -> Iterator[Finding]:
    """Calls that got 501, for this kind of reason: the body says why, and what would have been answered."""
    for event in events:
        try:
            said = json.loads(event.body)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("error_type") == kind:
            first, *misses = str(said.get("error")).splitlines()
            yield Finding((f"{what}: {call_line(event)}", f"  {first}", *(f"    {miss}" for miss in misses)))


def unused(placed: PlacedStub, state: State) -> Finding:
    """A stub that no call used, what it is for, and the calls that came closest."""
    when = undisclosed(placed.stub.when.as_json())
    wanted = json.dumps(when, ensure_ascii=False) if when else "every call that asks the model"
    where = "" if placed.origin is None else f" ({placed.origin})"
    lines = [f"{placed.name} was never used{where}; it is for {wanted}"]
    events = list(state.journal)
    if not events:
        lines.append("  no call has come")
    told = (_why_not(event, placed, state) for event in events)
    nearest = sorted(told, key=lambda each: each[0])[:_NEAREST]
    return Finding((*lines, *(line for _, each in nearest for line in each)))


def unanswered(begun: Begun) -> Finding:
    """A stub that was begun, and given no answer."""
    when = undisclosed(begun.pattern.as_json())
    parts = {name: part for name, part in when.items() if name != "route"} or when
    told = ", ".join(f"{name} {json.dumps(part, ensure_ascii=False)}" for name, part in parts.items())
    wanted = told or "every call that asks the model"
    where = "" if begun.origin is None else f" ({begun.origin})"
    return Finding(
        (
            f"a stub for {wanted} was begun and never given an answer{where}",
            "  say what it answers, such as .reply(text), .stream([...]) or .error(name)",
        )
    )


def unmet(planned: Planned, state: State) -> Finding:
    """A fault that no call came for, and the last calls that did come."""
    when, where = planned.rule.when, "" if planned.origin is None else f" ({planned.origin})"
    those = "those that it can strike" if when.route is None else f"those of {when.route}"
    lines = [f"{spelled(planned.rule.fault)} never struck{where}; it is for call {when.first} of {those}"]
    calls = [f"  {call_line(event)}" for event in state.journal]
    return Finding((*lines, *(calls[-_NEAREST:] or ["  no call has come"])))


def _why_not(event: ServeEvent, placed: PlacedStub, state: State) -> tuple[int, list[str]]:
    """How far a call was from a stub, and in what."""
    missed = near_misses([placed], Asked(event.call), state.scenarios, 1)
    line = f"  {call_line(event)}"
    if not missed:
        other = "another stub answered it" if event.stub is not None else "no stub was in its place then"
        return 0, [line, f"    matches, but {other}"]
    differences = missed[0].differences
    return len(differences), [line, *(f"    {hidden(str(difference))}" for difference in differences)]


def _named(error: BaseException) -> str:
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
