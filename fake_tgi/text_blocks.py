"""A text in blocks that can be looked at one by one, so that nothing is worked out twice.

Prompts share their beginnings: the system's words, the template's, those of the last turn of a conversation.
A block ends before a lone space between two characters that are not white, where no word goes on and none
begins: what is true of words in a block is true of them in the text.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["BLOCK", "Cut", "Cutter", "blocks"]

_SIZE: Final = 64
_LEAST: Final = 24
BLOCK: Final = 128
"""Most blocks are shorter: to remember longer ones would help nobody but who has no spaces."""

_LONGEST: Final = 1024
"""Characters of a text whose blocks are remembered by how it begins."""
_MOST: Final = 1000
"""How many texts those are."""
_NOTHING: Final[tuple[str, list[str]]] = ("", [])

_border = re.compile(r"(?<=\S) (?=\S)").search


def blocks(text: str) -> list[str]:
    """Pieces of some 64 characters that together are `text`; a text that cannot be cut is one block."""
    most = len(text) - _LEAST
    if most <= _SIZE:
        return [text]
    found: list[str] = []
    at = 0
    while at + _SIZE < most:
        border = _border(text, at + _SIZE)
        if border is None:
            break
        cut = border.start()
        found.append(text[at:cut])
        at = cut
    found.append(text[at:])
    return found


Cut = tuple[list[str], str, list[str]]
"""The blocks of a text but for the last one; the last one; what stands between its spaces."""


class Cutter:
    """Cuts texts. The one that was cut last is remembered: a prompt is counted, and then looked at for what
    it is about; and texts that begin like another one are cut like it. Safe to share over threads.
    """

    __slots__ = ("_begun", "_last")

    def __init__(self) -> None:
        self._last: tuple[str, Cut] = ("", ([], "", [""]))
        self._begun: dict[str, tuple[str, list[str]]] = {}
        """By how texts begin: their blocks but for the last one, joined with the space behind, and so."""

    def __call__(self, text: str) -> Cut:
        known, cut = self._last
        if known is text:
            return cut
        beginning, begun = self._begun.get(text[:_SIZE], _NOTHING)
        size = len(beginning) - 1
        # as `blocks` would: where so much is behind the last border, it finds this one, and no other
        if (
            begun
            and _LEAST < len(text) - size <= _SIZE + _LEAST
            and text.startswith(beginning)
            and not text[size + 1].isspace()
        ):
            last = text[size:]
        else:
            *begun, last = blocks(text)
            if begun and len(text) <= _LONGEST:
                self._remember(begun)
        cut = (begun, last, last.split(" "))
        self._last = (text, cut)
        return cut

    def _remember(self, begun: list[str]) -> None:
        if len(self._begun) >= _MOST:
            self._begun.clear()
        beginning = "".join(begun)
        self._begun[beginning[:_SIZE]] = (beginning + " ", begun)
