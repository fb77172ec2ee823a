"""One thing that is wrong with a test."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Finding"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`told` begins with a line that says what; `error` is what was raised, as it was: it can be raised again
    where the test sees it."""

    told: tuple[str, ...]
    error: BaseException | None = None
