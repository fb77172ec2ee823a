"""When each token of a piece of an answer is due.

Every time is absolute, on the server's clock, and follows from when the generation started: a late token
delays none of those behind it. Times that are known ahead are told ahead. Nothing here sleeps: to wait is a
frame.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import sub
from random import Random
from typing import Any

from .frames import Paced, Wait
from .limits import Permits
from .timing.latencies import Latencies
from .timing.scheduler import BatchScheduler, Entry

__all__ = ["Batched", "Drawn", "Due", "Steady"]


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


class Steady(Due):
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


class Drawn(Due):
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


class Batched(Due):
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
