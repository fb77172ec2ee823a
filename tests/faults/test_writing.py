"""Faults in words and in JSON."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from fake_tgi.fault_plans import Cut, ErrorStatus, FaultPlan, FaultRule, Overload, Resegment, Stall, When
from fake_tgi.faults import FaultError, as_json, read_faults, read_rule, spelled
from fake_tgi.segmentation import Segmentation
from fake_tgi.settings import Settings, SettingsError
from fake_tgi.strategies.plans import fault_plans


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("cut", FaultRule(Cut())),
        ("cut()", FaultRule(Cut())),
        ("cut(in_event, 3, reset)", FaultRule(Cut("in_event", 3, "reset"))),
        ("cut(tokens=3) rate=0.1", FaultRule(Cut(tokens=3), When(rate=0.1))),
        ("stall(1.5s,tokens=2) first=2 times=1 route=/", FaultRule(Stall(1.5, 2), When(1, 2, 1, "/"))),
        ('error(503, "a, (b); c")', FaultRule(ErrorStatus(503, "a, (b); c"))),
        ("overload(retry_after=2s)", FaultRule(Overload(2))),
        ("resegment(3|1)", FaultRule(Resegment(Segmentation((3, 1), again=True)))),
    ],
)
def test_words(text: str, rule: FaultRule) -> None:
    assert read_faults(text) == [rule]


def test_several_with_semicolons_and_none() -> None:
    assert read_faults(' cut; error(500, "x;y") ; ') == [FaultRule(Cut()), FaultRule(ErrorStatus(500, "x;y"))]
    assert read_faults("  ") == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("cutt", "did you mean cut"),
        ("nonsense", "there are error, overload"),
        ("cut(tokens=many)", "cut: tokens: expected a whole number, got 'many'"),
        ("cut(place=nowhere)", "expected one of before_headers"),
        ("cut(token=3)", "cut has no 'token': expected place, tokens, how"),
        ("cut(tokens=1, tokens=2)", "given twice"),
        ("gzip(5)", "one too many"),
        ("stall", "seconds is missing"),
        ("stall(5)", "'5' has no unit"),
        ("error(199)", "200 to 599"),
        ("proxy_page(status=100)", "200 to 599"),
        ("cut rate=2", "from 0 to 1"),
        ("cut rate=often", "from 0 to 1"),
        ("cut route=generate", "begins with /"),
        ("cut(tokens=3", "expected a fault such as"),
        ("resegment(0)", "one above 0"),
        ("damage(size=-1)", "whole number"),
    ],
)
def test_what_cannot_be_read_says_what_was_expected(text: str, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        read_faults(text)
    with pytest.raises(SettingsError, match="`fault`"):
        Settings(fault=(text,))


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"fault": "cut", "tokens": "x"}, "whole number"),
        ({"fault": "cut", "tokens": True}, "whole number"),
        ({"fault": "cut", "when": 3}, "when: expected an object"),
        ({"fault": "cut", "when": {"rates": 1}}, "has no 'rates'"),
        ({"cut": {}}, '"fault" in it'),
        ({"fault": 5}, "unknown fault 5"),
        ([], "expected words"),
        ("cut; cut", "expected one fault, got 2"),
    ],
)
def test_json_that_cannot_be_read_says_what_was_expected(value: Any, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        read_rule(value)


@given(fault_plans())
def test_json_reads_back(plan: FaultPlan) -> None:
    for rule in plan.rules:
        if not (isinstance(rule.fault, Resegment) and not rule.fault.segmentation.again):
            assert read_rule(as_json(rule)) == rule


@pytest.mark.parametrize(
    "text", ["cut(tokens=3)", "stall(seconds=1.5s)", "gzip", 'error(error="a, b")', "health(healthy=false)"]
)
def test_a_spelled_fault_reads_back(text: str) -> None:
    [rule] = read_faults(text)
    assert spelled(rule.fault) == text
