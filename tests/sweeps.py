"""How much is tried of what does not depend on the interpreter: all of it, or a sample.

tox tries all on Python 3.11 and a sample on the others, which it says with TEXT_GENERATION_SWEEPS=thin: a
fifth of the examples that Hypothesis would draw, which in CI are the same on each of them, and no test that
is marked `sweep`. pytest counts those in its closing line, as deselected. Without the variable all is tried.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = ["THIN", "examples"]

_HOW: Final = os.environ.get("TEXT_GENERATION_SWEEPS", "full")
if _HOW not in ("full", "thin"):
    raise ValueError(f"TEXT_GENERATION_SWEEPS: expected full or thin, got {_HOW!r}")

THIN: Final = _HOW == "thin"


def examples(number: int) -> int:
    """How many examples to draw where a whole sweep draws `number`."""
    return max(5, number // 5) if THIN else number
