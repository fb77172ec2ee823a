"""Which shards stand behind the router: what the settings ask for, unless the caller has brought one.

Each is imported when it is first needed: plain English costs nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from .answers import DRAWN, answers_of
from .generation import Generation
from .settings import Settings
from .shard import Shard, ShardRequest
from .shards.seeded import SeededShard
from .tokenizer import Tokenizer

__all__ = ["Unscripted", "is_drawn", "shards_for"]


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


class Unscripted:
    """A Shard for any request: what the settings ask for."""

    def __init__(self, settings: Settings, tokenizer: Tokenizer) -> None:
        self._plain, self._obedient = shards_for(settings, tokenizer)

    def generate(self, request: ShardRequest) -> Generation:
        """The answer of the shard for such a request."""
        return self._of(request).generate(request)

    def slow(self, request: ShardRequest) -> bool:
        """As slow as that shard."""
        return self._of(request).slow(request)

    def _of(self, request: ShardRequest) -> Shard:
        return self._obedient() if request.grammar is not None else self._plain
