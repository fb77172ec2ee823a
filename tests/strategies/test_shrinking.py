"""What a failing test is shown is the least that makes it fail."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import find
from hypothesis import strategies as st

from fake_tgi.fault_plans import Close, Fault, FaultPlan, FaultRule, When
from fake_tgi.strategies import fault_plans, generations, parameters, requests, streams

from .judging import least


def test_the_least_of_each_is_nothing_special() -> None:
    def anything(strategy: st.SearchStrategy[Any]) -> Any:
        return least(strategy, lambda _: True)

    assert anything(parameters()) == {}
    assert len(anything(generations()).tokens) == 1
    assert anything(requests("/generate")).payload.keys() == {"inputs"}
    assert len(anything(streams("/generate_stream")).events) == 1


@pytest.mark.parametrize("adversarial", [False, True], ids=["plain", "adversarial"])
def test_a_plan_that_matters_in_no_way_is_one_fault_that_always_happens(adversarial: bool) -> None:
    strategy = fault_plans(adversarial=adversarial)
    found = find(strategy, lambda _: True)  # whatever else a user's own settings make Hypothesis try
    assert found == FaultPlan((FaultRule(Close(), When()),))


@pytest.mark.parametrize("kind", get_args(Fault), ids=lambda kind: kind.__name__)
def test_a_fault_that_matters_always_happens(kind: type[Fault]) -> None:
    found = least(fault_plans(), lambda plan: isinstance(plan.rules[0].fault, kind))
    assert found == FaultPlan((FaultRule(found.rules[0].fault, When()),))


def test_a_condition_that_matters_stands_alone() -> None:
    found = least(fault_plans(), lambda plan: plan.rules[0].when.route is not None)
    assert found == FaultPlan((FaultRule(Close(), When(route="/")),))
    found = least(fault_plans(), lambda plan: plan.rules[0].when.first > 1)
    assert found == FaultPlan((FaultRule(Close(), When(first=2)),))


def test_a_stream_with_a_third_event_has_no_fourth() -> None:
    found = least(streams("/generate_stream"), lambda stream: len(stream.events) > 2)
    assert len(found.events) == 3


def test_a_generation_that_is_too_long_is_so_by_one_token() -> None:
    found = least(generations(), lambda made: len(made.tokens) > 4)
    assert len(found.tokens) == 5


def test_a_parameter_that_matters_stands_alone() -> None:
    found = least(parameters(), lambda drawn: drawn.get("top_n_tokens") is not None)
    assert found == {"top_n_tokens": 0}


def test_a_number_that_matters_is_the_first_that_does() -> None:
    assert least(parameters(), lambda drawn: (drawn.get("max_new_tokens") or 0) > 7) == {"max_new_tokens": 8}
    assert least(parameters(), lambda drawn: (drawn.get("top_k") or 0) > 1000) == {"top_k": 1001}


def test_two_members_that_matter_stand_alone() -> None:
    found = least(parameters(), lambda drawn: {"watermark", "stop"} <= drawn.keys())
    assert found == {"watermark": False, "stop": []}
