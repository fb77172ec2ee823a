"""What a failing test is shown is the least that makes it fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import find, settings
from hypothesis import strategies as st

from fake_tgi.strategies import fault_plans, generations, parameters, requests, streams

PATIENT = settings(max_examples=300, database=None, deadline=None)


def least(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool]) -> Any:
    return find(strategy, condition, settings=PATIENT)


def test_the_least_of_each_is_nothing_special() -> None:
    def anything(strategy: st.SearchStrategy[Any]) -> Any:
        return least(strategy, lambda _: True)

    assert anything(parameters()) == {}
    assert len(anything(generations()).tokens) == 1
    assert anything(requests("/generate")).payload.keys() == {"inputs"}
    assert len(anything(streams("/generate_stream")).events) == 1
    assert len(anything(fault_plans(adversarial=True)).rules) == 1


def test_a_stream_with_a_third_event_has_no_fourth() -> None:
    found = least(streams("/generate_stream"), lambda stream: len(stream.events) > 2)
    assert len(found.events) == 3


def test_a_generation_that_is_too_long_is_so_by_one_token() -> None:
    found = least(generations(), lambda made: len(made.tokens) > 4)
    assert len(found.tokens) == 5


def test_a_parameter_that_matters_stands_alone() -> None:
    found = least(parameters(), lambda drawn: drawn.get("top_n_tokens") is not None)
    assert found.keys() == {"top_n_tokens"}
