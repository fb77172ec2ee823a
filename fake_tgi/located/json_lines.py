"""JSON with line numbers: the value of a text, and the line on which each part of it stands."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

from ..matching.differences import step
from ..matching.json_values import DEEPEST, DIGITS, NESTED, unlike_json
from .value import Located, UnreadableError

__all__ = ["read_json"]


# What says how deep a text is nested, and what Python reads though it is no number of JSON's, or cannot read.
_TELLING: Final = re.compile(
    r'"[^"\\]*(?:\\.[^"\\]*)*"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<none>NaN|-?Infinity)'
    rf"|(?P<long>[0-9]{{{DIGITS + 1},}})",
    re.DOTALL,
)


def read_json(text: str) -> Located:
    """Raises UnreadableError for what is no JSON, or has a member twice."""
    _look_over(text)
    walk = _Walk(text)
    try:
        value = json.loads(text)
        walk.value(0, "")
    except json.JSONDecodeError as error:
        raise UnreadableError(error.lineno, f"expected JSON, got none: {error.msg}") from error
    located = Located(value, walk.lines)
    if (wrong := unlike_json(value)) is not None:
        raise UnreadableError(located.line(wrong.where), str(wrong))
    return located


def _look_over(text: str) -> None:
    """Refuses what cannot be read, or is not to be, while its line is still known."""
    depth = 0
    for found in _TELLING.finditer(text):
        wrong = ""
        if found.lastgroup == "open":
            depth += 1
            wrong = f"expected {NESTED}, got more" if depth > DEEPEST else ""
        elif found.lastgroup == "close":
            depth -= 1
        elif found.lastgroup == "none":
            wrong = f"expected JSON, got none: {found[0]} is no number of JSON's"
        elif found.lastgroup == "long":
            wrong = f"expected a number of at most {DIGITS} digits, got a longer one"
        if wrong:
            raise UnreadableError(text.count("\n", 0, found.start()) + 1, wrong)


class _Walk:
    """Goes over a text that is known to be JSON, from part to part."""

    def __init__(self, text: str) -> None:
        self.lines: dict[str, int] = {}
        self._text = text
        self._end = 0
        self._starts = [0, *(at + 1 for at, character in enumerate(text) if character == "\n")]
        self._decode = json.JSONDecoder().raw_decode

    def value(self, at: int, where: str) -> int:
        """Notes the line of the value at `at` and of all its parts; returns where it ends."""
        at = self._skip(at)
        self.lines.setdefault(where, self._line(at))
        opening = self._text[at]
        if opening == "{":
            return self._members(at, where)
        if opening == "[":
            return self._items(at, where)
        return int(self._decode(self._text, at)[1])

    def _members(self, at: int, where: str) -> int:
        for start in self._parts(at, "}"):
            key, end = self._decode(self._text, start)
            place = step(where, key)
            if place in self.lines:
                raise UnreadableError(self._line(start), f"{place}: expected it once, got it twice")
            self.lines[place] = self._line(start)
            self._end = self.value(self._skip(end) + 1, place)
        return self._end

    def _items(self, at: int, where: str) -> int:
        for index, start in enumerate(self._parts(at, "]")):
            self._end = self.value(start, f"{where}[{index}]")
        return self._end

    def _parts(self, at: int, closing: str) -> Iterator[int]:
        """Where each part of a list or an object begins; `_end` must be set to where it ends."""
        at = self._skip(at + 1)
        while self._text[at] != closing:
            yield at
            at = self._skip(self._end)
            if self._text[at] == ",":
                at = self._skip(at + 1)
        self._end = at + 1

    def _skip(self, at: int) -> int:
        while self._text[at] in " \t\r\n":
            at += 1
        return at

    def _line(self, at: int) -> int:
        return bisect_right(self._starts, at)
