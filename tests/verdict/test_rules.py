"""Each finding is found in a client that earns it, and in none that does not."""

from __future__ import annotations

from random import Random

import pytest

from fake_tgi.verdict import RULES, Received, WaiverError, judge

from .events import call, stream, token
from .guilty import GUILTY, INNOCENT, Case
from .habits import CUT, TALK, attempts, chunk, refused_in_a_row, talk

CASES = [pytest.param(name, case, id=f"{name}: {case}") for name, cases in GUILTY.items() for case in cases]


def test_there_is_a_guilty_client_for_each_finding() -> None:
    assert set(GUILTY) == {rule.name for rule in RULES}


def test_names_are_words_with_hyphens_and_say_one_thing_each() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(name.replace("-", "").isalpha() and name.islower() for name in names)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_a_guilty_client_is_told_what_it_did(name: str, case: Case) -> None:
    verdict = judge(case.events, received=case.received)
    assert name in [finding.name for finding in verdict.findings]
    finding = next(finding for finding in verdict.findings if finding.name == name)
    assert set(finding.requests) <= {event.id for event in case.events}
    assert finding.requests
    told = str(verdict)
    assert all(part in told for part in (name, finding.rule.fix, finding.sightings[0].says))


@pytest.mark.parametrize(("name", "case"), CASES)
def test_nothing_graver_is_said_of_it(name: str, case: Case) -> None:
    """One fault of a client is one finding, but for what is merely worth knowing."""
    verdict = judge(case.events, received=case.received, waive=[name])
    assert verdict.ok, str(verdict)
    assert [finding.name for finding in verdict.waived] == [name]


@pytest.mark.parametrize("case", INNOCENT, ids=str)
def test_an_innocent_client_is_not_accused(case: Case) -> None:
    verdict = judge(case.events, received=case.received)
    assert verdict.ok, str(verdict)
    assert verdict.requests == len(case.events)


@pytest.mark.parametrize("number", [5, 6, 8, 12, 30])
def test_chance_in_waits_is_seldom_taken_for_none(number: int) -> None:
    """Waits of openai's clients: up to a quarter less than what doubles each time."""
    chance = Random(number)
    accused = sum(
        not judge(refused_in_a_row(*(0.5 - 0.125 * chance.random() for _ in range(number)))).ok
        for _ in range(60)
    )
    assert accused <= 1


@pytest.mark.parametrize("number", [5, 6, 8, 12, 30])
def test_the_same_wait_is_found_whatever_else_a_client_does_meanwhile(number: int) -> None:
    chance = Random(number)
    found = sum(
        not judge(refused_in_a_row(*(0.5 + 0.006 * chance.random() for _ in range(number)))).ok
        for _ in range(20)
    )
    assert found == 20


def test_no_request_is_told_as_such() -> None:
    verdict = judge([])
    assert verdict.ok
    assert str(verdict).startswith(
        "no findings about the client, from no requests\nthere was nothing to judge"
    )


def test_a_waiver_of_nothing_known_says_what_is_near() -> None:
    with pytest.raises(WaiverError, match="did you mean retry-without-backoff") as raised:
        judge([], waive=["retry-without-backof"])
    assert "'retry-without-backof'" in str(raised.value)
    with pytest.raises(WaiverError, match=r"there are .*secret-in-url"):
        judge([], waive=["xyz"])


def test_a_waiver_that_nothing_was_found_for_is_told() -> None:
    verdict = judge([call(1)], waive=["secret-in-url"])
    assert (verdict.ok, verdict.unused) == (True, ("secret-in-url",))
    assert "waived but not found: secret-in-url" in str(verdict)


def test_what_is_worth_knowing_is_told_and_does_not_fail() -> None:
    verdict = judge([call(1, status=429)])
    assert verdict.ok
    assert [finding.name for finding in verdict.findings] == ["no-retry-on-overload"]
    assert verdict.failing("info") == verdict.findings
    assert verdict.failing("warning") == ()


def test_the_gravest_comes_first() -> None:
    verdict = judge([call(1, status=429), *attempts(0.5, status=422, last=429, query="token=hf_9Qz7kLm3Xw")])
    assert [finding.severity for finding in verdict.findings] == ["error", "error", "info"]


def test_times_are_real_where_the_clock_of_the_server_is_not() -> None:
    """A client that waits a second knows nothing of a clock that stands still."""
    first, second = attempts(0.0)
    for event, came in ((first, 100.0), (second, 101.0)):
        event._began, event._over = came, came + 0.01
    assert judge([first, second]).ok
    second._began = 100.011
    assert not judge([first, second]).ok


def test_calls_are_judged_in_the_order_in_which_they_came() -> None:
    events = attempts(0.001)
    assert judge(reversed(events)).findings[0].requests == (1, 2)


@pytest.mark.parametrize(
    ("received", "said"),
    [
        (["a", "b"], "expected one for each of the 1 calls, got 2"),
        ([Received("a", request=7)], "there is no request 7; there are: 1"),
        ([Received("a", request=1), "b"], "expected a request number in all or in none"),
        ([5], "expected a Received, a text or an exception, got 5"),
    ],
)
def test_what_was_received_must_belong_to_a_call(received: list[object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        judge([stream(1, 0, token(1, "a", "a"))], received=received)  # type: ignore[arg-type]


def test_a_received_says_something() -> None:
    with pytest.raises(ValueError, match="expected a text or an error"):
        Received()


def test_what_was_received_belongs_to_the_last_attempt_of_its_call() -> None:
    events = attempts(0.5, sent=[(0.0, b'{"generated_text":"Hello"}')])
    assert judge(events, received=["Hello"]).ok
    assert not judge(events, received=["Hallo"]).ok


def test_a_text_that_was_later_answered_whole_is_no_half_answer() -> None:
    """The client asked again, got the same text to its end, and went on with that."""
    events = [
        stream(1, 0, chunk("Hallo"), **talk(TALK), **CUT),
        stream(2, 1, chunk("Hallo"), **talk(TALK)),
        call(3, 2, **talk(TALK, ("assistant", "Hallo"), ("user", "go on"))),
    ]
    assert [finding.name for finding in judge(events).findings] == ["retry-of-half-delivered"]
    assert "truncated-stream-accepted" in [finding.name for finding in judge([events[0], events[2]]).findings]
