"""A model that says what it is told: the shards behind the answers of stubs.

The router is the ordinary one, so that one answer has the shape of every route, whole and streamed. A text is
said as a model would say it: up to the limits of the request, in pieces where the router asks in pieces, and
after picking no tool where tools are on offer. Tokens are said exactly, whatever the request would allow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ..called_function import CallError, read_call
from ..generation import FinishReason, Generation, Token
from ..likelihood import Likelihood, as_f32
from ..shard import Grammar, Shard, ShardRequest
from ..shards.text_answers import TextAnswers
from ..tokenizer import Tokenizer

__all__ = ["UNKNOWN", "FailingShard", "Speech", "StubToken", "TextShard", "VerbatimShard"]

UNKNOWN: Final = float("inf")
"""For a log-probability that was left out."""

_NO_TOOL: Final = '{"function": {"_name": "no_tool"}}'
_LONG: Final = 4000
_MANY: Final = 1000


@dataclass(frozen=True, slots=True)
class StubToken:
    """A token to say: a text, and what is known of it; the tokenizer supplies the rest.

    `logprob` is a natural logarithm, None for one that is sent as null. The id that is left out is that of
    this text, or of its beginning where no single token has it.
    """

    text: str
    id: int | None = None
    logprob: float | None = UNKNOWN
    special: bool | None = None


class Speech:
    """Texts and tokens as Generations, for one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self._texts = TextAnswers(tokenizer)
        self._likelihood = Likelihood(tokenizer)

    def candidates(self, text: str, *, ends: bool) -> tuple[Token, ...]:
        """The tokens that say a text; `ends`: with an end token, if there is one."""
        tokens = self._texts.tokens(text)
        if not ends and len(tokens) > 1 and tokens[-1].id in self.tokenizer.eos_ids:
            return tokens[:-1]
        return tokens

    def stopped(self, tokens: tuple[Token, ...], request: ShardRequest) -> Generation:
        """What is said of these tokens, by the shard's rules."""
        return self._texts.generation_of(tokens or self._texts.tokens(""), request)

    def verbatim(self, tokens: tuple[Token, ...], reason: FinishReason, request: ShardRequest) -> Generation:
        """Exactly these tokens, with whatever else the request asks for."""
        sampling, n = request.sampling, request.top_n_tokens
        return Generation(
            tokens,
            "".join(token.text for token in tokens if not token.special),
            reason,
            request.input_length,
            sampling.seed if sampling.samples else None,
            self._likelihood.prefill(request) if request.prefill else (),
            self._likelihood.top_tokens(tokens, n, not sampling.samples) if n else (),
            final=True,
        )

    def tokens(self, given: Sequence[StubToken]) -> tuple[Token, ...]:
        """Whole tokens, what was left out filled in."""
        pairs = [(self._id(token) if token.id is None else token.id, token.text) for token in given]
        return tuple(
            Token(
                likely.id,
                likely.text,
                likely.logprob if token.logprob is UNKNOWN else _single(token.logprob),
                likely.special if token.special is None else token.special,
            )
            for token, likely in zip(given, self._likelihood.tokens(pairs, len(pairs)), strict=True)
        )

    def _id(self, token: StubToken) -> int:
        pairs = self.tokenizer.continuation(token.text)
        return pairs[0][0] if pairs else 0


def _single(logprob: float | None) -> float | None:
    return None if logprob is None else as_f32(logprob)


class TextShard:
    """Says one text in answer to one call.

    `reason` is why the text ends, if it is said whole. A call for any of several tools gets the text in the
    second turn, after `no_tool`; unless the text is itself a call.
    """

    def __init__(self, speech: Speech, text: str, reason: FinishReason) -> None:
        self._speech = speech
        self._text = text
        self._reason: FinishReason = reason
        # by the prompt that the router will ask with: what is left to say
        self._rest: dict[str, tuple[Token, ...]] = {}

    def generate(self, request: ShardRequest) -> Generation:
        """The text, or the next piece of it."""
        speech, ends = self._speech, self._reason == "eos_token"
        tokens = self._rest.get(request.inputs)
        if tokens is None:
            if request.grammar is not None and _may_refuse(request.grammar) and not _is_call(self._text):
                return speech.stopped(speech.candidates(_NO_TOOL, ends=True), request)
            tokens = speech.candidates(self._text, ends=ends)
        generation = speech.stopped(tokens, request)
        rest = tokens[len(generation.tokens) :]
        if rest:
            if generation.finish_reason == "length":
                self._rest[request.inputs + generation.generated_text] = rest
            return generation
        return generation if ends else replace(generation, finish_reason=self._reason, final=True)

    def slow(self, request: ShardRequest) -> bool:
        """A long text takes long to tokenise."""
        return len(self._text) > _LONG or _much_asked(request)


class VerbatimShard:
    """Says these tokens, or this Generation, however often it is asked."""

    def __init__(
        self, speech: Speech, given: Sequence[StubToken] | Generation, reason: FinishReason | None = None
    ) -> None:
        self._speech = speech
        self._given = given
        self._reason = reason

    def generate(self, request: ShardRequest) -> Generation:
        """The tokens. Of a Generation, what was not asked for is left out."""
        given = self._given
        if not isinstance(given, Generation):
            assert self._reason is not None
            return self._speech.verbatim(self._speech.tokens(given), self._reason, request)
        return replace(
            given,
            prefill=given.prefill if request.prefill else (),
            top_tokens=given.top_tokens if request.top_n_tokens else (),
            input_length=given.input_length or request.input_length,
            final=True,
        )

    def slow(self, request: ShardRequest) -> bool:
        """Long prompts take long to tokenise."""
        return not isinstance(self._given, Generation) and _much_asked(request)


class FailingShard:
    """Another shard that fails after so many tokens: with a message, or, where that is None, in silence."""

    def __init__(self, shard: Shard, message: str | None, after: int) -> None:
        self._shard = shard
        self._message = message
        self._after = after

    def generate(self, request: ShardRequest) -> Generation:
        """The beginning of the other one's answer, and the failure."""
        if self._after == 0:
            return Generation((), "", None, request.input_length, error=self._message)
        whole = self._shard.generate(request)
        if whole.error is not None:
            return whole
        return replace(
            whole,
            tokens=whole.tokens[: self._after],
            top_tokens=whole.top_tokens[: self._after],
            generated_text="",
            finish_reason=None,
            error=self._message,
        )

    def slow(self, request: ShardRequest) -> bool:
        """As slow as the other one."""
        return self._after > 0 and self._shard.slow(request)


def _much_asked(request: ShardRequest) -> bool:
    return request.prefill and request.input_length > _MANY


def _may_refuse(grammar: Grammar) -> bool:
    """Whether the grammar is a choice of tools with `no_tool` among them."""
    functions = grammar.schema.get("$functions") if isinstance(grammar.schema, dict) else None
    return isinstance(functions, dict) and "no_tool" in functions


def _is_call(text: str) -> bool:
    try:
        read_call(text)
    except CallError:
        return False
    return True
