"""How many Python functions a piece of work calls: a number that no busy machine changes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["python_calls"]


def python_calls(work: Callable[[], object], package: str) -> Counter[str]:
    """The Python functions of `package` that `work` calls, generators that go on included, and how often."""
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, argument: Any) -> None:
        name = str(frame.f_globals.get("__name__"))
        if event == "call" and name.startswith(package):
            calls[f"{name}.{frame.f_code.co_name}"] += 1

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls
