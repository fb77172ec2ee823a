"""The rules hold of what the real router said: a difference that is none would be the suite's own fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from fake_tgi.verification.claims import headers_agree, prefill_counts
from fake_tgi.verification.judging import judge
from fake_tgi.verification.question import Question
from fake_tgi.verification.questions import all_questions
from fake_tgi.verification.seen import Seen
from tgi_contracts import profiles, recordings

# Others show the router under load, failing, or with a template that refuses.
PROFILES = [
    "default",
    "auth",
    "limits",
    "large",
    "fuzz",
    *(n for n in profiles() if n.startswith("template")),
]


def successes(profile: str) -> Iterator[Seen]:
    for exchange in recordings(profile=profile):
        request = exchange["request"]
        if exchange["response"]["status"] == 200 and request["method"] == "POST":
            question = Question(exchange["name"], request["path"], "", "POST", request["path"])
            yield Seen(question, exchange)


@pytest.mark.parametrize("profile", PROFILES)
def test_rules_within_one_answer_hold_of_every_recorded_success(profile: str) -> None:
    found = []
    for seen in successes(profile):
        if isinstance(seen.exchange["request"].get("json"), dict):
            rules = (headers_agree(), prefill_counts())
            found += [(seen.question.name, str(v)) for rule in rules for v in rule.check(seen, {})]
    assert found == []


def test_questions_that_were_recorded_are_judged_to_hold() -> None:
    """Rows of the error table name the recording that shows the same: judged as an answer, it holds."""
    recorded = {exchange["name"]: exchange for exchange in recordings()}
    judged = 0
    for question in all_questions():
        if question.row is not None and question.row.recorded is not None:
            verdict = judge(Seen(question, recorded[question.row.recorded]), {})
            assert verdict.kind == "holds", (question.name, verdict)
            judged += 1
    assert judged > 20
