"""The text of /metrics: what a family owes, in any writer's layout."""

from __future__ import annotations

import pytest

from tgi_contracts import violations_of

COUNT = "# HELP tgi_request_count Total number of requests\n# TYPE tgi_request_count counter\n"
FAILURE = "# TYPE tgi_request_failure counter\n"
SKIPPED = (
    "# HELP tgi_request_skipped_tokens Speculated tokens per request\n"
    "# TYPE tgi_request_skipped_tokens summary\n"
)


def rules(text: str) -> set[str]:
    return {violation.rule for violation in violations_of("GET", "/metrics", 200, text)}


def histogram(buckets: list[float], count: float) -> str:
    head = "# HELP tgi_request_duration Request duration\n# TYPE tgi_request_duration histogram\n"
    bounds = [*(str(0.0001 * 1.5**k) for k in range(1, 36)), "+Inf"]
    lines = [f'tgi_request_duration_bucket{{le="{b}"}} {v}\n' for b, v in zip(bounds, buckets, strict=True)]
    return head + "".join(lines) + f"tgi_request_duration_sum 1.5\ntgi_request_duration_count {count}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        COUNT + "tgi_request_count 205\n\n",
        COUNT + "tgi_request_count 205.0\n" + FAILURE + 'tgi_request_failure{err="validation"} 1.0\n',
        FAILURE
        + 'tgi_request_failure{err="validation"} 61\ntgi_request_failure{err="generation"} 9\n\n'
        + COUNT
        + "tgi_request_count 2\n",
        histogram([1.0] * 35 + [2.0], 2),
    ],
)
def test_a_text_that_any_prometheus_would_read_alike_is_right(text: str) -> None:
    assert rules(text) == set()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("tgi_request_count 2\n", "family"),
        ("# TYPE tgi_request_count counter\ntgi_request_count 2\n", "head"),
        (COUNT, "samples"),
        (COUNT + "tgi_request_count -1\n", "value"),
        (COUNT + "tgi_request_count much\n", "value"),
        (COUNT + 'tgi_request_count{err="validation"} 1\n', "labels"),
        (FAILURE + 'tgi_request_failure{err="other"} 1\n', "labels"),
        (COUNT + "tgi_queue_size 1\n", "samples"),
        ("# TYPE tgi_other counter\ntgi_other 1\n", "family"),
        (COUNT + "tgi_request_count 1\n" + FAILURE + 'tgi_request_failure{err="x"} 1\n' + COUNT, "family"),
        (histogram([2.0] * 35 + [1.0], 1), "buckets"),
        (histogram([1.0] * 36, 2), "count"),
        (histogram([1.0] * 36, 1).replace("tgi_request_duration_sum 1.5\n", ""), "samples"),
        (SKIPPED + 'tgi_request_skipped_tokens{quantile="0.5"} 0\ntgi_request_skipped_tokens_sum 0\n'
         "tgi_request_skipped_tokens_count 1\n", "quantiles"),
        ("nonsense\n", "pattern"),
    ],
)  # fmt: skip
def test_what_a_family_owes_is_told(text: str, rule: str) -> None:
    assert rule in rules(text)
