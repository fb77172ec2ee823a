"""A shard with nothing behind it that answers plausible English.

What it says follows from the server's seed and from what a real model would see: the prompt after
truncation and the sampling parameters, the sampling seed only if it samples. So the same request gets the
same answer in any order and on any worker, and a smaller limit gets the beginning of the same answer.

Speed comes from never working on single tokens: whole phrases are tokenised once, in a few likelihoods
each, and an answer is a walk through their tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate, chain, islice
from struct import Struct
from zlib import crc32

from ..caches import Known
from ..generation import FinishReason, Generation, Token
from ..likelihood import Likelihood
from ..seeds import SeedSource, canonical, key_of
from ..shard import ShardRequest
from ..stopping import said, stop_tokens
from ..text_blocks import BLOCK
from ..tokenizer import Tokenizer
from .phrases import COMMON_WORDS, FIRST, PATTERNS, SLOTS, TOPIC, UNTITLED

__all__ = ["SeedSource", "SeededShard"]

_NUMBERS = Struct("<32H").unpack
_FIRST_NUMBERS = Struct(f"<{3 + max(map(len, FIRST))}H").unpack_from
"""Those that the choice of the first sentence takes and that it takes itself: all that short answers need."""
_VARIANTS = 4
_MOST_SENTENCES = 5
_SLOW_TOKENS = 1000

_WORDS = re.compile(r"(?<![\w<|\[/\\{])[A-Za-z]{4,20}(?![\w|>\]\\}])").findall
_OTHER_WORDS = re.compile(r"[^\W\d_]{2,20}").findall
_LOOKED_AT = 400
_COMMON = frozenset(COMMON_WORDS.split())


def _topics_in(piece: str) -> tuple[str, ...]:
    """The words in a block, or in what stands between two spaces; what is beyond them makes no difference."""
    return tuple([word for word in _WORDS(piece) if word.lower() not in _COMMON])


class _Phrase:
    """Some tokens that are said together. `text` leaves special ones out; the first n tokens say `ends[n]`
    characters of it."""

    __slots__ = ("ends", "text", "tokens", "tops")

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        texts = ["" if token.special else token.text for token in tokens]
        self.tokens = tokens
        self.text = "".join(texts)
        self.ends = (0, *accumulate(map(len, texts)))
        self.tops: dict[tuple[int, bool], tuple[tuple[Token, ...], ...]] = {}


class _Table:
    """The phrases for one place, each in a few likelihoods; tokenised when they are first said."""

    __slots__ = ("_likelihood", "_say", "_texts", "phrases")

    def __init__(
        self,
        texts: tuple[str, ...],
        say: Callable[[str], tuple[tuple[int, str], ...]],
        likelihood: Likelihood,
    ) -> None:
        self._texts = texts
        self._say = say
        self._likelihood = likelihood
        self.phrases: list[_Phrase | None] = [None] * (len(texts) * _VARIANTS)

    def make(self, at: int) -> _Phrase:
        """The phrase at an index of `phrases`, which then has it."""
        text = self._texts[at // _VARIANTS]
        mix = crc32(text.encode("utf-8", "replace")) + 61 * (at % _VARIANTS)
        phrase = self.phrases[at] = _Phrase(self._likelihood.tokens(self._say(text), mix))
        return phrase

    def pick(self, number: int) -> _Phrase:
        """The phrase for a number below 65,536."""
        at = number * len(self.phrases) >> 16
        return self.phrases[at] or self.make(at)


def _numbers(digest: bytes) -> Iterator[int]:
    """Endless numbers below 65,536; no Python runs for each of them."""
    return chain.from_iterable(map(_NUMBERS, _digests(digest)))


def _digests(digest: bytes) -> Iterator[bytes]:
    while True:
        yield digest
        digest = blake2b(digest).digest()


class SeededShard:
    """Answers any request without a grammar from phrase tables, see the module's rules.

    `seed` is the server's: another one gives other answers. With `ignore_eos` every answer runs to its
    limit. Safe to share over threads.
    """

    def __init__(self, tokenizer: Tokenizer, seed: int = 0, *, ignore_eos: bool = False) -> None:
        self._tokenizer = tokenizer
        self._likelihood = Likelihood(tokenizer)
        self._hash = blake2b(key=key_of(seed))  # to be copied, which costs less than a new one
        self._ignore_eos = ignore_eos
        self._tables: dict[str, _Table] = {}
        self._topics_in = Known(_topics_in, longest=BLOCK).__getitem__
        self._topic = Known(self._about, most=4096).__getitem__
        eos = tokenizer.eos_id
        ending = () if eos is None else ((eos, tokenizer.texts([eos], tokenizer.anchor)[0]),)
        self._eos = _Table(("end",), lambda _: ending, self._likelihood) if ending else None

    def slow(self, request: ShardRequest) -> bool:
        """True for what is worked out token by token and is long."""
        return (request.prefill and request.input_length > _SLOW_TOKENS) or (
            request.top_n_tokens * request.max_new_tokens > _SLOW_TOKENS
        )

    def generate(self, request: ShardRequest) -> Generation:
        """The answer to `request`. A grammar is not looked at."""
        sampling = request.sampling
        seed = sampling.seed if sampling.samples else None
        hashed = self._hash.copy()
        hashed.update(canonical(request, seed))
        digest = hashed.digest()
        phrases, spoken = self._say(request, digest)
        text = "".join([phrase.text for phrase in phrases])
        limit = request.max_new_tokens
        reason: FinishReason = "length" if len(spoken) >= limit else "eos_token"
        tokens = tuple(spoken[:limit])
        stops = request.stop_sequences
        if stops and any(stop in text for stop in stops):
            tokens, stopped = stop_tokens(tokens, request, self._tokenizer.eos_ids)
            reason = stopped or reason
        if behind := len(spoken) - len(tokens):
            text = self._cut(phrases, text, tokens, behind)
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
        many, first, about, *begin = _FIRST_NUMBERS(digest)
        numbers: Iterable[int] = begin
        inputs, limit = request.inputs, request.max_new_tokens
        # After a line break or a space, as chat templates end, an answer begins without another space.
        firsts = self._bare_beginnings if inputs[-1:].isspace() else self._beginnings
        pattern = firsts[first * len(firsts) >> 16]
        words = self._words(inputs[-_LOOKED_AT:])
        topic = self._topic(words[about * len(words) >> 16])
        phrases: list[_Phrase] = []
        tokens: list[Token] = []
        while True:
            # a sentence that is whole draws as many numbers as it has places; there are always enough
            for table, number in zip(pattern, numbers):  # noqa: B905  numbers may be left
                if table is None:
                    table = topic
                known = table.phrases  # pick(), without a call
                at = number * len(known) >> 16
                phrase = known[at] or table.make(at)
                phrases.append(phrase)
                tokens += phrase.tokens
                if len(tokens) >= limit:
                    return phrases, tokens
            if numbers is begin:  # not a short answer: all of the numbers, from where the sentence ended
                numbers = more = islice(_numbers(digest), 3 + len(pattern), None)
                draw, patterns = more.__next__, self._sentences
                sentences = 1 + (many * _MOST_SENTENCES >> 16)
                ignore_eos = request.ignore_eos or self._ignore_eos or self._eos is None
            sentences -= 1
            if sentences <= 0 and not ignore_eos:
                assert self._eos is not None
                phrase = self._eos.pick(draw())
                phrases.append(phrase)
                tokens += phrase.tokens
                return phrases, tokens
            pattern = patterns[draw() * len(patterns) >> 16]

    def _cut(self, phrases: list[_Phrase], text: str, tokens: tuple[Token, ...], behind: int) -> str:
        """The text of `tokens`, behind which there are so many more in the phrases, whose text is given."""
        characters = len(text)
        for phrase in reversed(phrases):
            characters -= len(phrase.text)
            behind -= len(phrase.tokens)
            if behind <= 0:
                break
        if behind < 0:
            if not tokens[-1].text:  # possibly inside a character: TGI then has no text at all
                return said(tokens, self._tokenizer)
            characters += phrase.ends[-behind]
        return text[:characters]

    def _top_tokens(self, phrases: list[_Phrase], n: int, greedy: bool) -> tuple[tuple[Token, ...], ...]:
        tops: list[tuple[Token, ...]] = []
        for phrase in phrases:
            found = phrase.tops.get((n, greedy))
            if found is None:
                found = phrase.tops[n, greedy] = self._likelihood.top_tokens(phrase.tokens, n, greedy)
            tops += found
        return tuple(tops)

    def _words(self, end: str) -> Sequence[str]:
        """What an answer may be about: words from the end of the prompt, or what stands for them."""
        begun, _, pieces = self._tokenizer.cut(end)
        words = [*chain.from_iterable(map(self._topics_in, begun + pieces))]
        return words or _OTHER_WORDS(end) or UNTITLED

    def _about(self, word: str) -> _Table:
        return _Table((" " + word,), self._pairs, self._likelihood)

    # Sentences by their places; made when one is first said, because many a fake in a test never says any.

    @cached_property
    def _beginnings(self) -> tuple[tuple[_Table | None, ...], ...]:
        return tuple(map(self._places, FIRST))

    @cached_property
    def _bare_beginnings(self) -> tuple[tuple[_Table | None, ...], ...]:
        return tuple(self._places((first + "^", *rest)) for first, *rest in FIRST)

    @cached_property
    def _sentences(self) -> tuple[tuple[_Table | None, ...], ...]:
        return tuple(map(self._places, PATTERNS))

    def _places(self, pattern: tuple[str, ...]) -> tuple[_Table | None, ...]:
        """The tables for the places of a sentence; None is for the topic."""
        return tuple(None if slot is TOPIC else self._table(slot) for slot in pattern)

    def _table(self, name: str) -> _Table:
        """The phrases for a place; `^` behind its name: for the very beginning, without the space."""
        table = self._tables.get(name)
        if table is None:
            texts = SLOTS[name.rstrip("^")]
            if name.endswith("^"):
                texts = tuple(text.lstrip() for text in texts)
            table = self._tables[name] = _Table(texts, self._pairs, self._likelihood)
        return table

    def _pairs(self, text: str) -> tuple[tuple[int, str], ...]:
        """The tokens of a phrase: at least one, so that an answer gets on in any vocabulary."""
        return self._tokenizer.continuation(text) or ((0, self._tokenizer.text_of(0)),)
