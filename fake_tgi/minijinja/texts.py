"""String operations that filters and methods share, where Rust's differ from Python's."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from ..whitespace import WHITESPACE

__all__ = ["capitalized", "is_alphabetic", "is_numeric", "lines", "pieces", "titled"]

_WORDS = re.compile(f"[^{re.escape(WHITESPACE)}]+")
# Letters by property Alphabetic that are not letters by category
_CIRCLED = ((0x24B6, 0x24E9), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189))


def titled(text: str) -> str:
    """Every word's first letter in upper case; words end at white space and ASCII punctuation."""
    out: list[str] = []
    start = True
    for char in text:
        if char in WHITESPACE or (char.isascii() and not char.isalnum() and char.isprintable()):
            out.append(char)
            start = True
        else:
            out.append(char.upper() if start else char.lower())
            start = False
    return "".join(out)


def capitalized(text: str) -> str:
    """The first letter in upper case, all others in lower case."""
    return text[:1].upper() + text[1:].lower()


def lines(text: str) -> list[str]:
    """The lines of `text` without their `\\n` or `\\r\\n`."""
    found = text.split("\n")
    last = found.pop()
    return [line.removesuffix("\r") for line in found] + ([last] if last else [])


def pieces(text: str, separator: str | None, splits: int | None) -> Iterator[str]:
    """`text` cut at `separator`, or at white space for None, at most `splits` times."""
    if splits is not None and splits < 0:
        splits = None
    if separator is None:
        return _words(text, splits)
    if separator:
        return iter(text.split(separator, -1 if splits is None else splits))
    return _characters(text, splits)


def _characters(text: str, splits: int | None) -> Iterator[str]:
    """An empty separator is found before, between and behind the characters."""
    parts = ["", *text, ""]
    if splits is None or splits >= len(parts) - 1:
        return iter(parts)
    return iter([*parts[:splits], "".join(parts[splits:])])


def _words(text: str, splits: int | None) -> Iterator[str]:
    if splits is None:
        return (word.group() for word in _WORDS.finditer(text))
    return _limited_words(text, splits + 1)


def _limited_words(text: str, limit: int) -> Iterator[str]:
    """At most `limit` words, the last one with all that follows it; white space at the end is a word too."""
    count, start, rest = 1, -1, 0
    skipping = True
    for place, char in enumerate(text):
        if count >= limit and not skipping:
            continue
        if char in WHITESPACE:
            if start >= 0:
                yield text[start:place]
                start, rest, skipping = -1, place, True
                count += 1
        else:
            skipping = False
            if start < 0:
                start = rest = place
    if text[rest:]:
        yield text[rest:]


def is_numeric(char: str) -> bool:
    """A digit, or a number of any other kind."""
    return unicodedata.category(char)[0] == "N"


def is_alphabetic(char: str) -> bool:
    """A letter, or a number made of letters."""
    if unicodedata.category(char) in ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Mc"):
        return True
    return any(first <= ord(char) <= last for first, last in _CIRCLED)
