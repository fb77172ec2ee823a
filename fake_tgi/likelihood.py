"""How likely a made-up model finds its own words.

Log-probabilities are natural logarithms of 32-bit floats, as the shard sends them. A token's alternatives
follow from the token alone, so that every way to ask for the same answer shows the same numbers, and the
probabilities of one position never add up to more than one.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from functools import cached_property

from .generation import PrefillToken, Token
from .shard import ShardRequest
from .tokenizer import Tokenizer

__all__ = ["LOGPROBS", "Likelihood", "as_f32"]

_SINGLE = struct.Struct("<f")


def as_f32(value: float) -> float:
    """The 32-bit float nearest to `value`, as a Python float."""
    (single,) = _SINGLE.unpack(_SINGLE.pack(value))
    return float(single)


LOGPROBS: tuple[float, ...] = tuple(as_f32(math.log(1 - 0.995 * ((i + 0.5) / 256) ** 3)) for i in range(256))
"""What a token may have: most are likely, some are not, none is certain. Index with any byte."""

_UNLIKELY = as_f32(math.log(0.3))
_SHARE = 0.6
"""Of what is left of the probability, the next alternative gets this part."""


class Likelihood:
    """Gives numbers to the tokens of one vocabulary. Holds no state that an answer depends on."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @cached_property
    def _common(self) -> tuple[int, ...]:
        """Tokens that can stand beside any other: low ids come first in most vocabularies' merge order."""
        tokenizer = self._tokenizer
        plain = [id for id in range(tokenizer.vocabulary_size) if not tokenizer.is_special(id)]
        words = [id for id in plain[:3000] if tokenizer.text_of(id).strip().isalpha()]
        rest = set(plain).difference(words)
        return (*words, *sorted(rest))

    def tokens(self, pairs: Iterable[tuple[int, str]], mix: int) -> tuple[Token, ...]:
        """Tokens for ids with texts; `mix` (any integer) chooses among the likelihoods they could have."""
        is_special = self._tokenizer.is_special
        return tuple(
            Token(id, text, LOGPROBS[(mix + 151 * i + 31 * id) & 255], is_special(id))
            for i, (id, text) in enumerate(pairs)
        )

    def top_tokens(self, tokens: Iterable[Token], n: int, greedy: bool) -> tuple[tuple[Token, ...], ...]:
        """For each token the `n` most likely ones at its place, best first.

        Greedy decoding always took the best one; sampling sometimes takes another, which is then listed
        only if it is among the best. Equals of the last one are listed, too (tokens.py:573).
        """
        return tuple(self._top(token, n, greedy) for token in tokens)

    def _top(self, token: Token, n: int, greedy: bool) -> tuple[Token, ...]:
        common, tokenizer = self._common, self._tokenizer
        logprob = token.logprob if token.logprob is not None else LOGPROBS[128]
        chance = math.exp(logprob)
        mix = token.id * 40503 + int(logprob * -8192)
        beaten = not greedy and logprob < _UNLIKELY and mix & 1 == 0
        entries = [Token(token.id, tokenizer.text_of(token.id), logprob, token.special)]
        left, ceiling = max(1 - chance, 1e-6), 1.0 if beaten else chance
        step = 1 + mix % 17
        if math.gcd(step, len(common)) > 1:
            step = 1
        others = ((mix + i * step) % len(common) for i in range(len(common)))
        tied = mix & 6 == 0
        for rank in range(min(n + 2, len(common) - 1)):
            if not (tied and rank & 1):
                ceiling = min(ceiling, left * (_SHARE / 2 if tied else _SHARE))
            left = max(left - ceiling, 1e-30)
            id = common[next(others)]
            if id == token.id:
                id = common[next(others)]
            # A token that beats nothing must not overtake the chosen one by rounding.
            value = as_f32(math.log(ceiling))
            entries.append(Token(id, tokenizer.text_of(id), value if beaten else min(value, logprob), False))
        entries.sort(key=lambda entry: -(entry.logprob or 0.0))
        last = entries[min(n, len(entries)) - 1].logprob or 0.0
        return tuple(entry for entry in entries if (entry.logprob or 0.0) >= last)

    def prefill(self, request: ShardRequest) -> tuple[PrefillToken, ...]:
        """The prompt's tokens as the model saw them: after truncation, the first one without a number."""
        ids: Sequence[int] = self._tokenizer.encode(request.inputs, request.add_special_tokens)
        ids = ids[max(len(ids) - request.input_length, 0) :]
        text_of = self._tokenizer.text_of
        found = [
            PrefillToken(id, text_of(id), LOGPROBS[(97 * i + 31 * id) & 255] * 3) for i, id in enumerate(ids)
        ]
        return (PrefillToken(ids[0], text_of(ids[0]), None), *found[1:]) if found else ()
