"""How long each thing takes a model, as one value: distributions, and how much slower a full house is."""

from __future__ import annotations

from dataclasses import dataclass

from .distributions import NO_TIME, Constant, Distribution, distribution
from .durations import TimingError
from .profiles import profile

__all__ = ["Latencies", "latencies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Seconds, as distributions. `load_factor`: how many times slower with every slot taken, from 1."""

    time_to_first_token: Distribution = NO_TIME
    prefill_time_per_token: Distribution = NO_TIME
    inter_token_latency: Distribution = NO_TIME
    load_factor: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.load_factor <= 1000:
            raise TimingError(f"load_factor: expected a number from 1 to 1000, got {self.load_factor!r}")

    def slowdown(self, running: int, full: int) -> float:
        """By how much `running` generations at once slow one another; 1 for one, the factor for `full`."""
        if self.load_factor == 1 or running <= 1:
            return 1.0
        share = min((running - 1) / (full - 1), 1.0) if full > 1 else 1.0
        return 1.0 + (self.load_factor - 1.0) * share


def latencies(
    *,
    named: str | None = None,
    time_to_first_token: str | None = None,
    prefill_time_per_token: str | None = None,
    inter_token_latency: str | None = None,
    load_factor: float | None = None,
) -> Latencies:
    """Reads what people write: what is left out comes from the profile `named`, or is no time at all.

    Raises TimingError, which names the value it is about.
    """
    base = profile(named) if named is not None else None

    def read(name: str, text: str | None, default: float) -> Distribution:
        if text is None:
            return Constant(default)
        try:
            return distribution(text)
        except TimingError as error:
            raise TimingError(f"{name}: {error}") from None

    return Latencies(
        time_to_first_token=read(
            "time_to_first_token", time_to_first_token, base.time_to_first_token if base else 0.0
        ),
        prefill_time_per_token=read(
            "prefill_time_per_token", prefill_time_per_token, base.prefill_time_per_token if base else 0.0
        ),
        inter_token_latency=read(
            "inter_token_latency", inter_token_latency, base.inter_token_latency if base else 0.0
        ),
        load_factor=load_factor if load_factor is not None else base.load_factor if base else 1.0,
    )
