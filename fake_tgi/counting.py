"""Counting the tokens of plain ASCII text without the tokenizer library, where the result must be the same.

A byte-level BPE cuts text into words first and merges within each word alone, so the count of a text is the
sum of the counts of its words, and words come back. For ASCII, that cut (the GPT-2 pattern) can be written
for Python's `re`. Whatever is not plainly of that kind is left to the library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

__all__ = ["piece_counter"]

_WORDS = re.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?[A-Za-z]+| ?[0-9]+| ?[^ \t\n\r\x0b\x0cA-Za-z0-9]+"
    r"|[ \t\n\r\x0b\x0c]+(?![^ \t\n\r\x0b\x0c])|[ \t\n\r\x0b\x0c]+"
)
_LONGEST = 20_000
_REMEMBERED = 50_000


def part_of(backend: Any, name: str) -> dict[str, Any]:
    """A step of a library's tokenizer (`decoder`, `normalizer`, …) as tokenizer.json has it; {} for none."""
    part = getattr(backend, name)
    return {} if part is None else dict(json.loads(part.__getstate__()))


def _splits_like_gpt2(backend: Any) -> bool:
    """Whether every step around the model is one that this module knows to be harmless."""
    cut = part_of(backend, "pre_tokenizer")
    return (
        type(backend.model).__name__ == "BPE"
        and not backend.model.dropout
        and cut.get("type") == "ByteLevel"
        and cut.get("use_regex") is True
        and not cut.get("add_prefix_space")
        and backend.normalizer is None
        and backend.truncation is None
        and backend.padding is None
        and part_of(backend, "post_processor").get("type") in (None, "TemplateProcessing", "ByteLevel")
    )


def piece_counter(backend: Any) -> Callable[[str], int | None] | None:
    """A function from a text to the count of its tokens, special ones not added, or to None for a text that
    it cannot count. There is no such function (None) for a library's tokenizer that works in any other way.
    """
    if not _splits_like_gpt2(backend):
        return None
    added = [token.content for token in backend.get_added_tokens_decoder().values()]
    has_added = re.compile("|".join(map(re.escape, added)) or "(?!)").search
    starts = {token[:1] for token in added}
    words = _WORDS.findall
    known: dict[str, int] = {}

    def count(text: str) -> int | None:
        if not text.isascii() or len(text) > _LONGEST:
            return None
        for start in starts:
            if start in text:
                if has_added(text):
                    return None
                break
        found = words(text)
        try:
            return sum(map(known.__getitem__, found))
        except KeyError:
            pass
        if len(known) > _REMEMBERED:
            known.clear()
        for word in found:
            if word not in known:
                if len(word) > 64:
                    return None
                known[word] = len(backend.encode(word, add_special_tokens=False))
        return sum(map(known.__getitem__, found))

    return count
