"""A shard with nothing behind it that answers plausible English.

What it says follows from the server's seed and from what a real model would see: the prompt after
truncation and the sampling parameters, the sampling seed only if it samples. So the same request gets the
same answer in any order and on any worker, and a smaller limit gets the beginning of the same answer.

Speed comes from never working on single tokens: whole phrases are tokenised once, in a few likelihoods
each, and an answer is a walk through their tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from struct import Struct
from zlib import crc32

from .caches import BoundedCache
from .generation import FinishReason, Generation, Token
from .likelihood import Likelihood
from .phrases import COMMON_WORDS, FIRST, PATTERNS, SLOTS, TOPIC, UNTITLED
from .shard import ShardRequest
from .stopping import said, stop_tokens
from .tokenizer import Tokenizer

__all__ = ["SeedSource", "SeededShard", "canonical"]

_SAMPLING = Struct("<dqddBddBBq")
_NUMBERS = Struct("<32H")
_VARIANTS = 4
_MOST_SENTENCES = 5
_SLOW_TOKENS = 1000

_WORDS = re.compile(r"(?<![\w<|\[/\\{])[A-Za-z]{4,20}(?![\w|>\]\\}])").findall
_OTHER_WORDS = re.compile(r"[^\W\d_]{2,20}").findall
_LOOKED_AT = 400
_COMMON = frozenset(COMMON_WORDS.split())


def canonical(request: ShardRequest, seed: int | None) -> bytes:
    """What a model sees of a request, as bytes: limits and what is only reported are left out."""
    sampling = request.sampling
    head = _SAMPLING.pack(
        sampling.temperature,
        sampling.top_k,
        sampling.top_p,
        sampling.typical_p,
        sampling.do_sample,
        sampling.repetition_penalty,
        sampling.frequency_penalty,
        sampling.watermark,
        request.add_special_tokens,
        request.input_length,
    )
    text = request.inputs if request.adapter_id is None else f"{request.adapter_id}\0{request.inputs}"
    if seed is not None:
        text = f"{seed}\0{text}"
    return head + text.encode("utf-8", "surrogatepass")


def _key(seed: int) -> bytes:
    return (seed % 2**64).to_bytes(8, "little")


class SeedSource:
    """Draws the seeds of sampling requests that bring none.

    A seed follows from the server's seed, the request, and how often the same request was seen before, so
    it does not matter what else was asked in between. The counts of the last 100,000 different requests
    or so are kept.
    """

    def __init__(self, seed: int = 0) -> None:
        self._key = _key(seed)
        self._seen: BoundedCache[bytes, int] = BoundedCache(entries=100_000, size=100_000)

    def draw(self, request: ShardRequest) -> int:
        """A seed for `request`, 64 bits; the one it carries does not count."""
        found = blake2b(canonical(request, None), digest_size=16, key=self._key).digest()
        times = self._seen.get(found) or 0
        self._seen.put(found, times + 1)
        again = blake2b(found, digest_size=8, salt=times.to_bytes(16, "little"), key=self._key)
        return int.from_bytes(again.digest(), "little")

    def clear(self) -> None:
        """Forgets which requests were seen."""
        self._seen.clear()


class _Phrase:
    """Some tokens that are said together. `text` leaves special ones out."""

    __slots__ = ("text", "tokens", "tops")

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self.tokens = tokens
        self.text = "".join(token.text for token in tokens if not token.special)
        self.tops: dict[tuple[int, bool], tuple[tuple[Token, ...], ...]] = {}


def _numbers(digest: bytes) -> Iterator[int]:
    """Endless numbers below 65,536."""
    while True:
        yield from _NUMBERS.unpack(digest)
        digest = blake2b(digest).digest()


class SeededShard:
    """Answers any request without a grammar from phrase tables, see the module's rules.

    `seed` is the server's: another one gives other answers. With `ignore_eos` every answer runs to its
    limit. Safe to share over threads.
    """

    def __init__(self, tokenizer: Tokenizer, seed: int = 0, *, ignore_eos: bool = False) -> None:
        self._tokenizer = tokenizer
        self._likelihood = Likelihood(tokenizer)
        self._key = _key(seed)
        self._ignore_eos = ignore_eos
        self._tables: dict[str, tuple[_Phrase, ...]] = {}
        self._topics: BoundedCache[str, tuple[_Phrase, ...]] = BoundedCache(entries=4096, size=4096)
        eos = tokenizer.eos_id
        self._eos = (
            None if eos is None else self._variants([(eos, tokenizer.texts([eos], tokenizer.anchor)[0])])
        )

    def slow(self, request: ShardRequest) -> bool:
        """True for what is worked out token by token and is long."""
        return (request.prefill and request.input_length > _SLOW_TOKENS) or (
            request.top_n_tokens * request.max_new_tokens > _SLOW_TOKENS
        )

    def generate(self, request: ShardRequest) -> Generation:
        """The answer to `request`. A grammar is not looked at."""
        sampling = request.sampling
        seed = sampling.seed if sampling.samples else None
        digest = blake2b(canonical(request, seed), key=self._key).digest()
        phrases, spoken = self._say(request, digest)
        limit = request.max_new_tokens
        reason: FinishReason = "length" if len(spoken) >= limit else "eos_token"
        tokens = tuple(spoken[:limit])
        text = "".join([phrase.text for phrase in phrases])
        stops = request.stop_sequences
        if stops and any(stop in text for stop in stops):
            tokens, stopped = stop_tokens(tokens, request, self._tokenizer.eos_ids)
            reason = stopped or reason
        if len(tokens) < len(spoken):
            text = self._text(phrases, tokens)
        n = request.top_n_tokens
        return Generation(
            tokens,
            text,
            reason,
            request.input_length,
            seed,
            self._likelihood.prefill(request) if request.prefill else (),
            self._top_tokens(phrases, n, seed is None)[: len(tokens)] if n else (),
        )

    def _say(self, request: ShardRequest, digest: bytes) -> tuple[list[_Phrase], list[Token]]:
        """Phrases and their tokens: sentences until the end token, or until there are enough."""
        numbers = _numbers(digest)
        draw = numbers.__next__
        tables = self._tables
        ignore_eos = request.ignore_eos or self._ignore_eos or self._eos is None
        limit = request.max_new_tokens
        sentences = 1 + (draw() * _MOST_SENTENCES >> 16)
        pattern = FIRST[draw() * len(FIRST) >> 16]
        topic = self._topic(request.inputs, draw())
        # After a line break or a space, as chat templates end, an answer begins without another space.
        suffix = "^" if request.inputs[-1:].isspace() else ""
        phrases: list[_Phrase] = []
        tokens: list[Token] = []
        while True:
            for slot in pattern:
                if slot is TOPIC:
                    table = topic
                else:
                    name = slot + suffix if suffix else slot
                    found = tables.get(name)
                    table = found if found is not None else self._table(name)
                suffix = ""
                phrase = table[draw() * len(table) >> 16]
                phrases.append(phrase)
                tokens += phrase.tokens
                if len(tokens) >= limit:
                    return phrases, tokens
            sentences -= 1
            if sentences <= 0 and not ignore_eos:
                assert self._eos is not None
                phrase = self._eos[draw() * _VARIANTS >> 16]
                phrases.append(phrase)
                tokens += phrase.tokens
                return phrases, tokens
            pattern = PATTERNS[draw() * len(PATTERNS) >> 16]

    def _text(self, phrases: list[_Phrase], tokens: tuple[Token, ...]) -> str:
        """The text of an answer that ends before, or inside, the last phrases."""
        parts, left = [], len(tokens)
        for phrase in phrases:
            if left < len(phrase.tokens):
                break
            parts.append(phrase.text)
            left -= len(phrase.tokens)
        if left:
            rest = tokens[-left:]
            if not rest[-1].text:  # possibly inside a character: TGI then has no text at all
                return said(tokens, self._tokenizer)
            parts += [token.text for token in rest if not token.special]
        return "".join(parts)

    def _top_tokens(self, phrases: list[_Phrase], n: int, greedy: bool) -> tuple[tuple[Token, ...], ...]:
        tops: list[tuple[Token, ...]] = []
        for phrase in phrases:
            found = phrase.tops.get((n, greedy))
            if found is None:
                found = phrase.tops[n, greedy] = self._likelihood.top_tokens(phrase.tokens, n, greedy)
            tops += found
        return tuple(tops)

    def _topic(self, inputs: str, number: int) -> tuple[_Phrase, ...]:
        """A word from the end of the prompt, or something that stands for it."""
        end = inputs[-_LOOKED_AT:]
        words = [word for word in _WORDS(end) if word.lower() not in _COMMON] or _OTHER_WORDS(end)
        word = words[number * len(words) >> 16] if words else UNTITLED[number * len(UNTITLED) >> 16]
        found = self._topics.get(word)
        if found is None:
            found = self._variants(self._tokenizer.continuation(" " + word))
            self._topics.put(word, found)
        return found

    def _table(self, name: str) -> tuple[_Phrase, ...]:
        """The phrases for a place; `^` behind its name: for the very beginning, without the space."""
        texts = SLOTS[name.rstrip("^")]
        if name.endswith("^"):
            texts = tuple(text.lstrip() for text in texts)
        table: list[_Phrase] = []
        for text in texts:
            pairs = self._tokenizer.continuation(text)
            if pairs:
                table += self._variants(pairs)
        self._tables[name] = found = tuple(table)
        return found

    def _variants(self, pairs: tuple[tuple[int, str], ...] | list[tuple[int, str]]) -> tuple[_Phrase, ...]:
        start = crc32("".join(text for _, text in pairs).encode("utf-8", "replace"))
        return tuple(_Phrase(self._likelihood.tokens(pairs, start + 61 * i)) for i in range(_VARIANTS))
