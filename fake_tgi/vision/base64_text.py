"""Base64 as the Rust crate of that name decodes it: the standard letters, padding required, no slack bits."""

from __future__ import annotations

import base64
import re
from typing import Final

__all__ = ["Base64Error", "decoded"]

_LETTERS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_ODD_ONE: Final = re.compile(rb"[^A-Za-z0-9+/]")
_SLACK: Final = {2: 15, 3: 3}
"""Letters in the last group: the bits of the last letter that must be zero."""


class Base64Error(ValueError):
    """The text is not base64; the message is the crate's."""


def decoded(text: bytes) -> bytes:
    """The bytes that `text` stands for. Raises Base64Error."""
    begins = max(0, len(text) - (len(text) % 4 or 4))  # the last group, whole or not
    found = _ODD_ONE.search(text, 0, begins)
    if found is not None:
        raise _invalid(text, found.start())
    _check_last(text, begins)
    return base64.b64decode(text)


def _check_last(text: bytes, begins: int) -> None:
    letters, padding = 0, 0
    for at in range(begins, len(text)):
        if text[at : at + 1] == b"=":
            if at - begins < 2:
                raise _invalid(text, at)
            padding += 1
        elif padding:
            raise _invalid(text, at - padding)
        elif _ODD_ONE.match(text, at):
            raise _invalid(text, at)
        else:
            letters += 1
    if letters == 1:
        raise Base64Error(f"Invalid input length: {len(text)}")
    if (letters + padding) % 4:
        raise Base64Error("Invalid padding")
    last = begins + letters - 1
    if letters in _SLACK and _LETTERS.index(text[last]) & _SLACK[letters]:
        raise Base64Error(f"Invalid last symbol {text[last]}, offset {last}.")


def _invalid(text: bytes, at: int) -> Base64Error:
    return Base64Error(f"Invalid symbol {text[at]}, offset {at}.")
