"""The router's books: what happened, counted where and as often as the router counts it.

The hot path only adds to plain numbers; text is made when somebody asks for `/metrics`
(fake_tgi/exposition.py). A series that nothing touched does not exist yet, as in TGI. Times in seconds.
Where each line is counted: router/src/server.rs, infer/mod.rs, validation.rs, backends/v3/src/backend.rs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from .headers import Timings

__all__ = ["DURATION_BUCKETS", "Histogram", "Metrics"]

# server.rs:1937-1985. Geometric, as floating-point arithmetic gives them.
DURATION_BUCKETS: tuple[float, ...] = tuple(0.0001 * 1.5**k for k in range(1, 36))
_BATCH_BUCKETS: tuple[float, ...] = tuple(float(size) for size in range(1, 1025))


def _hundredths(total: int) -> tuple[float, ...]:
    return tuple(total / 100 * k for k in range(1, 101))


class Histogram:
    """Counts of observations by upper bound, their sum and their number."""

    __slots__ = ("bounds", "count", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self.count = 0

    def observe(self, value: float, times: int = 1) -> None:
        """Adds `value`, `times` over."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.sum += value * times
        self.count += times


class Metrics:
    """One method for each thing that happens. Limits are in tokens and give the token buckets."""

    def __init__(self, max_input_tokens: int, max_total_tokens: int) -> None:
        self._input_bounds = _hundredths(max_input_tokens)
        self._total_bounds = _hundredths(max_total_tokens)
        self.clear()

    def clear(self) -> None:
        """Back to nothing."""
        self.counters: dict[tuple[str, str, str], int] = {}
        """(name, label, value of the label) to count; label and value are empty where a series has none."""
        self.histograms: dict[tuple[str, str], Histogram] = {}
        """(name, method) to observations; method is empty where a series has none."""
        self.skipped_tokens = 0
        self.running = 0
        self.running_tokens = 0
        self.scheduled_any = False

    def asked(self, count: int = 1) -> None:
        """A request reached its handler (`tgi_request_count`)."""
        self._count("tgi_request_count", times=count)

    def failed(self, err: str) -> None:
        """`err`: validation, overloaded, generation, incomplete, template or dropped."""
        self._count("tgi_request_failure", "err", err)

    def measured(self, input_length: int) -> None:
        """A prompt passed the rules on its length, in tokens."""
        self._observe("tgi_request_input_length", input_length, self._input_bounds)

    def scheduled(self, input_length: int, max_new_tokens: int) -> None:
        """A generation passed all rules and starts; it may produce `max_new_tokens`."""
        self._observe("tgi_request_max_new_tokens", max_new_tokens, self._total_bounds)
        self._observe("tgi_batch_next_size", 1.0, _BATCH_BUCKETS)
        self.scheduled_any = True
        self.running += 1
        self.running_tokens += input_length + max_new_tokens

    def generated(
        self, tokens: int, seconds: float, *, failed: bool, input_length: int, max_new_tokens: int
    ) -> None:
        """A scheduled generation ended after `tokens` tokens and `seconds` in the model.

        The first token costs one prefill, each further one a decode; the call that failed counts as one.
        """
        self.running -= 1
        self.running_tokens -= input_length + max_new_tokens
        calls = tokens + failed
        each = seconds / calls if calls else 0.0
        for method, made, good in (
            ("prefill", min(calls, 1), min(tokens, 1)),
            ("decode", max(calls - 1, 0), max(tokens - 1, 0)),
        ):
            if made:
                self._count("tgi_batch_inference_count", "method", method, made)
            if good:
                self._count("tgi_batch_inference_success", "method", method, good)
                for series in ("inference", "forward", "decode", "filter"):
                    took = each if series in ("inference", "forward") else 0.0
                    self._observe(f"tgi_batch_{series}_duration", took, DURATION_BUCKETS, method, good)
            if made - good:
                self._count("tgi_batch_inference_failure", "method", method, made - good)
        self.skipped_tokens += tokens
        if failed:
            self.failed("generation")

    def succeeded(self, timings: Timings) -> None:
        """An answer is complete."""
        self._count("tgi_request_success")
        self._observe("tgi_request_duration", timings.total, DURATION_BUCKETS)
        self._observe("tgi_request_validation_duration", timings.validation, DURATION_BUCKETS)
        self._observe("tgi_request_queue_duration", timings.queue, DURATION_BUCKETS)
        self._observe("tgi_request_inference_duration", timings.inference, DURATION_BUCKETS)
        self._observe("tgi_request_mean_time_per_token_duration", timings.per_token, DURATION_BUCKETS)
        self._observe("tgi_request_generated_tokens", timings.generated_tokens, self._total_bounds)

    def _count(self, name: str, label: str = "", value: str = "", times: int = 1) -> None:
        key = (name, label, value)
        self.counters[key] = self.counters.get(key, 0) + times

    def _observe(
        self, name: str, value: float, bounds: Sequence[float], method: str = "", times: int = 1
    ) -> None:
        histogram = self.histograms.get((name, method))
        if histogram is None:
            histogram = self.histograms[name, method] = Histogram(bounds)
        histogram.observe(value, times)
