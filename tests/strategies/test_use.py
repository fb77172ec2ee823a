"""The strategies in somebody's own tests: under default settings, anywhere, and the same again."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import fake_tgi.strategies
from fake_tgi.drawing import draw
from fake_tgi.settings import Settings
from fake_tgi.strategies import (
    Request,
    chat_completions,
    errors,
    fault_plans,
    generations,
    parameters,
    requests,
    responses,
    segmentations,
    streams,
)
from fake_tgi.strategies.serving import Situation, serving
from fake_tgi.strategies.spellings import compact

STRATEGIES: dict[str, Callable[..., st.SearchStrategy[Any]]] = {
    "chat_completions": chat_completions,
    "errors": errors,
    "fault_plans": fault_plans,
    "generations": generations,
    "parameters": parameters,
    "requests": requests,
    "responses": responses,
    "segmentations": segmentations,
    "streams": streams,
}
EACH = pytest.mark.parametrize("name", STRATEGIES)
WORLDS = pytest.mark.parametrize("adversarial", [False, True], ids=["plain", "adversarial"])


def test_every_public_strategy_is_tried_here() -> None:
    values = {"Failure", "ModelCall", "Request", "Response", "Stream"}
    assert set(fake_tgi.strategies.__all__) - values == STRATEGIES.keys()


@EACH
@WORLDS
@settings(deadline=None)  # all health checks on: neither slow to draw, nor mostly thrown away
@given(st.data())
def test_a_strategy_works_in_a_test_of_its_own(name: str, adversarial: bool, data: st.DataObject) -> None:
    data.draw(STRATEGIES[name](adversarial=adversarial))


@EACH
@WORLDS
def test_its_values_print_compare_and_hash(name: str, adversarial: bool) -> None:
    strategy = STRATEGIES[name](adversarial=adversarial)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # Hypothesis warns of a strategy that is too long to print
        repr(strategy)
    first, again = draw(strategy, 30), draw(strategy, 30)
    assert first == again
    assert repr(first) == repr(again)


PROGRAM = """
import hashlib
from fake_tgi.drawing import draw
from fake_tgi.settings import Settings
from fake_tgi import strategies
for name in {names!r}:
    for adversarial in False, True:
        drawn = draw(getattr(strategies, name)(adversarial=adversarial), 15)
        print(name, adversarial, hashlib.sha256(repr(drawn).encode()).hexdigest())
"""


def printed(**environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(names=list(STRATEGIES))],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    return done.stdout


def test_what_is_drawn_depends_on_the_draw_alone() -> None:
    one = printed(PYTHONHASHSEED="1", COMPUTE_TYPE="1-nvidia-a10g", TZ="Asia/Tokyo")
    other = printed(PYTHONHASHSEED="2", TZ="America/Lima")
    assert one.splitlines() == other.splitlines()
    assert len(one.splitlines()) == 2 * len(STRATEGIES)


def test_a_failing_example_is_drawn_again_as_it_was() -> None:
    # Without the phase that explains an example, which takes ten times as long and is no promise of ours.
    @settings(database=None, deadline=None, phases=(Phase.generate, Phase.shrink))
    @given(streams("/v1/completions"))
    def fails(stream: Any) -> None:
        assert len(stream.answers) == 1

    with pytest.raises(AssertionError, match="assert 2 == 1"):
        fails()  # and not Flaky


def test_even_the_random_id_of_a_call_is_the_same_again() -> None:
    call = {"id": "call_7Zk", "type": "function", "function": {"name": "f", "arguments": {}}}
    payload: Any = {
        "messages": [{"role": "assistant", "tool_calls": [call]}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {}}}}}],
        "stream": True,
    }
    headers = (("content-type", "application/json"),)
    request = Request("POST", "/v1/chat/completions", payload, headers, compact(payload))
    situation = Situation(Settings(), said='{"function": {"_name": "f", "a": 1}}')

    def drawn(strategy: st.SearchStrategy[Any], label: object = None) -> Any:
        return draw(strategy, 1)[0]

    first, again = (serving(situation, request, drawn) for _ in range(2))
    assert b'"id":"00000000-0000-4000-8000-000000000000"' in first.chunks[0]
    assert first == again
