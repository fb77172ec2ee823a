"""A text in blocks that can be looked at one by one, so that what is known of one need not be worked out again.

Prompts share their beginnings: the system's words, the template's, those of the last turn of a conversation.
A block ends before a lone space between two characters that are not white, where no word goes on and none
begins: what is true of words in a block is true of them in the text.
"""

from __future__ import annotations

from typing import Final

__all__ = ["blocks"]

_SIZE: Final = 64
_LEAST: Final = 24


def blocks(text: str) -> list[str]:
    """Pieces of some 64 characters that together are `text`; a text that cannot be cut is one block."""
    left = len(text)
    if left <= _SIZE + _LEAST:
        return [text]
    found: list[str] = []
    find = text.find
    end, at, cut = left - 1, 0, find(" ", _SIZE)
    while 0 < cut < end:
        if text[cut - 1].isspace() or text[cut + 1].isspace():
            cut = find(" ", cut + 1)
            continue
        found.append(text[at:cut])
        at = cut
        if left - at <= _SIZE + _LEAST:
            break
        cut = find(" ", at + _SIZE)
    found.append(text[at:])
    return found
