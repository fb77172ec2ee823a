"""Where a stub was written: the line of the user's that has placed it, for reports.

It is the innermost one that is not ours. Only its file and number are kept: a frame would keep alive all that
the test has.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

__all__ = ["Origin", "distance", "origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A line of a file. As a text it is short where the file is below the working directory."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file.removeprefix(f'{Path.cwd()}{os.sep}')}:{self.line}"


def origin() -> Origin | None:
    """The user's line that has led here; None if there is none, as where a server has placed a stub."""
    frame, _ = _outside()
    return None if frame is None else Origin(frame.f_code.co_filename, frame.f_lineno)


def distance() -> int:
    """How many calls up that line is from whoever asks, as `warnings.warn` counts them (`stacklevel`)."""
    return _outside()[1]


def _outside() -> tuple[FrameType | None, int]:
    frame: FrameType | None = sys._getframe(2)
    count = 1
    while frame is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "fake_tgi":
        frame, count = frame.f_back, count + 1
    return frame, count
