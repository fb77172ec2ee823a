"""The seam between router and model: a validated request goes in, a Generation comes out.

A shard never refuses for the router's reasons and never sees HTTP. It may fail as a real one does, by
returning a Generation with `error`. It must answer the same request in the same way on any worker.
"""

from __future__ import annotations

from dataclasses import field
from typing import Protocol

from .generation import Generation
from .quick_values import dataclass, unguarded

__all__ = ["Grammar", "Sampling", "Shard", "ShardRequest"]


@dataclass(frozen=True, slots=True)
@unguarded
class Sampling:
    """Sampling parameters after the router's defaults, as the shard gets them.

    `seed` is the one to sample with: the request's, or one the router drew.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    typical_p: float = 1.0
    do_sample: bool = False
    seed: int = 0
    repetition_penalty: float = 1.0
    frequency_penalty: float = 0.0
    watermark: bool = False
    like: Sampling | None = field(default=None, init=False, repr=False, compare=False)
    """The one that this is but for its seed: what follows from the rest is remembered for that one."""

    @property
    def samples(self) -> bool:
        """Whether a shard draws at all; only then does it report the seed (utils/tokens.py:290-308)."""
        return (
            self.do_sample
            or self.temperature != 1.0
            or self.top_k != 0
            or self.top_p < 1.0
            or self.typical_p < 1.0
        )

    def seeded(self, seed: int) -> Sampling:
        """The same with this seed."""
        made = Sampling(
            self.temperature, self.top_k, self.top_p, self.typical_p, self.do_sample, seed,
            self.repetition_penalty, self.frequency_penalty, self.watermark,
        )  # fmt: skip
        made.like = self.like or self  # type: ignore[misc]  # nobody has it yet
        return made


@dataclass(frozen=True, slots=True)
@unguarded
class ShardRequest:
    """One scheduled generation, as the router hands it to a shard.

    `inputs` is the final text (for chat: after the template). `input_length` is in tokens, after
    truncation to the last `truncate` of them. `max_new_tokens` is at most 1,024 (the router schedules
    longer answers in pieces). `top_n_tokens` 0 means none are asked for. `grammar` is the JSON Schema
    object or regular expression that the answer must satisfy.
    """

    inputs: str
    input_length: int
    max_new_tokens: int
    truncate: int
    sampling: Sampling = field(default_factory=Sampling)
    stop_sequences: tuple[str, ...] = ()
    ignore_eos: bool = False
    top_n_tokens: int = 0
    prefill: bool = False
    add_special_tokens: bool = True
    adapter_id: str | None = None
    grammar: Grammar | None = None

    def seeded(self, seed: int) -> ShardRequest:
        """The same, sampled with this seed. Every request that samples pays for it, so not by `replace`."""
        return ShardRequest(
            self.inputs, self.input_length, self.max_new_tokens, self.truncate, self.sampling.seeded(seed),
            self.stop_sequences, self.ignore_eos, self.top_n_tokens, self.prefill, self.add_special_tokens,
            self.adapter_id, self.grammar,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grammar:
    """A constraint on the answer: `schema` for the JSON kinds, `regex` for the other."""

    schema: object = None
    regex: str | None = None


class Shard(Protocol):
    """What produces generations. `generate` is pure computation: no I/O, no sleeping."""

    def generate(self, request: ShardRequest) -> Generation:
        """The whole answer to `request`, stopped by the rules of TGI's shard."""
        ...

    def slow(self, request: ShardRequest) -> bool:
        """True when `generate` may take more than a millisecond and must run off the event loop."""
        ...
