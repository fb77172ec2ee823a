"""A value that was read from a text, and the line on which each part of it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Located", "UnreadableError"]


class UnreadableError(ValueError):
    """A text cannot be read; `line` counts from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Located:
    """A JSON value with the lines of its parts, by places such as `stubs[0].when`; the whole is ``."""

    value: Any
    lines: Mapping[str, int]

    def line(self, where: str) -> int:
        """The line of a place; of what it stands in, if there is nothing at the place itself."""
        while where and where not in self.lines:
            where = where[: max(where.rfind("."), where.rfind("["), 0)]
        return self.lines.get(where, 1)
