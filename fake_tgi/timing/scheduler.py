"""TGI's batching, simulated: which request gets its next token when, on one GPU that works in steps.

The rules are those of the router's batching loop and queue (backends/v3/src/backend.rs `batching_task`,
queue.rs `next_batch`): a step is a prefill of what fits the budgets, or a decode of everything that runs;
between decodes the queue is looked at once. Nothing sleeps: the past is computed when somebody asks. No
prefix is cached, and a prompt's tokens count one by one instead of in blocks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from .latencies import Latencies

__all__ = ["BatchScheduler", "Entry", "Knobs", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knobs:
    """TGI's own, under its names. `full` is the batch size at which the load factor holds entirely."""

    max_batch_prefill_tokens: int
    max_batch_total_tokens: int
    waiting_served_ratio: float
    max_waiting_tokens: int
    max_batch_size: int | None
    support_chunking: bool
    full: int


@dataclass(slots=True, eq=False)
class Entry:
    """One request in the queue or the batch. It makes `tokens` tokens, though it reserves room for more.

    `times` grows: when each token is there, in seconds. `started` is when it left the queue.
    """

    prompt_tokens: int
    max_new_tokens: int
    tokens: int
    random: Random
    arrived: float
    started: float | None = None
    times: list[float] = field(default_factory=list)
    prefill_left: int = 0
    left: bool = False

    @property
    def reserved(self) -> int:
        """Tokens of the batch's total that it takes up."""
        return self.prompt_tokens + self.max_new_tokens - 1

    @property
    def over(self) -> bool:
        """Whether the batch has nothing more to do for it."""
        return self.left or len(self.times) >= self.tokens


@dataclass(frozen=True, slots=True)
class Step:
    """One call of the simulated model: `prefill` or `decode`, and how long it took, in seconds.

    A prefill takes up `new` requests; `reason` is why it did while others ran, None when none did: the
    queue was long enough (`backpressure`), had waited long enough (`wait_exceeded`), or never waits
    (`chunking`).
    """

    method: str
    seconds: float
    new: int = 0
    reason: str | None = None


def _unheard(step: Step) -> None:
    pass


class BatchScheduler:
    """The steps of one simulated shard. Times passed in must not go backwards.

    `told` is called with every step, once it is computed.
    """

    def __init__(self, latencies: Latencies, knobs: Knobs) -> None:
        self._latencies = latencies
        self._knobs = knobs
        self.told: Callable[[Step], None] = _unheard
        self.clear()

    def clear(self) -> None:
        """Forgets every request; those that still wait get their tokens at once."""
        self._queue: deque[Entry] = deque()
        self._running: list[Entry] = []
        self.free_at = 0.0
        """When the step that runs now ends."""
        self._since_prefill = 0

    @property
    def queued(self) -> int:
        """Requests that wait for a batch."""
        return sum(not entry.left for entry in self._queue)

    @property
    def queued_tokens(self) -> int:
        """Tokens that these could take up at most."""
        return sum(entry.prompt_tokens + entry.max_new_tokens for entry in self._queue if not entry.left)

    @property
    def running(self) -> int:
        """Requests in the batch."""
        return sum(not entry.over for entry in self._running)

    def enter(self, entry: Entry) -> None:
        """Puts a request at the end of the queue at its time of arrival."""
        self.advance(entry.arrived)
        if not self._running and not self._queue:
            self.free_at = max(self.free_at, entry.arrived)
        self._queue.append(entry)
        self.advance(entry.arrived)

    def advance(self, now: float) -> None:
        """Computes every step that has begun by `now`."""
        while self.free_at <= now and (self._running or self._queue):
            self._step()

    def _step(self) -> None:
        self._running = [entry for entry in self._running if not entry.over]
        idle = not self._running
        began, reason = self.free_at, None if idle else self._reason()
        new, took = self._next_batch(idle)
        if new:
            self._prefill(new, took)
            self._since_prefill = 1
            self.told(Step("prefill", self.free_at - began, len(new), reason))
        if not idle:  # after a first prefill the queue is looked at before the first decode
            began = self.free_at
            if self._decode():
                self.told(Step("decode", self.free_at - began))
            self._since_prefill += 1

    def _reason(self) -> str:
        if self._knobs.support_chunking:
            return "chunking"
        waited = self._since_prefill >= self._knobs.max_waiting_tokens
        return "wait_exceeded" if waited else "backpressure"

    def _next_batch(self, idle: bool) -> tuple[list[Entry], int]:
        """What joins now and how many prompt tokens that takes, by TGI's budgets."""
        knobs = self._knobs
        while self._queue and self._queue[0].left:
            self._queue.popleft()
        least, most, budget = 0, knobs.max_batch_size, max(knobs.max_batch_prefill_tokens, 1)
        room = knobs.max_batch_total_tokens - sum(entry.reserved for entry in self._running)
        if not idle and knobs.support_chunking:
            budget -= sum(entry.prefill_left or 1 for entry in self._running)
            most = None
        elif not idle:
            if self._since_prefill < knobs.max_waiting_tokens:
                least = int(len(self._running) * knobs.waiting_served_ratio)
            if most is not None:
                most -= len(self._running)
        new: list[Entry] = []
        took = 0
        for entry in self._queue:
            if entry.left:
                continue
            if (most is not None and len(new) >= most) or took >= budget:
                break
            if entry.reserved > room and (new or not idle):
                break
            chunk = min(entry.prompt_tokens, budget - took)
            # alone it goes ahead whatever its size: nothing that runs could make more room for it
            if chunk < entry.prompt_tokens and not knobs.support_chunking and (new or not idle):
                break
            entry.prefill_left = entry.prompt_tokens - chunk if knobs.support_chunking else 0
            took += chunk
            room -= entry.reserved
            new.append(entry)
        if len(new) < least:
            return [], 0
        chosen = set(map(id, new))
        self._queue = deque(entry for entry in self._queue if not entry.left and id(entry) not in chosen)
        return new, took

    def _prefill(self, new: list[Entry], took: int) -> None:
        for entry in new:
            entry.started = self.free_at
        latencies, random = self._latencies, new[0].random
        each = latencies.prefill_time_per_token.draw(random)
        self.free_at += latencies.time_to_first_token.draw(random) + took * each
        # with chunking the running requests ride along and get a token too
        riding = [entry for entry in self._running if not entry.prefill_left]
        for entry in (*riding, *new) if self._knobs.support_chunking else new:
            if not entry.prefill_left:
                entry.times.append(self.free_at)
        self._running += new

    def _decode(self) -> bool:
        """Whether there was anything to decode."""
        batch = [entry for entry in self._running if not entry.over]
        if not batch:
            return False
        latencies, random = self._latencies, batch[0].random
        self.free_at += latencies.inter_token_latency.draw(random) * latencies.slowdown(
            len(batch), self._knobs.full
        )
        budget = max(self._knobs.max_batch_prefill_tokens - len(batch), 1)
        for entry in batch:
            if entry.prefill_left:
                chunk = min(entry.prefill_left, max(budget, 1))
                budget -= chunk
                entry.prefill_left -= chunk
                self.free_at += chunk * latencies.prefill_time_per_token.draw(entry.random)
        for entry in batch:
            if not entry.prefill_left:
                entry.times.append(self.free_at)
        return True
