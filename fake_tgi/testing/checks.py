"""What is wrong with a test though all its own assertions hold: the rules of strictness.

A stub that no call used, one that was begun and given no answer, a fault that no call came for, a call in
strict mode that no stub answered, a call that is not on the test's recording, and whatever was raised behind
the test's back: by a user's function, or by the fake itself. What was raised is kept as it was, so that it
can be raised again where the test sees it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ..faults import spelled
from ..library.undisclosed import undisclosed
from ..matching import Asked
from ..stubs.near_misses import near_misses
from .telling import call_line, hidden

if TYPE_CHECKING:
    from ..journal import ServeEvent
    from ..library.books import Begun, Planned
    from ..state import State
    from ..stubs.placed import PlacedStub
    from .configuration import Configuration
    from .handle import LentFake

__all__ = ["Finding", "findings"]

_NEAREST: Final = 3
_REFUSED: Final = 501


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `told` begins with a line that says what; `error` is what was raised."""

    told: tuple[str, ...]
    error: BaseException | None = None


def findings(
    fake: LentFake, configuration: Configuration, raised: Iterable[BaseException] = ()
) -> list[Finding]:
    """Everything that is wrong, errors first. `raised` is what applications around the fake raised."""
    state = fake.state
    found = list(_errors(fake, raised, users=not configuration.allow_answer_errors))
    found += _refused(state, "unrecorded", "a call is not on the recording of this test")
    if not configuration.allow_unexpected_calls:
        found += _refused(state, "unmatched", "a call that nobody expected")
    if not configuration.allow_unused_stubs:
        unused = {stub.id for stub in fake.unused}  # but for those that the test has taken away itself
        found += [_unused(placed, state) for placed in state.stubs if placed.id in unused]
        found += map(_unanswered, fake.begun)
        found += [_unmet(planned, state) for planned in fake.unmet]
    return found


def _errors(fake: LentFake, raised: Iterable[BaseException], *, users: bool) -> Iterator[Finding]:
    seen: set[int] = set()
    for failure in fake.failures:
        seen.add(id(failure.error))
        if users:
            asked = f"when it was asked {failure.call.method} {failure.call.path}"
            yield Finding((f"{failure.placed.name} raised {_named(failure.error)} {asked}",), failure.error)
    broken = (event.exception for event in fake.state.journal if event.ended == "failed")
    for error in (*broken, *raised):
        if error is not None and id(error) not in seen:
            seen.add(id(error))
            yield Finding((f"the fake itself raised {_named(error)}",), error)


def _named(error: BaseException) -> str:
    said = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _refused(state: State, kind: str, what: str) -> Iterator[Finding]:
    """Calls that got 501, which TGI never sends: its body says why, and what would have been answered."""
    for event in state.journal:
        if event.status != _REFUSED or event.stub is not None:
            continue
        try:
            said = json.loads(event.body)
        except ValueError:
            continue
        if isinstance(said, dict) and said.get("error_type") == kind:
            first, *misses = str(said.get("error")).splitlines()
            yield Finding((f"{what}: {call_line(event)}", f"  {first}", *(f"    {miss}" for miss in misses)))


def _unused(placed: PlacedStub, state: State) -> Finding:
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


def _unanswered(begun: Begun) -> Finding:
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


def _unmet(planned: Planned, state: State) -> Finding:
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
