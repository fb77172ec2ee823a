"""The router's books as Prometheus text, written by `prometheus_client`.

Names, types, help texts and labels are TGI's (router/src/server.rs:1989-2111). Three of TGI's habits differ
from the library's: counters do not end in `_total`, a series without a description has no HELP line, and a
whole number has no fraction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from .histogram import Histogram
from .metrics import Metrics

__all__ = ["HELP", "exposition"]

# What TGI describes, first description of each name.
HELP: dict[str, str] = {
    "tgi_request_success": "Number of successful requests",
    "tgi_request_duration": "Request duration",
    "tgi_request_validation_duration": "Request validation duration",
    "tgi_request_queue_duration": "Request queue duration",
    "tgi_request_inference_duration": "Request inference duration",
    "tgi_request_mean_time_per_token_duration": "Mean time per token per request",
    "tgi_request_generated_tokens": "Generated tokens per request",
    "tgi_batch_inference_count": "Inference calls per method (prefill or decode)",
    "tgi_request_count": "Total number of requests",
    "tgi_batch_inference_success": "Number of successful inference calls per method (prefill or decode)",
    "tgi_batch_current_size": "Current batch size",
    "tgi_queue_size": "Current queue size",
    "tgi_batch_current_max_tokens": "Maximum tokens for the current batch",
    "tgi_request_max_new_tokens": "Maximum new tokens per request",
    "tgi_batch_inference_duration": "Batch inference duration",
    "tgi_batch_forward_duration": "Batch forward duration per method (prefill or decode)",
    "tgi_request_skipped_tokens": "Speculated tokens per request",
    "tgi_batch_filter_duration": (
        "Time spent filtering batches and sending generated tokens per method (prefill or decode)"
    ),
    "tgi_batch_decode_duration": "Time spent decoding a batch per method (prefill or decode)",
    "tgi_request_input_length": "Input token length per request",
    "tgi_batch_next_size": "Batch size of the next batch",
}
_QUANTILES = ("0", "0.5", "0.9", "0.95", "0.99", "0.999", "1")
_COUNTER_HEAD = re.compile(rb"^(# (?:HELP|TYPE) tgi_\w+)_total ", re.MULTILINE)
_VALUE = re.compile(rb"(?<= )[0-9][0-9.e+-]*$", re.MULTILINE)
_NO_HELP = re.compile(rb"^# HELP \w+ \n", re.MULTILINE)


def exposition(metrics: Metrics, waiting: tuple[int, int] = (0, 0)) -> bytes:
    """The text of `/metrics`; empty until something was counted.

    `waiting`: how many generations wait for a batch, and how many tokens they may take up in it.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(metrics, waiting))
    text = generate_latest(registry)
    text = _COUNTER_HEAD.sub(rb"\1 ", text)
    text = _VALUE.sub(_plainly, text)
    return _NO_HELP.sub(b"", text)


def _plainly(value: re.Match[bytes]) -> bytes:
    """A number as Rust prints it: no exponent, and no fraction of nothing."""
    number = format(Decimal(value[0].decode()), "f")
    return (number.rstrip("0").rstrip(".") if "." in number else number).encode()


class _Collector:
    def __init__(self, metrics: Metrics, waiting: tuple[int, int]) -> None:
        self._metrics = metrics
        self._waiting = waiting

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._counters()
        yield from self._gauges()
        yield from self._histograms()
        yield from self._summary()

    def _counters(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for name, labels, count in self._metrics.counters():
            family = families.setdefault(name, Metric(name, HELP.get(name, ""), "counter"))
            family.add_sample(name, labels, count)
        yield from families.values()

    def _gauges(self) -> Iterator[Metric]:
        metrics = self._metrics
        if not metrics.calls["prefill"][0] and not metrics.running and not metrics.elsewhere[0]:
            return
        queued, tokens = self._waiting
        for name, value in (
            ("tgi_batch_current_max_tokens", max(metrics.running_tokens - tokens, 0) + metrics.elsewhere[1]),
            ("tgi_queue_size", queued),
            ("tgi_batch_current_size", max(metrics.running - queued, 0) + metrics.elsewhere[0]),
        ):
            family = Metric(name, HELP[name], "gauge")
            family.add_sample(name, {}, value)
            yield family

    def _histograms(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for name, labels, histogram in self._metrics.histograms():
            family = families.setdefault(name, Metric(name, HELP.get(name, ""), "histogram"))
            _add(family, name, labels, histogram)
        yield from families.values()

    def _summary(self) -> Iterator[Metric]:
        """TGI records how many tokens speculation skipped, for every token; nothing speculates here."""
        name, count = "tgi_request_skipped_tokens", self._metrics.skipped_tokens
        if not count:
            return
        family = Metric(name, HELP[name], "summary")
        for quantile in _QUANTILES:
            family.add_sample(name, {"quantile": quantile}, 0)
        family.add_sample(f"{name}_sum", {}, 0)
        family.add_sample(f"{name}_count", {}, count)
        yield family


def _add(family: Metric, name: str, labels: dict[str, str], histogram: Histogram) -> None:
    below = 0
    for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
        below += count
        family.add_sample(f"{name}_bucket", {**labels, "le": _bound(bound)}, below)
    family.add_sample(f"{name}_sum", labels, histogram.sum)
    family.add_sample(f"{name}_count", labels, histogram.count)


def _bound(bound: float) -> str:
    """Whole numbers without a fraction, as TGI prints them."""
    return (
        str(int(bound))
        if bound == int(min(bound, 1e15))
        else ("+Inf" if bound == float("inf") else repr(bound))
    )
