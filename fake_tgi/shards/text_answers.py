"""Turns text that somebody wrote into what a model that says it would produce.

The text is tokenised as the continuation of a prompt, gets an end token, and is stopped by the shard's
rules. The same text always gets the same numbers. A text is not repeated: a model that has said it ends,
even where it should ignore its end token.
"""

from __future__ import annotations

from zlib import crc32

from ..caches import BoundedCache
from ..generation import Generation, Token
from ..likelihood import Likelihood
from ..shard import ShardRequest
from ..stopping import said, stop_tokens
from ..tokenizer import Tokenizer

__all__ = ["EchoShard", "TextAnswers", "text_generation_from"]


class TextAnswers:
    """Generations from texts, for one tokenizer; the tokens of recent texts are kept (bounded)."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._likelihood = Likelihood(tokenizer)
        self._known: BoundedCache[str, tuple[Token, ...]] = BoundedCache(entries=512, size=50_000)

    def tokens(self, text: str) -> tuple[Token, ...]:
        """The tokens that say `text`, and the end token if the vocabulary has one; never none at all."""
        tokens = self._known.get(text)
        if tokens is None:
            pairs = list(self._tokenizer.continuation(text))
            eos = self._tokenizer.eos_id
            if eos is not None and (not pairs or pairs[-1][0] != eos):
                pairs.append((eos, self._tokenizer.texts([eos], self._tokenizer.anchor)[0]))
            tokens = self._likelihood.tokens(pairs or [(0, "")], crc32(text.encode("utf-8", "replace")))
            self._known.put(text, tokens, len(tokens))
        return tokens

    def generation(self, text: str, request: ShardRequest) -> Generation:
        """The Generation of a model that answers `request` with `text`."""
        return self.generation_of(self.tokens(text), request)

    def generation_of(self, candidates: tuple[Token, ...], request: ShardRequest) -> Generation:
        """The Generation of a model that would produce these tokens, if nothing stopped it."""
        tokenizer, sampling = self._tokenizer, request.sampling
        tokens, reason = stop_tokens(candidates, request, tokenizer.eos_ids)
        n = request.top_n_tokens
        return Generation(
            tokens,
            said(tokens, tokenizer),
            reason or "eos_token",
            request.input_length,
            sampling.seed if sampling.samples else None,
            self._likelihood.prefill(request) if request.prefill else (),
            self._likelihood.top_tokens(tokens, n, not sampling.samples) if n else (),
        )


class EchoShard:
    """A Shard that repeats the prompt."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._answers = TextAnswers(tokenizer)

    def generate(self, request: ShardRequest) -> Generation:
        """The prompt as the answer, whatever the grammar."""
        return self._answers.generation(request.inputs, request)

    def slow(self, request: ShardRequest) -> bool:
        """A long prompt takes long to tokenise."""
        return request.input_length > 500


def text_generation_from(text: str, request: ShardRequest, tokenizer: Tokenizer) -> Generation:
    """`TextAnswers.generation` for a single use."""
    return TextAnswers(tokenizer).generation(text, request)
