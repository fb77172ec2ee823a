"""What is measured again, because it is not as the page has it: told cell by cell, and bounded.

A machine that is busy makes clients time out that would not; so a few cells may be asked for again, alone,
and only that counts. Where many differ it is no matter of luck, and nothing is asked again: a client has
changed, or the fake has.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

__all__ = ["MOST_AGAIN", "Cells", "all_of_them"]

Cells = dict[tuple[str, str, str], str]
"""What each client does, by client, example (or refusal, or feature) and face."""

MOST_AGAIN: Final = 50
"""How many cells are measured again, of some two thousand; where more differ, none is."""


def _told(line: str) -> None:
    assert sys.__stderr__ is not None
    sys.__stderr__.write(f"{line}\n")  # also while pytest captures


def all_of_them(
    jobs: Mapping[tuple[str, str, str], Callable[[], str]],
    written: Cells | None,
    at_once: int,
    tell: Callable[[str], None] = _told,
) -> Cells:
    """What each job says, so many `at_once`; those that do not say what is `written` are asked again."""
    with ThreadPoolExecutor(at_once) as pool:
        made = {where: pool.submit(job) for where, job in jobs.items()}
        cells = {where: future.result() for where, future in made.items()}
    differing = [where for where, said in cells.items() if (written or {}).get(where, said) != said]
    if len(differing) > MOST_AGAIN:
        tell(f"{len(differing)} cells are not as written, more than {MOST_AGAIN}: none is measured again")
        return cells
    for where in differing:
        first, cells[where] = cells[where], jobs[where]()
        tell(f"measured again: {' | '.join(where)}: first {first!r}, then {cells[where]!r}")
    return cells
