"""Faults over the admin API: the same rules, and bad input changes nothing."""

from __future__ import annotations

from typing import Any

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.settings import Settings

from ..fake.asking import Reply, ask

pytestmark = pytest.mark.damages_answers(reason="that is what faults do")


def faults(app: Application, method: str, payload: Any = None) -> Reply:
    return ask(app, method, "/__admin/faults", payload)


def generate(app: Application, **headers: str) -> int:
    payload = {"inputs": "x", "parameters": {"max_new_tokens": 1}}
    return ask(
        app, "POST", "/generate", payload, headers={"content-type": "application/json", **headers}
    ).status


def test_rules_are_added_shown_with_their_counts_and_taken_away() -> None:
    app = create_app()
    faults(app, "POST", {"faults": ["error(500) times=1"]})
    faults(app, "POST", {"faults": [{"fault": "error", "status": 503, "when": {"first": 2, "times": 1}}]})
    assert [generate(app) for _ in range(3)] == [500, 503, 200]
    assert faults(app, "GET").json() == {
        "faults": [
            {"fault": "error", "when": {"times": 1}, "calls": 3},
            {"fault": "error", "status": 503, "when": {"first": 2, "times": 1}, "calls": 3},
        ],
        "seed": 0,
        "allow_header": False,
    }
    assert faults(app, "DELETE").json()["faults"] == []
    assert generate(app) == 200


def test_what_is_shown_can_be_put_back() -> None:
    app = create_app(Settings(fault=("cut(in_event, tokens=3) rate=0.5", "stall(20ms) route=/generate")))
    shown = faults(app, "GET").json()
    for rule in shown["faults"]:
        del rule["calls"]
    other = create_app()
    assert faults(other, "PUT", shown).json()["faults"] == faults(app, "GET").json()["faults"]
    assert other.state.faults.plan == app.state.faults.plan


def test_the_header_can_be_allowed_and_forbidden() -> None:
    app = create_app()
    wish = {"x-fake-tgi-fault": "error(500)"}
    faults(app, "POST", {"allow_header": True})
    assert (generate(app, **wish), generate(app)) == (500, 200)
    faults(app, "POST", {"allow_header": False})
    assert generate(app, **wish) == 200


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (
            {"faults": ["error(500)", "cutt"]},
            "faults[1]: expected a fault that can be read (unknown fault 'cutt': did you mean cut?)",
        ),
        (
            {"faults": [{"fault": "cut", "tokens": "x"}]},
            "faults[0]: expected a fault that can be read (cut: tokens: expected a whole number), got {",
        ),
        ({"faults": "cut"}, "faults: expected a list of faults"),
        ({"seed": -5}, "seed: expected an integer from 0 to 18446744073709551615, got -5"),
        ({"seed": 2**64}, "seed: expected an integer from 0 to 18446744073709551615, got"),
        ({"rules": []}, "rules: expected one of faults, seed, allow_header"),
        ([], "expected a JSON object"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bad_input_is_a_422_that_changes_nothing(payload: Any, says: str, method: str) -> None:
    app = create_app(Settings(fault=("error(503)",)))
    reply = faults(app, method, payload)
    assert reply.status == 422
    assert says in reply.json()["error"]
    assert generate(app) == 503
    assert len(faults(app, "GET").json()["faults"]) == 1


def test_a_reset_brings_the_faults_of_the_start_back() -> None:
    app = create_app(Settings(fault=("error(503)",)))
    faults(app, "PUT", {"faults": []})
    assert generate(app) == 200
    ask(app, "POST", "/__admin/reset")
    assert generate(app) == 503
