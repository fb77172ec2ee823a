"""Many prompts: what is started when, and what comes out in which order. No I/O.

`Schedule` hands out the next prompt while there is room, and takes each outcome back. With a fixed limit an
error is an outcome like any other. With an adaptive one, a full server halves the limit, its prompt goes back
to the front of the queue, and every round of successes widens the limit by one: the way TCP finds its rate.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from .errors import (
    ConfigurationError,
    OverloadedError,
    RateLimitExceededError,
    ServiceUnavailableError,
    TextGenerationError,
)

__all__ = ["MapError", "MapItem", "Schedule"]

FULL = (OverloadedError, RateLimitExceededError, ServiceUnavailableError)
PATIENCE = 50  # how often one prompt may meet a full server before that is its outcome


@dataclass(frozen=True, slots=True)
class MapItem:
    """The outcome for one prompt: `answer`, or `error`. `index` counts the prompts from 0."""

    index: int
    prompt: Any
    answer: Any = None
    error: Exception | None = None

    def result(self) -> Any:
        """The answer; raises the error if there is one."""
        if self.error is not None:
            raise self.error
        return self.answer


class MapError(TextGenerationError):
    """Some prompts failed. `items` are the failed ones, `errors` their errors."""

    items: tuple[MapItem, ...] = ()

    @property
    def errors(self) -> tuple[Exception, ...]:
        """The error of each failed prompt."""
        return tuple(item.error for item in self.items if item.error is not None)


@dataclass(frozen=True, slots=True)
class Job:
    """A prompt to be sent. `tries` counts how often it met a full server."""

    index: int
    prompt: Any
    tries: int = 0


class Schedule:
    """Decides for one `map`. Not thread-safe: its driver calls it from one place at a time."""

    def __init__(
        self,
        prompts: Iterable[Any],
        concurrency: int | Literal["adaptive"],
        ordered: bool,
        errors: Literal["each", "first", "together"],
        done: dict[int, MapItem] | None = None,
    ) -> None:
        wrong = isinstance(concurrency, bool) or not isinstance(concurrency, int) or concurrency < 1
        if concurrency != "adaptive" and wrong:
            raise ConfigurationError(
                f"concurrency: expected a positive number or 'adaptive', got {concurrency!r}"
            )
        if errors not in ("each", "first", "together"):
            raise ConfigurationError(f"errors: expected 'each', 'first' or 'together', got {errors!r}")
        self._adaptive = concurrency == "adaptive"
        self.limit: float = 8.0 if concurrency == "adaptive" else float(concurrency)
        self._prompts = enumerate(prompts)
        self._again: deque[Job] = deque()
        self._exhausted = False
        self._ordered = ordered
        self._errors = errors
        self._known = {} if done is None else done
        self._ready: dict[int, MapItem] = {}  # outcomes that wait for their turn
        self._position = 0
        self._failed: list[MapItem] = []
        self.running = 0
        self.paused_until = 0.0

    def next(self, now: float) -> Job | None:
        """A prompt to send now; None while there is no room, or nothing is left."""
        if self.running >= int(self.limit) or now < self.paused_until:
            return None
        # A slow first prompt must not let finished later ones pile up without bound.
        if self._ordered and len(self._ready) > 4 * max(self.limit, 16):
            return None
        if self._again:
            self.running += 1
            return self._again.popleft()
        while not self._exhausted:
            try:
                index, prompt = next(self._prompts)
            except StopIteration:
                self._exhausted = True
                break
            known = self._known.pop(index, None)
            if known is not None:
                self._ready[index] = known
                continue
            self.running += 1
            return Job(index, prompt)
        return None

    def finished(self, job: Job, answer: Any, error: Exception | None, now: float) -> MapItem | None:
        """An outcome. The item it makes; None when the prompt will be sent again."""
        self.running -= 1
        if self._adaptive and isinstance(error, FULL) and job.tries < PATIENCE:
            self.limit = max(1.0, self.limit / 2)
            pause = error.retry_after if error.retry_after is not None else 0.05 * 2.0 ** min(job.tries, 6)
            self.paused_until = max(self.paused_until, now + min(pause, 60.0))
            self._again.append(Job(job.index, job.prompt, job.tries + 1))
            return None
        if self._adaptive and error is None:
            self.limit = min(512.0, self.limit + 1.0 / self.limit)
        item = MapItem(job.index, job.prompt, answer, error)
        if error is not None:
            self._failed.append(item)
        self._ready[job.index] = item
        return item

    def take(self) -> Iterator[MapItem]:
        """The items whose turn it is. With errors="first", raises the first error in its turn."""
        if not self._ordered:
            ready, self._ready = self._ready, {}
            yield from map(self._checked, ready.values())
            return
        while self._position in self._ready:
            item = self._ready.pop(self._position)
            self._position += 1
            yield self._checked(item)

    def _checked(self, item: MapItem) -> MapItem:
        return MapItem(item.index, item.prompt, item.result()) if self._errors == "first" else item

    @property
    def over(self) -> bool:
        """Whether nothing runs and nothing is left to send."""
        return self._exhausted and not self._again and self.running == 0

    def end(self) -> None:
        """Everything is out. With errors="together", raises MapError if anything failed."""
        if self._errors == "together" and self._failed:
            self._failed.sort(key=lambda item: item.index)
            first = self._failed[0]
            error = MapError(
                f"{len(self._failed)} prompts failed; the first was number {first.index}: {first.error}"
            )
            error.items = tuple(self._failed)
            raise error
