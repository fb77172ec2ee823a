"""What is wrong with a test though all its own assertions hold: the rules of strictness.

A stub that no call used, one that was begun and given no answer, a fault that no call came for, a call in
strict mode that no stub answered, a call that is not on the test's recording, and whatever was raised behind
the test's back: by a user's function, or by the fake itself. Every test is looked at, and hardly any has
something wrong with it, so the words for that (wrong.py) are imported by one that has.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .configuration import Configuration
    from .finding import Finding
    from .handle import LentFake

__all__ = ["findings"]

_REFUSED: Final = 501
"""What TGI never sends: the fake says so that it has no answer."""


def findings(
    fake: LentFake, configuration: Configuration, raised: Sequence[BaseException] = ()
) -> list[Finding]:
    """Everything that is wrong, errors first. `raised` is what applications around the fake raised."""
    events = list(fake.state.journal)
    failures = fake.failures
    broken = [event.exception for event in events if event.ended == "failed"]
    refused = [event for event in events if event.status == _REFUSED and event.stub is None]
    lenient = configuration.allow_unused_stubs
    unused, begun, unmet = ([], [], []) if lenient else (fake.unused, fake.begun, fake.unmet)
    if not (failures or broken or raised or refused or unused or begun or unmet):
        return []
    from . import wrong

    users = not configuration.allow_answer_errors
    found = list(wrong.errors(failures, [*broken, *raised], users=users))
    found += wrong.refused(refused, "unrecorded", "a call is not on the recording of this test")
    if not configuration.allow_unexpected_calls:
        found += wrong.refused(refused, "unmatched", "a call that nobody expected")
    theirs = {stub.id for stub in unused}  # but for those that the test has taken away itself
    found += [wrong.unused(placed, fake.state) for placed in fake.state.stubs if placed.id in theirs]
    found += map(wrong.unanswered, begun)
    found += [wrong.unmet(planned, fake.state) for planned in unmet]
    return found
