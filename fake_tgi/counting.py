"""Counting the tokens of plain ASCII text without the tokenizer library, where the result must be the same.

A byte-level BPE cuts text into words first and merges within each word alone, so the count of a text is the
sum of the counts of its words, and words come back. For ASCII, that cut (the GPT-2 pattern) can be written
for Python's `re`. Whatever is not plainly of that kind is left to the library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from .caches import Known
from .text_blocks import BLOCK, Cutter

__all__ = ["piece_counter"]

# The most frequent first, where the order does not matter.
_WORDS = re.compile(
    r" ?[A-Za-z]+|'(?:s|t|re|ve|m|ll|d)| ?[0-9]+| ?[^ \t\n\r\x0b\x0cA-Za-z0-9]+"
    r"|[ \t\n\r\x0b\x0c]+(?![^ \t\n\r\x0b\x0c])|[ \t\n\r\x0b\x0c]+"
)
_SPACES_TOGETHER = re.compile(r"[ \t\n\r\x0b\x0c]{2}")
_LONGEST = 20_000
_SHORT = 512
# Byte-level models show each byte as a character; of ASCII, those that cannot be seen have others.
_UNSEEN = [byte for byte in range(256) if not (33 <= byte <= 126 or 161 <= byte <= 172 or byte >= 174)]
_BYTE_LEVEL = {byte: 256 + place for place, byte in enumerate(_UNSEEN) if byte < 128}

_LONGEST_WORD = 64


def part_of(backend: Any, name: str) -> dict[str, Any]:
    """A step of a library's tokenizer (`decoder`, `normalizer`, …) as tokenizer.json has it; {} for none."""
    part = getattr(backend, name)
    return {} if part is None else dict(json.loads(part.__getstate__()))


def _splits_like_gpt2(backend: Any) -> bool:
    """Whether every step around the model is one that this module knows to be harmless."""
    splits = part_of(backend, "pre_tokenizer")
    return (
        type(backend.model).__name__ == "BPE"
        and not backend.model.dropout
        and splits.get("type") == "ByteLevel"
        and splits.get("use_regex") is True
        and not splits.get("add_prefix_space")
        and backend.normalizer is None
        and backend.truncation is None
        and backend.padding is None
        and part_of(backend, "post_processor").get("type") in (None, "TemplateProcessing", "ByteLevel")
    )


def piece_counter(backend: Any, cut: Cutter) -> Callable[[str], int | None] | None:
    """A function from a text to the count of its tokens, special ones not added, or to None for a text that
    it cannot count. There is no such function (None) for a library's tokenizer that works in any other way.
    `cut` cuts the texts.
    """
    if not _splits_like_gpt2(backend):
        return None
    added = list(backend.get_added_tokens_decoder().values())
    apart = _found_alike(added)
    find_added = re.compile(
        "|".join(sorted((re.escape(each.content) for each in added), key=len)[::-1]) or "(?!)"
    )
    starts = {each.content[:1] for each in added}
    tokenize = backend.model.tokenize

    def word(word: str) -> int:
        if len(word) > _LONGEST_WORD:
            raise KeyError(word)
        # what the library does with a word once it has cut the text, and all that it does
        shown = word.replace(" ", "\u0120") if word.isprintable() else word.translate(_BYTE_LEVEL)
        return len(tokenize(shown))

    def piece(piece: str) -> int:
        words = _WORDS.findall(" " + piece)
        return word(words[0]) if len(words) == 1 else sum(map(count_word, words))

    count_word = Known(word).__getitem__
    count_piece = Known(piece).__getitem__

    def count_block(block: str) -> int:
        return sum(map(count_word, _WORDS.findall(block)))

    count_first = Known(count_block).__getitem__
    count_begun = Known(count_block, longest=BLOCK).__getitem__

    def count_plain(text: str) -> int:
        begun, last, pieces = cut(text)
        if len(last) > _SHORT or ("  " in last if last.isprintable() else _SPACES_TOGETHER.search(last)):
            total = count_block(last)
        else:  # a word takes along the one space before it, and no word goes on behind one
            first, *others = pieces
            total = sum(map(count_piece, others), count_first(first) if first else 0)
        return sum(map(count_begun, begun), total) if begun else total

    count_part = Known(count_plain).__getitem__  # what a chat template says between added tokens is short

    def count(text: str) -> int | None:
        if not text.isascii() or len(text) > _LONGEST:
            return None
        try:
            for start in starts:
                if start in text and len(parts := find_added.split(text)) > 1:
                    if not apart:
                        return None
                    return sum(map(count_part, filter(None, parts))) + len(parts) - 1
            return count_plain(text)
        except KeyError:
            return None

    return count


def _found_alike(added: Iterable[Any]) -> bool:
    """Whether added tokens are found wherever they stand, the longest first, and take nothing else along."""
    return (
        not any(each.single_word or each.lstrip or each.rstrip for each in added)
        and len({each.normalized for each in added}) < 2
    )
