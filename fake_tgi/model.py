"""The model behind the router: queued generations first, then recorded ones, then the usual shard.

It can also be unwell: sick (its health answer is no, though it generates), gone (nothing connects), or
about to crash after some tokens. Only what a real shard can do is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace

from .answering import in_turn
from .generation import Generation
from .quick_values import dataclass
from .shard import Shard, ShardRequest
from .shards.scripted import GenerationQueue

__all__ = ["Condition", "FindRecorded", "Model"]

FindRecorded = Callable[[ShardRequest], Generation | None]

# What tonic says of a shard whose socket nobody listens on
GONE = "error trying to connect: Connection refused (os error 111)"


@dataclass(frozen=True, slots=True)
class Condition:
    """How the model is.

    `sick`: its health answer is no. `untrusted`: the generation that tries its health fails. `gone`: every
    call fails to connect. `crash_after`: each generation fails with `crash_message` after that many tokens
    (0: before the first); None: it does not.
    """

    sick: bool = False
    untrusted: bool = False
    gone: bool = False
    crash_after: int | None = None
    crash_message: str = "CUDA out of memory"


class Model:
    """A Shard made of several, asked in order.

    `recorded` finds a recorded answer, or returns None. `obedient` gives the shard for requests with a
    grammar; it is called when the first one comes.
    """

    def __init__(
        self,
        queue: GenerationQueue,
        recorded: FindRecorded,
        fallback: Shard,
        obedient: Callable[[], Shard],
    ) -> None:
        self.queue = queue
        self.condition = Condition()
        self._recorded = recorded
        self.answer_with(fallback, obedient)

    @property
    def condition(self) -> Condition:
        """How it is, for calls that come from now on."""
        return self._condition

    @condition.setter
    def condition(self, condition: Condition) -> None:
        self._condition = condition
        self._fails = condition.gone or condition.crash_after is not None

    def answer_with(self, fallback: Shard, obedient: Callable[[], Shard]) -> None:
        """Other shards, for calls that come from now on."""
        self._fallback = fallback
        self._obedient = obedient

    def of_call(self) -> Model:
        """The same for one call, whose answers may come one after the other."""
        own, obedient = in_turn(self._fallback, self._obedient)
        if own is self._fallback:
            return self
        other = copy(self)
        other.answer_with(own, obedient)
        return other

    def fallback(self) -> Shard | None:
        """The shard behind everything else, for a request without a grammar; None where something may say
        another thing first, or nothing at all."""
        return None if self._fails or self.queue.queued else self._fallback

    def generate(self, request: ShardRequest) -> Generation:
        """The answer to `request`, in the model's present condition."""
        condition = self._condition
        if condition.gone:
            return Generation((), "", None, request.input_length, error=GONE)
        generation = self._answer(request)
        if condition.crash_after is not None:
            generation = _crashed(generation, condition.crash_after, condition.crash_message)
        return generation

    def slow(self, request: ShardRequest) -> bool:
        """Whether the shard that will answer is slow; what was queued is at hand."""
        return not (self.condition.gone or len(self.queue)) and self._shard(request).slow(request)

    def well(self) -> bool:
        """The shard's own health answer."""
        return not (self.condition.sick or self.condition.gone)

    def alive(self) -> bool:
        """Whether the one-token generation succeeds that the router tries once it has lost faith."""
        condition = self.condition
        return not (condition.untrusted or condition.gone) and condition.crash_after is None

    def clear(self) -> None:
        """Forgets what was queued; the model is well again."""
        self.queue.clear()
        self.condition = Condition()

    def _answer(self, request: ShardRequest) -> Generation:
        queued = self.queue.take(request)
        if queued is not None:
            # what was not asked for is not sent, whoever queued it
            return replace(
                queued,
                prefill=queued.prefill if request.prefill else (),
                top_tokens=queued.top_tokens if request.top_n_tokens else (),
                input_length=queued.input_length or request.input_length,
            )
        return self._recorded(request) or self._shard(request).generate(request)

    def _shard(self, request: ShardRequest) -> Shard:
        return self._obedient() if request.grammar is not None else self._fallback


def _crashed(generation: Generation, after: int, message: str) -> Generation:
    return replace(
        generation,
        tokens=generation.tokens[:after],
        top_tokens=generation.top_tokens[:after],
        generated_text="",
        finish_reason=None,
        error=message,
    )
