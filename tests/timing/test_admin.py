"""Time over the admin API."""

from __future__ import annotations

import re
from typing import Any

import pytest

from fake_tgi.app import create_app
from fake_tgi.settings import Settings

from ..fake.asking import ask


def test_times_are_changed_and_shown() -> None:
    app = create_app(Settings(clock="virtual"))
    payload = {"inputs": "x", "parameters": {"max_new_tokens": 3}}
    assert ask(app, "POST", "/generate", payload).headers["x-total-time"] == "0"
    changed = ask(app, "PATCH", "/__admin/settings", {"time": {"inter_token_latency": "1s"}})
    assert changed.json()["time"]["inter_token_latency"] == "1s"
    assert ask(app, "POST", "/generate", payload).headers["x-total-time"] == "2000"
    ask(
        app,
        "PATCH",
        "/__admin/settings",
        {"time": {"profile": "llama-3.1-8b-a100", "inter_token_latency": None}},
    )
    assert 0 < int(ask(app, "POST", "/generate", payload).headers["x-total-time"]) < 2000


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        ({"time": {"inter_token_latency": "20", "load_factor": 2}}, "inter_token_latency: .* has no unit"),
        ({"time": {"latency": "20ms"}}, r"time\.latency: expected one of time_to_first_token"),
        ({"time": {"load_factor": "2"}}, r"time\.load_factor: expected a number or null, got '2'"),
        ({"time": 3}, "time: expected an object"),
        ({"port": 3}, "port: expected one of"),
    ],
)
def test_times_that_cannot_be_are_a_422_that_changes_nothing(payload: Any, says: str) -> None:
    app = create_app()
    before = app.state.settings
    reply = ask(app, "PATCH", "/__admin/settings", payload)
    assert reply.status == 422
    assert re.search(says, reply.json()["error"])
    assert app.state.settings is before
    assert app.state.infer.delays is None


def test_a_stepped_clock_is_moved() -> None:
    app = create_app(Settings(clock="stepped"))
    assert ask(app, "GET", "/__admin/clock").json() == {"kind": "stepped", "now": 0.0}
    assert ask(app, "POST", "/__admin/clock", {"advance": "1min"}).json()["now"] == 60.0
    assert ask(app, "POST", "/__admin/clock", {"advance": 0.5}).json()["now"] == 60.5


def test_the_speed_of_a_fast_clock_is_changed() -> None:
    app = create_app(Settings(speedup=2.0))
    assert ask(app, "GET", "/__admin/clock").json()["speed"] == 2.0
    assert ask(app, "POST", "/__admin/clock", {"speed": 50}).json()["speed"] == 50


@pytest.mark.parametrize(
    ("settings", "payload", "says"),
    [
        ({}, {"advance": "1s"}, "start the server with --clock stepped"),
        ({}, {"speed": 2}, "start the server with --speedup"),
        ({"clock": "stepped"}, {"speed": 2}, "start the server with --speedup"),
        ({"clock": "stepped"}, {"advance": "1"}, "has no unit"),
        ({"clock": "stepped"}, {"advance": -1}, "expected a duration"),
        ({"clock": "stepped"}, {"advance": True}, "expected a duration"),
        ({"clock": "stepped"}, {"advance": float("inf")}, "Infinity is no number"),
        ({"clock": "stepped"}, {}, "expected one of advance, speed"),
        ({"speedup": 2.0}, {"speed": 0}, "above 0"),
    ],
)
def test_moving_a_clock_that_cannot_is_a_422(settings: dict[str, Any], payload: Any, says: str) -> None:
    app = create_app(Settings(**settings))
    reply = ask(app, "POST", "/__admin/clock", payload)
    assert reply.status == 422
    assert says in reply.json()["error"]
    assert settings.get("clock") != "stepped" or app.state.clock() == 0
