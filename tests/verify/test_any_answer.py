"""Whatever a server sends, it is judged and reported: nothing that it does makes the command fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_tgi.verification.asking import Heard
from fake_tgi.verification.drift import drift_since
from fake_tgi.verification.json_report import json_report
from fake_tgi.verification.judging import is_busy, judge
from fake_tgi.verification.junit_report import junit_report
from fake_tgi.verification.outcome import Outcome
from fake_tgi.verification.report import Report
from fake_tgi.verification.seen import Seen, exchange_from
from fake_tgi.verification.text_report import text_report

from ..sweeps import examples
from .damaged import patient

SIGNS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"null",
    b"1",
    b"-",
    b",",
    b"\n\n",
    b"data: ",
    b"[DONE]",
    b"\xff",
    b"\x00",
    b"",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["error", "error_type", "choices", "usage", "token", "details", "index", "delta", "generated_text"]
    ), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.fixture(scope="module")
def right() -> Iterator[Report]:
    """What a fake says that is right, for every suite."""
    with patient() as fake:
        yield fake.verified("--only", "tgi", "--only", "openai")


def damaged(seen: Seen, data: st.DataObject, draw: Any) -> Heard:
    response = seen.exchange["response"]
    body = b"".join(chunk.encode() for chunk in response["chunks"])
    how = draw(st.sampled_from(["bytes", "cut", "value", "event", "nothing"]))
    if how == "bytes" and body:
        at = draw(st.integers(0, len(body)))
        body = body[:at] + draw(st.sampled_from(SIGNS)) + body[at + draw(st.integers(0, 9)) :]
    elif how == "cut":
        body = body[: draw(st.integers(0, len(body)))]
    elif how == "value":
        body = json.dumps(draw(JSON)).encode()
    elif how == "event":
        body += b"data: " + json.dumps(draw(JSON)).encode() + b"\n\n"
    headers = [(name, value) for name, value in response["headers"]]
    if draw(st.booleans()):
        kinds = ["application/json", "text/event-stream", "text/html", "text/plain; charset=utf-8", ""]
        headers = [*headers, ("content-type", draw(st.sampled_from(kinds)))]
    status = draw(st.sampled_from([response["status"], 200, 204, 401, 404, 413, 422, 429, 500, 502, 503]))
    return Heard(status, tuple(headers), response["chunked"], (body,), (0.1,), 0.1)


@settings(max_examples=examples(400), deadline=None)
@given(data=st.data())
def test_any_answer_is_judged_and_reported(right: Report, data: st.DataObject) -> None:
    outcomes = [outcome for outcome in right.outcomes if outcome.seen is not None]
    outcome = data.draw(st.sampled_from(outcomes))
    assert outcome.seen is not None
    question, exchange = outcome.question, outcome.seen.exchange
    heard = damaged(outcome.seen, data, data.draw)
    changed = exchange_from(question, exchange["request"], heard, right.target.redactor(), exchange["at"])
    seen = Seen(question, changed)
    is_busy(seen)
    verdict = judge(seen, right.known)
    report = replace(right, outcomes=(Outcome(question, verdict, seen),))
    report = replace(report, drift=drift_since({question.name: exchange}, report.outcomes))
    for write in (text_report, json_report, junit_report):
        assert write(report)
