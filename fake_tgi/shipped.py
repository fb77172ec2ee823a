"""The folder of the files that come with this package.

A plain path, because every start reads one of them: `importlib.resources`, which could also look into an
archive, brings a dozen modules along.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["DATA"]

DATA: Final = Path(__file__).parent / "data"
