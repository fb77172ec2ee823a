"""`fault_plans`: what goes wrong and when, as values."""

from __future__ import annotations

import pickle
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.drawing import draw
from fake_tgi.fault_plans import (
    Cut,
    Damage,
    Drip,
    ErrorStatus,
    Fault,
    FaultPlan,
    FaultRule,
    Overload,
    Stall,
    When,
)
from fake_tgi.strategies import fault_plans

from .judging import SOME, least

WORLDS = pytest.mark.parametrize("adversarial", [False, True], ids=["plain", "adversarial"])


@WORLDS
def test_every_kind_of_fault_is_drawn(adversarial: bool) -> None:
    plans = draw(fault_plans(adversarial=adversarial), 400)
    assert {type(rule.fault) for plan in plans for rule in plan.rules} == set(get_args(Fault))
    assert max(len(plan.rules) for plan in plans) == (4 if adversarial else 1)


@SOME
@given(fault_plans())
def test_plain_plans_can_be_played(plan: FaultPlan) -> None:
    (rule,) = plan.rules
    assert (getattr(rule.fault, "seconds", None) or 0.0) <= 0.05
    assert getattr(rule.fault, "size", 0) <= 100_000


@WORLDS
@SOME
@given(st.data())
def test_a_plan_is_a_value(adversarial: bool, data: st.DataObject) -> None:
    plan = data.draw(fault_plans(adversarial=adversarial))
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    assert hash(again) == hash(plan)


def test_plans_shrink_to_one_fault_that_always_happens() -> None:
    found = least(fault_plans(), lambda plan: isinstance(plan.rules[0].fault, Cut))
    assert found == FaultPlan((FaultRule(Cut("after_tokens", 0), When()),))


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: When(rate=1.5), "`rate` must be from 0 to 1, got 1.5"),
        (lambda: When(rate=float("nan")), "`rate` must be from 0 to 1, got nan"),
        (lambda: When(first=0), "`first` must be at least 1, got 0"),
        (lambda: When(route="generate"), "`route` must be a path that begins with /"),
        (lambda: ErrorStatus(199), "`status` must be an HTTP status from 200 to 599, got 199"),
        (lambda: Stall(-1.0), "`seconds` must be at least 0, got -1.0"),
        (lambda: Drip(0), "`size` must be at least 1, got 0"),
        (lambda: Damage(event=0), "`event` must be at least 1, got 0"),
        (lambda: Overload(-1), "`retry_after` must be at least 0, got -1"),
        (lambda: Cut(tokens=-1), "`tokens` must be at least 0, got -1"),
        (lambda: Cut(tokens="x"), "`tokens` must be at least 0, got 'x'"),  # type: ignore[arg-type]
        (lambda: ErrorStatus("x"), "`status` must be an HTTP status from 200 to 599, got 'x'"),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_is_refused(made: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        made()
