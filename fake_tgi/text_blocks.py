"""A text in blocks that can be looked at one by one, so that nothing is worked out twice.

Prompts share their beginnings: the system's words, the template's, those of the last turn of a conversation.
A block ends before a lone space between two characters that are not white, where no word goes on and none
begins: what is true of words in a block is true of them in the text.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["blocks"]

_SIZE: Final = 64
_LEAST: Final = 24
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
