"""How much is tried of what does not depend on the interpreter: all of it, or a sample; or what never was.

tox tries all on Python 3.11 and a sample on the others, which it says with TEXT_GENERATION_SWEEPS=thin: a
fifth of the examples that Hypothesis would draw, and no test that is marked `sweep`. pytest counts those in
its closing line, as deselected. Without the variable all is tried.

Either way Hypothesis draws the same examples every time, so that whether a commit passes is a matter of the
commit. New ones are looked for with TEXT_GENERATION_SWEEPS=deep (`tox -e explore`): many times as many, by
chance. What it finds becomes a test of its own, for the next run draws something else.
"""

from __future__ import annotations

import os
from typing import Final

__all__ = ["DEEP", "THIN", "examples"]

_HOW: Final = os.environ.get("TEXT_GENERATION_SWEEPS", "full")
if _HOW not in ("full", "thin", "deep"):
    raise ValueError(f"TEXT_GENERATION_SWEEPS: expected full, thin or deep, got {_HOW!r}")

THIN: Final = _HOW == "thin"
DEEP: Final = _HOW == "deep"


def examples(number: int) -> int:
    """How many examples to draw where a whole sweep draws `number`."""
    if DEEP:
        return 20 * number
    return max(5, number // 5) if THIN else number
