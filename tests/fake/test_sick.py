"""Every exchange of the `sick` profile, in its order, with the model made unwell through the controls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fake_tgi.app import Application

from .asking import ask, make
from .test_overload import recorded

# What was done to the real shard before the exchange; where nothing stands, nothing was.
DONE_BEFORE: dict[str, dict[str, Any]] = {
    "sick.health_sick": {"sick": True},
    "sick.health_recovered": {},
    "sick.generate_crash": {"crash_after": 0, "crash_message": "CUDA out of memory (simulated)"},
    "sick.health_after_crash": {},
    "sick.generate_shard_dead": {"gone": True},
}


@pytest.mark.needs_shared
def test_every_recorded_answer_of_a_sick_router_is_given(shared: Path) -> None:
    app = make(
        model_id="fixture/tiny",
        tokenizer_name=str(shared / "oracle" / "tokenizer"),
        max_input_tokens=1000,
        max_total_tokens=1024,
    )
    exchanges = recorded(shared, "sick")
    assert len(exchanges) == 15
    for exchange in exchanges:
        name, request, want = exchange["name"], exchange["request"], exchange["response"]
        if name in DONE_BEFORE:
            assert ask(app, "POST", "/__admin/health", DONE_BEFORE[name]).status == 200
        if request["method"] == "POST":
            ask(
                app, "POST", "/__admin/generations", {"generations": exchange["generations"], "replace": True}
            )
        reply = ask(app, request["method"], request["path"], request.get("json"), headers=request["headers"])
        assert reply.status == want["status"], name
        assert reply.text == "".join(want["chunks"]), name


def make_crashing(after: int) -> Application:
    app = make()
    ask(app, "POST", "/__admin/health", {"crash_after": after})
    return app


def test_a_crash_after_two_tokens_sends_both_and_then_the_error() -> None:
    app = make_crashing(after=2)
    events = ask(app, "POST", "/generate_stream", {"inputs": "Tell me."}).events
    assert [event.get("index") for event in events] == [1, 2, None]
    assert events[-1]["error_type"] == "generation"


def test_a_crash_in_a_chat_stream_is_a_422_in_openai_style_and_done_still_comes() -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "stream": True}
    events = ask(make_crashing(after=1), "POST", "/v1/chat/completions", body).events
    assert events[-2]["error"]["http_status_code"] == 422
    assert events[-1] == "[DONE]"


def test_faith_lost_in_a_crash_comes_back_with_a_token() -> None:
    """After an error the router believes only a generation, not the shard's word."""
    app = make_crashing(after=0)
    assert ask(app, "GET", "/health").status == 200  # the shard says that it is well
    ask(app, "POST", "/generate", {"inputs": "a"})
    assert ask(app, "GET", "/health").status == 503  # now it has to show it
    ask(app, "POST", "/__admin/health", {"sick": True})
    assert ask(app, "GET", "/health").status == 200  # it generates, so it is believed
    assert ask(app, "GET", "/health").status == 503  # now it is asked, and says no


GENERATE = ("POST", "/generate", {"inputs": "hello", "parameters": {"max_new_tokens": 5}})
HEALTH = ("GET", "/health", None)
BAD = ("POST", "/generate", {"inputs": "hello", "parameters": {"temperature": 0}})
WELL: dict[str, Any] = {}
SICK, GONE, CRASHING = {"sick": True, "untrusted": True}, {"gone": True}, {"crash_after": 0}

# What the real router answered while its shard was made so, in this order.
SEQUENCES: dict[str, list[tuple[dict[str, Any] | None, tuple[str, str, Any], int]]] = {
    "a sick model generates, and only when well again is it healthy": [
        (None, HEALTH, 200),
        (SICK, HEALTH, 503),
        (None, HEALTH, 503),
        (None, GENERATE, 200),
        (None, HEALTH, 503),
        (None, ("GET", "/info", None), 200),
        (None, ("POST", "/tokenize", {"inputs": "a"}), 200),
        (WELL, HEALTH, 200),
        (None, HEALTH, 200),
        (None, GENERATE, 200),
    ],
    "a crash is forgiven at the next generation that tries": [
        (CRASHING, GENERATE, 424),
        (WELL, HEALTH, 200),
        (None, HEALTH, 200),
        (CRASHING, GENERATE, 424),
        (SICK, HEALTH, 503),
        (CRASHING, GENERATE, 424),
        (WELL, GENERATE, 200),
        (None, HEALTH, 200),
    ],
    "a shard that is gone fails everything but what needs none": [
        (None, GENERATE, 200),
        (GONE, GENERATE, 424),
        (None, HEALTH, 503),
        (None, BAD, 422),
        (None, ("POST", "/vertex", {"instances": [{"inputs": "a"}]}), 500),
        (None, ("POST", "/v1/completions", {"prompt": ["a", "b"]}), 424),
        (None, ("POST", "/tokenize", {"inputs": "a"}), 200),
        (None, ("GET", "/info", None), 200),
        (None, HEALTH, 503),
        (WELL, HEALTH, 200),
        (None, HEALTH, 200),
        (None, GENERATE, 200),
    ],
    "a shard that was gone when asked is believed as soon as it is back": [
        (GONE, HEALTH, 503),
        (None, HEALTH, 503),
        (WELL, GENERATE, 200),
        (None, HEALTH, 200),
    ],
    "what validation refuses is no illness": [(None, BAD, 422), (None, BAD, 422), (None, HEALTH, 200)],
}


@pytest.mark.parametrize("steps", SEQUENCES.values(), ids=list(SEQUENCES))
def test_an_unwell_shard_shows_as_it_did_on_the_real_router(steps: Any) -> None:
    app = make()
    for number, (condition, (method, path, body), status) in enumerate(steps):
        if condition is not None:
            ask(app, "POST", "/__admin/health", condition)
        assert ask(app, method, path, body).status == status, number


@pytest.mark.parametrize(
    ("body", "where"),
    [({"sick": 1}, "sick"), ({"crash_after": -1}, "crash_after"), ({"sik": True}, "sik"), ([], "object")],
)
def test_a_wrong_control_says_what_was_expected_and_changes_nothing(body: Any, where: str) -> None:
    app = make()
    before = app.state.model.condition
    reply = ask(app, "POST", "/__admin/health", body)
    assert reply.status == 422
    assert where in reply.json()["error"]
    assert app.state.model.condition == before
