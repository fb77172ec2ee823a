"""JSON and YAML as people write them, read with the line of each part: what is wrong is told by its line."""

from __future__ import annotations

from .value import Located, UnreadableError

__all__ = ["Located", "UnreadableError"]
