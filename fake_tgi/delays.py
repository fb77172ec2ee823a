"""When each token of an answer is due.

Every time is absolute, on the server's clock, and follows from when the generation started: a late token
delays none of those behind it. Chances are drawn for each request from the server's seed. Nothing here
sleeps: what a token has to wait for is frames.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import sub
from random import Random
from typing import TYPE_CHECKING, Any

from .chances import Chances
from .frames import Paced, Wait
from .limits import Permits
from .seeds import canonical
from .shard import ShardRequest
from .timing.distributions import Constant, Distribution
from .timing.latencies import Latencies, latencies
from .timing.scheduler import BatchScheduler, Entry, Knobs

if TYPE_CHECKING:
    from .settings import Settings

__all__ = ["Delays", "Due", "configured"]


class Due(ABC):
    """When the tokens of one piece of an answer are due. Read it once.

    Iterating gives, for each token, the frames to play before it is sent; `end` gives those to play before
    all of them are there. `started` is when the model took the request up, `first` when its first token
    was due, `last` when the last one so far was, in seconds; `produced` counts those that were waited for.
    """

    __slots__ = ("_paced", "_together", "_tokens", "first", "last", "produced", "started")

    def __init__(self, tokens: int, began: float) -> None:
        self._tokens = tokens
        self.produced = 0
        self._together: Sequence[float] = ()
        """When tokens that are waited for together are due."""
        self._paced: Paced | None = None
        self.started = self.first = self.last = began

    def __len__(self) -> int:
        return self._tokens

    def __iter__(self) -> Iterator[Iterable[Wait]]:
        times = self._times()
        for _ in range(self._tokens):
            yield self._one(times)

    def end(self) -> Iterator[Wait]:
        """Frames to play before the last token is there; of no tokens, before the model has tried."""
        for waits in self:
            yield from waits

    def paced(self, parts: Iterable[bytes], longest: float) -> Paced | None:
        """One of `parts` for each token, as one frame, instead of iterating. None where times depend on what
        others will do, or two of them are further apart than `longest`, in seconds."""
        times = self._ahead()
        if (
            not times
            or times[0] - self.started > longest
            or max(map(sub, times[1:], times), default=0) > longest
        ):
            return None
        self._together = self._as_due(times)
        self._paced = Paced(parts, times)
        return self._paced

    @property
    def stepped(self) -> bool:
        """Whether its tokens are those of steps that it shares with others."""
        return False

    def close(self, now: float) -> None:
        """Nobody waits any more. Of tokens that were waited for together, those due until `now` count."""
        if self._together and not self.produced:
            paced = self._paced
            self.produced = paced.sent if paced is not None else bisect_right(self._together, now)
            if self.produced:
                self.first, self.last = self._together[0], self._together[self.produced - 1]

    @abstractmethod
    def _times(self) -> Iterator[tuple[float, bool]]:
        """Times to wait until; True with one at which a token is due."""

    def _ahead(self) -> array[float] | None:
        """When each token is due, where that is known before the first one is. Asked once at most."""
        return None

    def _as_due(self, times: array[float]) -> Sequence[float]:
        """These times of its own for later, when they have become those at which tokens were sent."""
        return times[:]

    def _one(self, times: Iterator[tuple[float, bool]]) -> Iterator[Wait]:
        for time, due in times:
            yield Wait(time)
            if due:
                self._reached(time)
                return

    def _reached(self, time: float) -> None:
        if not self.produced:
            self.first = time
        self.produced += 1
        self.last = time


@dataclass(frozen=True, slots=True)
class _Evenly(Sequence[float]):
    """`number` times, `gap` apart."""

    first: float
    gap: float
    number: int

    def __len__(self) -> int:
        return self.number

    def __getitem__(self, index: Any) -> Any:
        return self.first + self.gap * index


class _Steady(Due):
    """A fixed first token and fixed gaps: any time is known at once."""

    __slots__ = ("_first", "_gap")

    def __init__(self, tokens: int, began: float, first: float, gap: float) -> None:
        super().__init__(tokens, began)
        self._first = began + first
        self._gap = gap

    def _times(self) -> Iterator[tuple[float, bool]]:
        for index in range(max(self._tokens, 1)):
            yield self._first + self._gap * index, True

    def _ahead(self) -> array[float] | None:
        first, gap = self._first, self._gap
        return array("d", [first + gap * index for index in range(self._tokens)])

    def _as_due(self, times: array[float]) -> Sequence[float]:
        return _Evenly(self._first, self._gap, self._tokens)

    def end(self) -> Iterator[Wait]:
        last = self._first + self._gap * max(self._tokens - 1, 0)
        self._together = _Evenly(self._first, self._gap, self._tokens)
        yield Wait(last)
        self.first, self.last, self.produced = self._first, last, self._tokens


class _Drawn(Due):
    """Gaps that are drawn, or that depend on how many generations run when they begin."""

    __slots__ = ("_latencies", "_permits", "_prompt_tokens", "_random")

    def __init__(
        self,
        tokens: int,
        began: float,
        prompt_tokens: int,
        latencies: Latencies,
        random: Random,
        permits: Permits,
    ) -> None:
        super().__init__(tokens, began)
        self._prompt_tokens = prompt_tokens
        self._latencies = latencies
        self._random = random
        self._permits = permits

    def _times(self) -> Iterator[tuple[float, bool]]:
        at, random, latencies = self.started, self._random, self._latencies
        first = latencies.time_to_first_token.draw(random)
        first += self._prompt_tokens * latencies.prefill_time_per_token.draw(random)
        at += first * self._slowdown()
        yield at, True
        for _ in range(self._tokens - 1):
            at += latencies.inter_token_latency.draw(random) * self._slowdown()
            yield at, True

    def _ahead(self) -> array[float] | None:
        if self._latencies.load_factor != 1 or not self._tokens:
            return None  # it depends on how many generations will run
        return array("d", [time for time, _ in self._times()])

    def end(self) -> Iterator[Wait]:
        if self._latencies.load_factor != 1 or not self._tokens:
            yield from super().end() if self._tokens else self._one(self._times())
            return
        times = self._together = [time for time, _ in self._times()]
        yield Wait(times[-1])
        self.first, self.last, self.produced = times[0], times[-1], self._tokens

    def _slowdown(self) -> float:
        permits = self._permits
        return self._latencies.slowdown(permits.total - permits.free, permits.total)


class _Batched(Due):
    """The simulated batch says when; until a request is in it, one waits from step to step."""

    __slots__ = ("_clock", "_entry", "_scheduler")

    def __init__(self, tokens: int, entry: Entry, scheduler: BatchScheduler, clock: Callable[[], float]):
        super().__init__(tokens, entry.arrived)
        self._entry = entry
        self._scheduler = scheduler
        self._clock = clock

    @property
    def stepped(self) -> bool:
        return True

    def _times(self) -> Iterator[tuple[float, bool]]:
        entry, scheduler = self._entry, self._scheduler
        for index in range(entry.tokens):
            while True:
                now = self._clock()
                scheduler.advance(now)
                if entry.started is not None:
                    self.started = entry.started
                if len(entry.times) > index:
                    break
                if scheduler.free_at <= now:  # cleared meanwhile
                    entry.times.append(now)
                    break
                yield scheduler.free_at, False
            yield entry.times[index], True

    def end(self) -> Iterator[Wait]:
        times = self._times()
        for _ in range(self._entry.tokens):
            yield from self._one(times)

    def close(self, now: float) -> None:
        self._entry.left = True


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
            return _Batched(tokens, entry, self.scheduler, clock)
        if self._fixed is not None:
            first, each, gap = self._fixed
            return _Steady(tokens, began, first + prompt_tokens * each, gap)
        return _Drawn(tokens, began, prompt_tokens, self.latencies, self._random(request), permits)

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
