"""Texts that a regular expression matches from end to end, drawn by walking through the expression.

Characters are printable ASCII wherever the expression allows one, and repetitions are few. What looks
around (anchors, look-ahead, look-behind) is not walked but checked afterwards, so a text may be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

try:
    from re import _constants as sre  # type: ignore[attr-defined]
    from re import _parser as parser  # type: ignore[attr-defined]
except ImportError:  # before Python 3.11
    import sre_constants as sre
    import sre_parse as parser

__all__ = ["RegexTexts"]

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_FEW = 5
_LONGEST = 20_000
_CLASSES: dict[str, Callable[[str], bool]] = {
    "DIGIT": str.isdigit,
    "SPACE": str.isspace,
    "WORD": lambda one: one.isalnum() or one == "_",
}
_LOOKS_AROUND = frozenset({"AT", "ASSERT", "ASSERT_NOT", "GROUPREF_EXISTS"})


def _category(name: object) -> Callable[[str], bool]:
    """Whether a character is of one of the parser's categories, such as CATEGORY_NOT_DIGIT."""
    belongs = _CLASSES[str(name).rpartition("_")[2]]
    negated = "_NOT_" in str(name)
    return lambda one: belongs(one) != negated


class RegexTexts:
    """Draws texts for one expression. Raises `re.error` for a bad one."""

    def __init__(self, pattern: str) -> None:
        self._compiled = re.compile(pattern)
        self._tree = parser.parse(pattern)
        self._sets: dict[int, str] = {}
        self._checked = False
        self._note_checks(self._tree)

    def draw(self, random: Random) -> str:
        """A text that matches. Raises ValueError when this walk through the expression led to none."""
        groups: dict[int, str] = {}
        text = self._sequence(self._tree, random, groups)
        if self._checked and self._compiled.fullmatch(text) is None:
            raise ValueError("the text does not match")
        return text

    def _note_checks(self, part: Any) -> None:
        for item in part if isinstance(part, (list, tuple)) or hasattr(part, "data") else ():
            if hasattr(item, "name"):
                self._checked = self._checked or str(item) in _LOOKS_AROUND
            else:
                self._note_checks(item)

    def _sequence(self, parts: Any, random: Random, groups: dict[int, str]) -> str:
        text, length = [], 0
        for kind, detail in parts:
            text.append(self._part(str(kind), detail, random, groups))
            length += len(text[-1])
            if length > _LONGEST:
                raise ValueError("the text is too long")
        return "".join(text)

    def _part(self, kind: str, detail: Any, random: Random, groups: dict[int, str]) -> str:
        if kind == "LITERAL":
            return chr(detail)
        if kind in ("IN", "NOT_LITERAL", "ANY"):
            return random.choice(self._characters(kind, detail))
        if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            least, most, inner = detail
            text = ""
            for _ in range(random.randint(least, min(most, least + _FEW))):
                text += self._sequence(inner, random, groups)
                if len(text) > _LONGEST:
                    raise ValueError("the text is too long")
            return text
        if kind == "BRANCH":
            return self._sequence(random.choice(detail[1]), random, groups)
        if kind == "SUBPATTERN":
            text = self._sequence(detail[-1], random, groups)
            if detail[0] is not None:
                groups[detail[0]] = text
            return text
        if kind == "ATOMIC_GROUP":
            return self._sequence(detail, random, groups)
        if kind == "GROUPREF":
            return groups.get(detail, "")
        if kind == "GROUPREF_EXISTS":
            chosen = detail[1] if detail[0] in groups else detail[2]
            return self._sequence(chosen, random, groups) if chosen is not None else ""
        return ""

    def _characters(self, kind: str, detail: Any) -> str:
        """What may stand at a place for one character; worked out once."""
        found = self._sets.get(id(detail))
        if found is not None and kind == "IN":
            return found
        if kind == "ANY":
            return _PRINTABLE
        members = [(sre.NEGATE, None), (sre.LITERAL, detail)] if kind == "NOT_LITERAL" else list(detail)
        negated = str(members[0][0]) == "NEGATE"
        tests: list[Callable[[str], bool]] = []
        far: list[str] = []
        for name, value in members[negated:]:
            if str(name) == "CATEGORY":
                tests.append(_category(value))
                continue
            low, high = (value, value) if str(name) == "LITERAL" else value
            tests.append(lambda one, low=low, high=high: low <= ord(one) <= high)  # type: ignore[misc]
            far += map(chr, range(low, min(high, low + 40) + 1))
        near = "".join(one for one in _PRINTABLE if any(test(one) for test in tests) != negated)
        if not near and negated:
            near = next(
                (chr(code) for code in range(0xA1, 0x3000) if not any(t(chr(code)) for t in tests)), ""
            )
        found = near or "".join(far) or " "
        if kind == "IN":
            self._sets[id(detail)] = found
        return found
