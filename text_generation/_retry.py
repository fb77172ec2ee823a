"""What is tried again, when, and how often. No I/O; chance and time are passed in.

Only what failed before its first token is tried again, and only failures that time can heal: a full or
unready server, a connection that could not be made or broke without an answer. Waits double and are
spread, so that many clients do not come back together; the server's Retry-After wins, up to a limit. A
budget shared by all calls of a client stops retries from multiplying the load of a server that is down.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from . import errors as e

__all__ = ["Retries", "RetryBudget", "delay_before_retry", "retries", "retryable"]

RETRYABLE: tuple[type[e.TextGenerationError], ...] = (
    e.OverloadedError,
    e.RateLimitExceededError,
    e.ServiceUnavailableError,
    e.ShardTimeoutError,
    e.IncompleteGenerationError,
    e.ConnectionFailedError,
    e.ConnectTimeoutError,
)
NEVER: tuple[type[e.TextGenerationError], ...] = (e.CancelledGenerationError,)
# Of the statuses that blame the request (4xx), those that a later one need not get. The others are final,
# whatever the body calls itself: who may not ask is refused again.
PASSING = frozenset((408, 425, 429))


@dataclass(frozen=True, slots=True)
class Retries:
    """A retry policy. Times in seconds.

    The nth wait is between half and all of `first_delay * 2**n`, at most `longest_delay`. A Retry-After
    above `longest_retry_after` ends the attempts: better to fail than to hang.
    """

    limit: int = 0
    first_delay: float = 0.5
    longest_delay: float = 8.0
    longest_retry_after: float = 120.0

    def __post_init__(self) -> None:
        if isinstance(self.limit, bool) or not isinstance(self.limit, int) or self.limit < 0:
            raise e.ConfigurationError(
                f"retries: expected a number of retries, 0 or more; got {self.limit!r}"
            )


def retries(value: int | Retries | None) -> Retries:
    """What a `retries` argument means: a number, a policy, or None for no retries."""
    return value if isinstance(value, Retries) else Retries(0 if value is None else value)


class RetryBudget:
    """How many retries a client may still make: each costs one, each success earns a tenth back."""

    __slots__ = ("_capacity", "_left", "_lock")

    def __init__(self, capacity: int = 20) -> None:
        self._capacity = self._left = 10 * capacity  # in tenths
        self._lock = threading.Lock()

    def spend(self) -> bool:
        """Take one; False when none is left."""
        with self._lock:
            if self._left < 10:
                return False
            self._left -= 10
            return True

    def earn(self) -> None:
        """A call succeeded."""
        if self._left < self._capacity:
            with self._lock:
                self._left = min(self._capacity, self._left + 1)


def retryable(error: e.TextGenerationError) -> bool:
    """Whether time can heal this error, and nothing of the answer has been handed out."""
    if not isinstance(error, RETRYABLE) or isinstance(error, NEVER):
        return False
    status = error.status or 0
    if 400 <= status < 500 and status not in PASSING:
        return False
    return error.partial is None or not error.partial.items


def delay_before_retry(
    policy: Retries, attempt: int, error: e.TextGenerationError, chance: Callable[[], float]
) -> float | None:
    """Seconds to wait after the `attempt`th try (from 1) failed with `error`; None to give up."""
    if attempt > policy.limit or not retryable(error):
        return None
    delay = min(policy.longest_delay, policy.first_delay * 2.0 ** (attempt - 1)) * (0.5 + 0.5 * chance())
    if error.retry_after is not None:
        if error.retry_after > policy.longest_retry_after:
            return None
        delay = max(delay, error.retry_after * (1.0 + 0.1 * chance()))
    return delay
