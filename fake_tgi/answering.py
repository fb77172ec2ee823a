"""Which shards stand behind the router: what the settings ask for, unless the caller has brought one.

Each is imported when it is first needed: plain English costs nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import cache
from typing import TYPE_CHECKING

from .answers import DRAWN, answers_of
from .generation import Generation
from .settings import Settings
from .shard import Shard, ShardRequest
from .shards.seeded import SeededShard
from .tokenizer import Tokenizer

if TYPE_CHECKING:
    from .call import Call
    from .journal import ServeEvent

__all__ = ["Ids", "Unscripted", "in_turn", "is_drawn", "shards_for"]


def is_drawn(settings: Settings) -> bool:
    """Whether answers have ids."""
    return answers_of(settings.answers).kind in DRAWN


def shards_for(settings: Settings, tokenizer: Tokenizer) -> tuple[Shard, Callable[[], Shard]]:
    """The shard for requests without a grammar, and what gives the one for those with one."""
    answers, seed = answers_of(settings.answers), settings.seed

    @cache
    def obedient() -> Shard:
        from .shards.grammar import GrammarShard  # costs time and memory that only grammars need to pay

        return GrammarShard(tokenizer, seed)

    if answers.kind in DRAWN:
        from .shards.drawn import DrawnShard  # Hypothesis costs time and memory that only its answers pay

        drawn = DrawnShard(tokenizer, answers, seed, ignore_eos=settings.ignore_eos, otherwise=obedient)
        return drawn, lambda: drawn
    if answers.kind == "echo":
        from .shards.text_answers import EchoShard

        return EchoShard(tokenizer), obedient
    return SeededShard(tokenizer, seed, ignore_eos=settings.ignore_eos), obedient


def in_turn(shard: Shard, obedient: Callable[[], Shard]) -> tuple[Shard, Callable[[], Shard]]:
    """Such shards for one call, where its answers come one after the other (fake_tgi/answers.py)."""
    of_call = getattr(shard, "of_call", None)
    if of_call is None:
        return shard, obedient
    own: Shard = of_call()
    return own, lambda: own


class Ids:
    """The ids of the answers that one call gets, told as what brings back all that it has got so far.

    They go into `event`, and to the user by `tell`, in a line.
    """

    def __init__(self, call: Call, event: ServeEvent, tell: Callable[[str], None]) -> None:
        self._call = call
        self._event = event
        self._tell = tell
        self._why = ""
        self._told = ""

    def __call__(self, id: str) -> None:
        """One more answer has this id."""
        event, call = self._event, self._call
        if not self._told:
            self._why, self._told, answers = event.why, id, "answer"
        else:
            self._told, answers = f"{self._told},{id.partition(':')[2]}", "answers"
        told = f"{answers} {self._told}"
        event.why = f"{self._why}; {told}" if self._why else told
        self._tell(f"{call.method} {call.path} got the {told}")


class Unscripted:
    """A Shard for any request: what the settings ask for."""

    def __init__(self, settings: Settings, tokenizer: Tokenizer) -> None:
        self._plain, self._obedient = shards_for(settings, tokenizer)

    def of_call(self) -> Unscripted:
        """The same for one call."""
        other = copy(self)
        other._plain, other._obedient = in_turn(self._plain, self._obedient)
        return other

    def generate(self, request: ShardRequest) -> Generation:
        """The answer of the shard for such a request."""
        return self._of(request).generate(request)

    def slow(self, request: ShardRequest) -> bool:
        """As slow as that shard."""
        return self._of(request).slow(request)

    def _of(self, request: ShardRequest) -> Shard:
        return self._obedient() if request.grammar is not None else self._plain
