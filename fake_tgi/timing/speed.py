"""How much faster than recorded, as people write it: the same at every door."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["INSTANT", "SPEED", "read_speed"]

INSTANT: Final = float("inf")
SPEED: Final = "a number above 0 such as 2x or 0.5x, or instant"
"""What is expected."""


def read_speed(written: str) -> float:
    """Reads `2x`, `0.5`, or `instant`. Raises ValueError."""
    if written == "instant":
        return INSTANT
    number = written.removesuffix("x")
    if re.fullmatch(r"[0-9]*\.?[0-9]+", number, re.ASCII) is None or not float(number):
        raise ValueError(f"expected {SPEED}")
    return float(number)
