"""How long a model takes, as a schedule: when each token of an answer is due.

Every time is absolute, on the server's clock, and follows from the moment the generation started: a late
token delays none of those behind it. Nothing here sleeps.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Delays"]


@dataclass(frozen=True, slots=True)
class Delays:
    """Seconds to the first token, and between tokens."""

    time_to_first_token: float = 0.0
    inter_token_latency: float = 0.0

    def schedule(self, started: float, tokens: int, *, before: int = 0) -> list[float]:
        """When each of `tokens` tokens is due, after `before` earlier ones of the same answer."""
        first, gap = started + self.time_to_first_token, self.inter_token_latency
        return [first + gap * (before + index) for index in range(tokens)]
