"""What a made-up model may say: tokens of a real vocabulary, or tokens that no vocabulary would have.

Plain ones are words with the ids and texts that the tokenizer gives them, the simplest first, so that an
answer shrinks to few and simple words. Odd ones are whatever the wire format can carry.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

from hypothesis import strategies as st

from ..generation import Token
from ..tokenizer import Tokenizer

__all__ = ["ODD_TEXTS", "Word", "logprobs", "odd_texts", "odd_tokens", "texts", "words"]

Word = tuple[tuple[int, str], ...]
"""Ids with texts; several where a word or a character takes several tokens, texts empty until it is whole."""

_WORDS: Final = (
    *(" a", " the", " sky", " is", " blue", ".", ",", "\n", " 42", " It", "'s", " not", " only", "\n\n"),
    *("  ", " caf\u00e9", " \u65e5\u672c", "\U0001f600", "\U0001f469\u200d\U0001f680", " na\u00efve", "\t"),
    *(' "', '"', " \\", "{", "}", " [", "]", ": ", "<b>", " &", "```", " https://example.org/?q=1"),
)

ODD_TEXTS: Final = (
    *("", " ", "\n", "\n\n", "\r\n", "\r", "data: ", "data: [DONE]\n\n", "[DONE]", ":", "event: error\n"),
    *("null", '"', "\\", "\\n", "{", "}", "}}", '{"error":"x","error_type":"y"}', "\x00", "\x1b[31m", "\x7f"),
    *("\x85", "\u2028", "\u2029", "\ufeff", "\ufffd", "\u200b", "\u202e", "\u0301", "\u0130", "\u00df"),
    *("\U0001f469\u200d\U0001f680", "\U0010ffff", "</s>", "<|im_end|>", "<s>"),
)
"""Texts that a careless reader of streams, lines or JSON trips over, the simplest first."""

_HUGE: Final = ("a" * 5000, "\U0001f600" * 500)

_ODD_IDS: Final = (0, 1, 2**31 - 1, 2**31, 2**32 - 1)
_LOWEST: Final = -9.999999933815813e36
"""So low that a sum of an answer's log-probabilities is still a 32-bit float."""
_ODD_LOGPROBS: Final = (0.0, -0.0, None, -1e-45, -1.401298464324817e-45, -1e-7, -100.0, -1e10, _LOWEST)


@lru_cache(maxsize=8)
def words(tokenizer: Tokenizer) -> tuple[Word, ...]:
    """The words of a vocabulary, simplest first; never none."""
    found = (tokenizer.continuation(text) for text in _WORDS)
    return tuple(dict.fromkeys(word for word in found if word)) or (((0, ""),),)


@cache
def texts(*, max_words: int = 8) -> st.SearchStrategy[str]:
    """Plausible texts, the empty one among them."""
    return st.lists(st.sampled_from(_WORDS), max_size=max_words).map("".join)


@cache
def odd_texts(*, min_size: int = 0) -> st.SearchStrategy[str]:
    """Texts of any characters that UTF-8 can carry, odd ones in particular."""
    odd = tuple(text for text in ODD_TEXTS if len(text) >= min_size)
    return st.sampled_from(odd) | st.text(st.characters(codec="utf-8"), min_size=min_size, max_size=6)


@cache
def logprobs() -> st.SearchStrategy[float | None]:
    """Log-probabilities at the edges of what a 32-bit float holds; None stands for NaN."""
    return st.sampled_from(_ODD_LOGPROBS) | st.floats(_LOWEST, 0.0, width=32)


@cache
def odd_tokens() -> st.SearchStrategy[Token]:
    """Tokens of no vocabulary: any id, any text, special or not."""
    # A choice from a table costs a fraction of a token made of parts, and thousands are drawn.
    made = [
        Token(_ODD_IDS[i % len(_ODD_IDS)], text, _ODD_LOGPROBS[i % len(_ODD_LOGPROBS)], special)
        for special in (False, True)
        for i, text in enumerate((*ODD_TEXTS, *_HUGE))
    ]
    any_token = st.builds(Token, st.integers(0, 2**32 - 1), odd_texts(), logprobs(), st.booleans())
    ordinary, marked = made[: len(made) // 2], made[len(made) // 2 :]
    return st.one_of(
        st.sampled_from(ordinary), st.sampled_from(ordinary[::-1]), st.sampled_from(marked), any_token
    )
