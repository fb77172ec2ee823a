"""How long a model takes: which schedule each piece of an answer gets (due.py).

Chances are drawn for each request from the server's seed. Nothing here sleeps.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from .chances import Chances
from .due import Batched, Drawn, Due, Steady
from .limits import Permits
from .seeds import canonical
from .shard import ShardRequest
from .timing.distributions import Constant, Distribution
from .timing.latencies import Latencies, latencies
from .timing.scheduler import BatchScheduler, Entry, Knobs

if TYPE_CHECKING:
    from .settings import Settings

__all__ = ["Delays", "configured"]


class Delays:
    """How long the model takes. Numbers are seconds and never vary.

    `knobs` makes requests share a simulated batch; without, each has a GPU of its own that
    `load_factor` slows with the number of generations in flight. `seed` is the server's.
    """

    def __init__(
        self,
        time_to_first_token: Distribution | float = 0.0,
        inter_token_latency: Distribution | float = 0.0,
        *,
        prefill_time_per_token: Distribution | float = 0.0,
        load_factor: float = 1.0,
        knobs: Knobs | None = None,
        seed: int = 0,
    ) -> None:
        self.latencies = Latencies(
            time_to_first_token=_drawn(time_to_first_token),
            prefill_time_per_token=_drawn(prefill_time_per_token),
            inter_token_latency=_drawn(inter_token_latency),
            load_factor=load_factor,
        )
        self.scheduler = BatchScheduler(self.latencies, knobs) if knobs is not None else None
        self._chances = Chances(seed)
        first, each, gap = (
            value.fixed
            for value in (
                self.latencies.time_to_first_token,
                self.latencies.prefill_time_per_token,
                self.latencies.inter_token_latency,
            )
        )
        self._fixed: tuple[float, float, float] | None = None
        if first is not None and each is not None and gap is not None and load_factor == 1:
            self._fixed = (first, each, gap)

    def due(
        self,
        request: ShardRequest,
        tokens: int,
        began: float,
        *,
        permits: Permits,
        clock: Callable[[], float],
    ) -> Due:
        """The schedule of a piece of `tokens` tokens that was asked of the model at `began`."""
        prompt_tokens = request.input_length
        if self.scheduler is not None:
            entry = Entry(
                prompt_tokens,
                max(request.max_new_tokens, tokens, 1),
                max(tokens, 1),
                self._random(request),
                began,
            )
            self.scheduler.enter(entry)
            return Batched(tokens, entry, self.scheduler, clock)
        if self._fixed is not None:
            first, each, gap = self._fixed
            return Steady(tokens, began, first + prompt_tokens * each, gap)
        return Drawn(tokens, began, prompt_tokens, self.latencies, self._random(request), permits)

    def clear(self) -> None:
        """Forgets which requests were seen and which run."""
        self._chances.clear()
        if self.scheduler is not None:
            self.scheduler.clear()

    def _random(self, request: ShardRequest) -> Random:
        ticket = self._chances.ticket(canonical(request, None))
        return self._chances.random(ticket, b"delays")


def configured(settings: Settings) -> Delays | None:
    """The delays that settings ask for; None where no token has to wait. Raises TimingError."""
    read = latencies(
        named=settings.profile,
        time_to_first_token=settings.time_to_first_token,
        prefill_time_per_token=settings.prefill_time_per_token,
        inter_token_latency=settings.inter_token_latency,
        load_factor=settings.load_factor,
    )
    if read == Latencies(load_factor=read.load_factor):
        return None
    return Delays(
        read.time_to_first_token,
        read.inter_token_latency,
        prefill_time_per_token=read.prefill_time_per_token,
        load_factor=read.load_factor,
        knobs=_knobs(settings) if settings.simulate_batching else None,
        seed=settings.seed,
    )


def _knobs(settings: Settings) -> Knobs:
    size = settings.max_batch_size
    return Knobs(
        max_batch_prefill_tokens=settings.max_batch_prefill_tokens,
        max_batch_total_tokens=settings.max_batch_total_tokens,
        waiting_served_ratio=settings.waiting_served_ratio,
        max_waiting_tokens=settings.max_waiting_tokens,
        max_batch_size=size,
        support_chunking=settings.support_chunking,
        full=size or settings.max_concurrent_requests,
    )


def _drawn(value: Distribution | float) -> Distribution:
    return Constant(float(value)) if isinstance(value, (int, float)) else value
