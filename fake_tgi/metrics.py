"""The router's books: what happened, counted where and as often as the router counts it.

The hot path only adds to plain numbers; text is made when somebody asks for `/metrics`
(fake_tgi/exposition.py). A series that nothing touched does not exist yet, as in TGI. Times in seconds.
Where each line is counted: router/src/server.rs, infer/mod.rs, validation.rs, backends/v3/src/backend.rs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from functools import lru_cache
from operator import add, truediv
from typing import TYPE_CHECKING

from .batch import Batch, Calls
from .headers import Timings
from .histogram import TOGETHER, Histogram

if TYPE_CHECKING:
    from .timing.scheduler import Step

__all__ = ["DURATION_BUCKETS", "Metrics"]

_Row = tuple[int, int, int, float, float, float, float, int]
"""How often an answer counts as a request, the tokens of its prompt and those that it might have, the seconds
that it took in all, for validation, in the queue and in the model, and its tokens."""

# server.rs:1937-1985. Geometric, as floating-point arithmetic gives them.
DURATION_BUCKETS: tuple[float, ...] = tuple(0.0001 * 1.5**k for k in range(1, 36))
_BATCH_BUCKETS: tuple[float, ...] = tuple(float(size) for size in range(1, 1025))


@lru_cache(maxsize=16)
def _hundredths(total: int) -> tuple[float, ...]:
    return tuple(total / 100 * k for k in range(1, 101))


class Metrics:
    """One method for each thing that happens. Limits are in tokens and give the token buckets.

    What every request pays for is put aside by `answered`, and counted when somebody looks; `counters()` and
    `histograms()` give all of it its names.
    """

    def __init__(self, max_input_tokens: int, max_total_tokens: int) -> None:
        self._input_bounds = _hundredths(max_input_tokens)
        self._total_bounds = _hundredths(max_total_tokens)
        self.elsewhere: tuple[int, ...] = (0, 0)
        """Generations that run in other processes, and their tokens."""
        self.produced: Callable[[int], None] = _nobody
        """Told how many tokens a generation had when it ended."""
        self.clear()

    def clear(self) -> None:
        """Back to nothing."""
        self._requests = 0
        self._successes = 0
        self.failures: dict[str, int] = {}
        self._calls: dict[str, list[int]] = {"prefill": [0, 0], "decode": [0, 0]}
        self._skipped_tokens = 0
        self.running = 0
        self.running_tokens = 0
        self.concatenated = 0
        """Batches that were joined to a running one."""
        self._stepped: dict[str, int] = {}
        """By reason, how often a simulated batch was joined by others."""
        self._taken_up: dict[int, int] = {}
        """How often so many generations joined a simulated batch in one call."""
        self._batched = 0
        """Generations whose calls are counted as steps of a simulated batch."""
        self._joined: dict[int, int] = {}
        """How often so many generations, two or more, were prefilled in one call."""
        self._rows: list[_Row] = []
        """What `answered` was told and nobody has asked for."""
        self._input_length = Histogram(self._input_bounds)
        self._max_new_tokens = Histogram(self._total_bounds)
        self._generated_tokens = Histogram(self._total_bounds)
        self._prefill, self._decode = Histogram(DURATION_BUCKETS), Histogram(DURATION_BUCKETS)
        self._total, self._validation, self._queue, self._inference, self._per_token = (
            Histogram(DURATION_BUCKETS) for _ in range(5)
        )

    def take(self) -> Metrics:
        """What was counted, which begins at nothing again; what runs goes on running here."""
        self._settle()
        taken, running = copy(self), (self.running, self.running_tokens)
        taken.running = taken.running_tokens = 0
        taken.produced = _nobody
        self.clear()
        self.running, self.running_tokens = running
        return taken

    def add(self, other: Metrics) -> None:
        """What was counted elsewhere, under the same limits."""
        self._settle()
        other._settle()
        for name, theirs in vars(other).items():
            ours = getattr(self, name)
            if isinstance(theirs, Histogram):
                ours.add(theirs)
            elif isinstance(theirs, dict):
                for key, counted in theirs.items():
                    if isinstance(counted, list):
                        ours[key] = list(map(add, ours[key], counted))
                    else:
                        ours[key] = ours.get(key, 0) + counted
            elif isinstance(theirs, int):
                setattr(self, name, ours + theirs)

    @property
    def requests(self) -> int:
        """How many reached their handler."""
        self._settle()
        return self._requests

    @property
    def successes(self) -> int:
        """How many were answered."""
        self._settle()
        return self._successes

    @property
    def skipped_tokens(self) -> int:
        """How many tokens somebody was there to get."""
        self._settle()
        return self._skipped_tokens

    @property
    def calls(self) -> dict[str, list[int]]:
        """method: calls of the model, and how many of them succeeded."""
        self._settle()
        return self._calls

    def asked(self, count: int = 1) -> None:
        """A request reached its handler (`tgi_request_count`)."""
        self._requests += count

    def failed(self, err: str) -> None:
        """`err`: validation, overloaded, generation, incomplete, template or dropped."""
        self.failures[err] = self.failures.get(err, 0) + 1

    def measured(self, input_length: int) -> None:
        """A prompt passed the rules on its length, in tokens."""
        self._input_length.observe(input_length)

    def scheduled(self, input_length: int, max_new_tokens: int) -> None:
        """A generation passed all rules and starts; it may produce `max_new_tokens`."""
        self._max_new_tokens.observe(max_new_tokens)
        self.running += 1
        self.running_tokens += input_length + max_new_tokens

    def generated(
        self,
        tokens: int,
        seconds: float,
        *,
        failed: bool,
        input_length: int,
        max_new_tokens: int,
        first: float | None = None,
        unseen: int = 0,
        batch: Batch | None = None,
        stepped: bool = False,
    ) -> None:
        """A scheduled generation ended after `tokens` tokens and `seconds` in the model.

        The first token costs one prefill, each further one a decode; the call that failed counts as one. What
        it shares with its `batch` costs nothing more. `first`: seconds that the prefill took; None: as many
        as each of the others. `unseen`: tokens that nobody was there any more to get. `stepped`: its calls
        are counted as steps of a simulated batch.
        """
        self.running -= 1
        self.running_tokens -= input_length + max_new_tokens
        self.produced(tokens)
        self._skipped_tokens += tokens - unseen
        if stepped:
            if failed:
                self._calls["decode" if tokens else "prefill"][0] += 1
                self.failed("generation")
            return
        calls = tokens + failed
        if not calls:
            return
        each = seconds / calls
        if first is None:
            first = each
        elif calls > 1:
            each = max(seconds - first, 0.0) / (calls - 1)
        prefill, decode = self._calls["prefill"], self._calls["decode"]
        if batch is not None:
            self._share(batch.calls(tokens, failed), first, each)
        else:
            prefill[0] += 1
            decode[0] += calls - 1
        if tokens and batch is None:
            prefill[1] += 1
            self._prefill.observe(first)
            if tokens > 1:
                decode[1] += tokens - 1
                self._decode.observe(each, tokens - 1)
        if failed:
            self.failed("generation")

    def batched(self) -> None:
        """A scheduled generation is in the queue of a simulated batch."""
        self._batched += 1

    def step(self, step: Step) -> None:
        """A call of the model for all that is in a simulated batch."""
        calls = self._calls[step.method]
        calls[0] += 1
        calls[1] += 1
        (self._prefill if step.method == "prefill" else self._decode).observe(step.seconds)
        if step.new:
            self._taken_up[step.new] = self._taken_up.get(step.new, 0) + 1
        if step.reason is not None:
            self._stepped[step.reason] = self._stepped.get(step.reason, 0) + 1

    def _share(self, calls: Calls, first: float, each: float) -> None:
        prefill, decode = self._calls["prefill"], self._calls["decode"]
        prefill[0] += calls.prefills
        prefill[1] += calls.prefilled
        decode[0] += calls.decodes
        decode[1] += calls.decoded
        self._prefill.observe(first, calls.prefilled)
        self._decode.observe(each, calls.decoded)
        if calls.joined:
            self.concatenated += 1
        if calls.joined > 1:
            self._joined[calls.joined] = self._joined.get(calls.joined, 0) + 1

    def succeeded(self, timings: Timings) -> None:
        """An answer is complete."""
        self._successes += 1
        self._total.observe(timings.total)
        self._validation.observe(timings.validation)
        self._queue.observe(timings.queue)
        self._inference.observe(timings.inference)
        self._per_token.observe(timings.per_token)
        self._generated_tokens.observe(timings.generated_tokens)

    def answered(self, row: _Row) -> None:
        """A generation that was asked for, measured, scheduled and at its end at once, with its answer.

        It is what `asked`, `measured`, `scheduled`, `generated` and `succeeded` say of such a one, without
        what is added only to be taken away again.
        """
        rows = self._rows
        rows.append(row)
        if len(rows) >= TOGETHER:
            self._settle()

    def _settle(self) -> None:
        """Counts what `answered` was told."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        asked, lengths, limits, total, validation, queue, inference, tokens = zip(*rows, strict=True)
        answers, generated = len(rows), sum(tokens)
        self._requests += sum(asked)
        self._successes += answers
        self._skipped_tokens += generated
        for method, calls in (("prefill", answers), ("decode", generated - answers)):
            counts = self._calls[method]
            counts[0] += calls
            counts[1] += calls
        each = list(map(truediv, inference, tokens))
        for histogram, values in (
            (self._input_length, lengths),
            (self._max_new_tokens, limits),
            (self._total, total),
            (self._validation, validation),
            (self._queue, queue),
            (self._inference, inference),
            (self._per_token, each),
            (self._generated_tokens, tokens),
            (self._prefill, each),
        ):
            histogram.observe_all(values)
        self._decode.observe_often(each, [number - 1 for number in tokens])

    def counters(self) -> Iterator[tuple[str, dict[str, str], int]]:
        """Name, labels and count of every counter that was touched."""
        if self.requests:
            yield "tgi_request_count", {}, self.requests
        if self.successes:
            yield "tgi_request_success", {}, self.successes
        for err, count in self.failures.items():
            yield "tgi_request_failure", {"err": err}, count
        for method, (made, good) in self.calls.items():
            labels = {"method": method}
            for name, count in (("count", made), ("success", good), ("failure", made - good)):
                if count:
                    yield f"tgi_batch_inference_{name}", labels, count
        joined = dict(self._stepped)
        if self.concatenated:
            joined["backpressure"] = joined.get("backpressure", 0) + self.concatenated
        for reason, count in joined.items():
            yield "tgi_batch_concat", {"reason": reason}, count

    def histograms(self) -> Iterator[tuple[str, dict[str, str], Histogram]]:
        """Name, labels and observations of every histogram that was touched.

        The generations of one request are a batch (fake_tgi/batch.py); those of different ones share one only
        where batching is simulated. Decoding and filtering take no time worth telling, joining none at all.
        """
        self._settle()
        next_size = Histogram(_BATCH_BUCKETS)
        alone = self._max_new_tokens.count - self._batched
        for size, times in self._joined.items():
            next_size.observe(float(size), times)
            alone -= size * times
        for size, times in self._taken_up.items():
            next_size.observe(float(size), times)
        next_size.observe(1.0, alone)
        named: list[tuple[str, dict[str, str], Histogram]] = [
            ("tgi_request_input_length", {}, self._input_length),
            ("tgi_request_max_new_tokens", {}, self._max_new_tokens),
            ("tgi_batch_next_size", {}, next_size),
            ("tgi_request_duration", {}, self._total),
            ("tgi_request_validation_duration", {}, self._validation),
            ("tgi_request_queue_duration", {}, self._queue),
            ("tgi_request_inference_duration", {}, self._inference),
            ("tgi_request_mean_time_per_token_duration", {}, self._per_token),
            ("tgi_request_generated_tokens", {}, self._generated_tokens),
        ]
        for method, spent in (("prefill", self._prefill), ("decode", self._decode)):
            at_once = Histogram(DURATION_BUCKETS)
            at_once.observe(0.0, spent.count)
            for series in ("inference", "forward", "decode", "filter"):
                took = spent if series in ("inference", "forward") else at_once
                named.append((f"tgi_batch_{series}_duration", {"method": method}, took))
        yield from (entry for entry in named if entry[2].count)


def _nobody(tokens: int) -> None:
    """Nobody wants to know."""
