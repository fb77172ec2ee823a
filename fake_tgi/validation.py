"""The router's rules in the router's order: a typed request becomes a ShardRequest, or is refused.

The order is the contract: the first rule that fails is the answer. It is that of
router/src/validation.rs, `Validation::validate`. What a rule says is fixed text with numbers in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from .quick_values import dataclass, unguarded
from .refusals import Refusal, validation
from .remembered import Remembered
from .requests import GenerateParameters, GrammarType
from .shard import Grammar, Sampling, ShardRequest

if TYPE_CHECKING:
    from .vision.prompts import Looked

__all__ = ["CHUNK", "Limits", "ValidRequest", "Validator", "in_one_piece"]

# An answer is scheduled in pieces of this many tokens at most (V: DEFAULT_GENERATION_LENGTH).
CHUNK = 1024


def in_one_piece(parameters: GenerateParameters, most: int = CHUNK) -> bool:
    """Whether the model is asked once and in one piece, for a text and what always comes with it; `most`: for
    so many tokens at most."""
    tokens = parameters.max_new_tokens
    return (
        tokens is not None
        and tokens <= most
        and parameters.best_of is None
        and parameters.grammar is None
        and not parameters.top_n_tokens
        and not parameters.decoder_input_details
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that rules compare with; `/info` reports most of them."""

    max_best_of: int
    max_stop_sequences: int
    max_top_n_tokens: int
    max_input_tokens: int
    max_total_tokens: int


@dataclass(frozen=True, slots=True)
@unguarded
class ValidRequest:
    """What one scheduling needs: the shard's request, and how many new tokens the whole answer may have."""

    shard: ShardRequest
    max_total_new_tokens: int


@dataclass(frozen=True, slots=True)
@unguarded
class _Sound:
    """Parameters that no rule refuses, whatever the prompt; it may have `most` tokens. One that has no more
    than `least` needs no look at what else depends on its length."""

    sampling: Sampling
    draws: bool
    max_new_tokens: int
    truncate: int
    stop_sequences: tuple[str, ...]
    most: int
    least: int


class Counter(Protocol):
    """Whatever counts a prompt's tokens."""

    def count(self, text: str, add_special_tokens: bool = True) -> int: ...


class Validator:
    """Applies the rules.

    `grammar` compiles a request's grammar: it returns the Grammar, or the message of the refusal.
    `draw_seed` gives a sampling request that has no seed one (an unsigned 64-bit integer).
    `measured` is told the length of every prompt that passes the rules on length, in tokens.
    """

    def __init__(
        self,
        limits: Limits,
        tokenizer: Counter,
        *,
        grammar: Callable[[GrammarType], Grammar | str],
        draw_seed: Callable[[ShardRequest], int],
        measured: Callable[[int], None],
    ) -> None:
        self.tokenizer = tokenizer
        self._grammar = grammar
        self._draw_seed = draw_seed
        self._measured = measured
        self._sampled = Remembered(self._sampling)
        self.limits = limits

    @property
    def limits(self) -> Limits:
        """What rules compare with; others hold for calls that come from now on."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        self._sound = Remembered(self._checked)

    def best_of(self, best_of: int) -> None:
        """The rule that stands before the permit, for `best_of` over 1 only (V:451-461)."""
        most = self.limits.max_best_of
        if most == 1 and best_of != 1:
            raise validation("`best_of` != 1 is not allowed for this endpoint")
        if best_of > most:
            raise validation(f"`best_of` must be > 0 and <= {most}. Given: {best_of}")

    def check(self, inputs: str, parameters: GenerateParameters) -> Sampling:
        """The rules before the prompt's tokens are counted. Returns sampling parameters with defaults."""
        sampling = self._sampled(parameters)
        p, limits = parameters, self.limits
        if p.max_new_tokens == 0:
            raise validation("`max_new_tokens` must be strictly positive")
        if len(p.stop) > limits.max_stop_sequences:
            raise validation(
                f"`stop` supports up to {limits.max_stop_sequences} stop sequences. Given: {len(p.stop)}"
            )
        if p.seed is not None and p.best_of is not None and p.best_of > 1:
            raise validation("`seed` must not be set when `best_of` > 1")
        top_n_tokens = p.top_n_tokens or 0
        if top_n_tokens > limits.max_top_n_tokens:
            raise validation(
                f"`top_n_tokens` must be >= 0 and <= {limits.max_top_n_tokens}. Given: {top_n_tokens}"
            )
        if not inputs:
            raise validation("`inputs` cannot be empty")
        truncate = p.truncate
        if truncate is not None and (truncate == 0 or truncate > limits.max_input_tokens):
            raise validation(
                f"`truncate` must be strictly positive and less than {limits.max_input_tokens}."
                f" Given: {truncate}"
            )
        return sampling

    def validate(
        self,
        inputs: str,
        parameters: GenerateParameters,
        *,
        add_special_tokens: bool = True,
        looked: Looked | None = None,
    ) -> ValidRequest:
        """All rules of one scheduling. `looked` is the prompt with its images loaded, where it shows any.

        Raises `Refusal` of class validation.
        """
        sampling = self.check(inputs, parameters)
        p, limits, truncate = parameters, self.limits, parameters.truncate
        length, max_new_tokens, max_total_new_tokens = self._tokens(
            inputs if looked is None else looked.counted, add_special_tokens, truncate, p.max_new_tokens
        )
        grammar: Grammar | None = None
        if p.grammar is not None:
            compiled = self._grammar(p.grammar)
            if isinstance(compiled, str):
                raise validation(compiled)
            grammar = compiled
        request = ShardRequest(
            inputs=inputs if looked is None else looked.inputs,
            input_length=length,
            max_new_tokens=max_new_tokens,
            truncate=truncate if truncate is not None else limits.max_input_tokens,
            sampling=sampling,
            stop_sequences=tuple(p.stop),
            top_n_tokens=p.top_n_tokens or 0,
            prefill=p.decoder_input_details,
            add_special_tokens=add_special_tokens,
            adapter_id=p.adapter_id,
            grammar=grammar,
        )
        if p.seed is None and sampling.samples:
            request = request.seeded(self._draw_seed(request))
        return ValidRequest(request, max_total_new_tokens)

    def simple(
        self, inputs: str, parameters: GenerateParameters, *, add_special_tokens: bool = True
    ) -> ShardRequest | None:
        """The same for what is asked `in_one_piece`, and None where it would raise; nobody is told of it."""
        sound = self._sound(parameters)
        if sound is None or not inputs:
            return None
        length = self.tokenizer.count(inputs, add_special_tokens)
        if length > sound.least:
            if parameters.truncate is not None and parameters.truncate < length:
                length = parameters.truncate
            if length > sound.most:
                return None
        request = ShardRequest(
            inputs, length, sound.max_new_tokens, sound.truncate, sound.sampling, sound.stop_sequences,
            False, 0, False, add_special_tokens, parameters.adapter_id, None,
        )  # fmt: skip
        if sound.draws:
            sampling = sound.sampling.seeded(self._draw_seed(request))
            request.sampling = sampling  # type: ignore[misc]  # nobody else has it yet: no need for another
        return request

    def _checked(self, parameters: GenerateParameters) -> _Sound | None:
        """What simple requests with these parameters have in common; None where a rule refuses them all."""
        try:
            sampling = self.check("any", parameters)
        except Refusal:
            return None
        limits, asked = self.limits, parameters.max_new_tokens
        assert asked is not None
        truncate = parameters.truncate if parameters.truncate is not None else limits.max_input_tokens
        most = min(limits.max_input_tokens, limits.max_total_tokens - asked)
        return _Sound(
            sampling,
            parameters.seed is None and sampling.samples,
            asked,
            truncate,
            tuple(parameters.stop),
            most,
            min(most, truncate),
        )

    def _sampling(self, p: GenerateParameters) -> Sampling:
        """Rules 1 to 7, on the sampling parameters; returns them after defaults."""
        temperature = p.temperature
        top_k, top_p, typical_p = p.top_k, p.top_p, p.typical_p
        if (
            p.best_of is not None
            and p.best_of > 1
            and not p.do_sample
            and temperature is None
            and top_k is None
            and top_p is None
            and typical_p is None
        ):
            raise validation("you must use sampling when `best_of` is > 1")
        if temperature is None:
            temperature = 1.0
        elif temperature <= 0.0:
            raise validation("`temperature` must be strictly positive")
        repetition_penalty = p.repetition_penalty
        if repetition_penalty is None:
            repetition_penalty = 1.0
        elif repetition_penalty <= 0.0:
            raise validation("`repetition_penalty` must be strictly positive")
        frequency_penalty = p.frequency_penalty
        if frequency_penalty is None:
            frequency_penalty = 0.0
        elif not -2.0 <= frequency_penalty <= 2.0:
            raise validation("`frequency_penalty` must be >= -2.0 and <= 2.0")
        if top_p is None:
            top_p = 1.0
        elif top_p <= 0.0 or top_p >= 1.0:
            raise validation("`top_p` must be > 0.0 and < 1.0")
        if typical_p is None:
            typical_p = 1.0
        elif typical_p <= 0.0 or typical_p >= 1.0:
            raise validation("`typical_p` must be > 0.0 and < 1.0")
        if top_k is None:
            top_k = 0
        elif top_k <= 0:
            raise validation("`top_k` must be strictly positive")
        return Sampling(
            temperature,
            top_k,
            top_p,
            typical_p,
            p.do_sample,
            p.seed or 0,
            repetition_penalty,
            frequency_penalty,
            p.watermark,
        )

    def _tokens(
        self, inputs: str, add_special_tokens: bool, truncate: int | None, asked: int | None
    ) -> tuple[int, int, int]:
        """Input length, new tokens of this piece and of the whole; the total is checked first (V:173)."""
        length = self.tokenizer.count(inputs, add_special_tokens)
        if truncate is not None and truncate < length:
            length = truncate
        total = self.limits.max_total_tokens
        whole = asked if asked is not None else max(0, total - length)
        piece = min(whole, CHUNK)
        if length + piece > total:
            raise validation(
                f"`inputs` tokens + `max_new_tokens` must be <= {total}."
                f" Given: {length} `inputs` tokens and {piece} `max_new_tokens`"
            )
        if length > self.limits.max_input_tokens:
            raise validation(
                f"`inputs` must have less than {self.limits.max_input_tokens} tokens. Given: {length}"
            )
        self._measured(length)
        return length, piece, whole
