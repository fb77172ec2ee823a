"""The journal: what was asked, which stub answered, what was sent and when, and how it ended."""

from __future__ import annotations

from .keeping import Journal
from .serve_event import Ending, ServeEvent

__all__ = ["Ending", "Journal", "ServeEvent"]
