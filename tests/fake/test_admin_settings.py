"""`/__admin/settings`: what a server was started with changes while it runs, and a reset brings it back."""

from __future__ import annotations

from typing import Any

import pytest

from fake_tgi.app import Application
from fake_tgi.changing import GROUPS, SINGLE
from fake_tgi.fault_plans import ErrorStatus, FaultPlan, FaultRule, When
from fake_tgi.settings import Settings, SettingsError

from .asking import Reply, ask, ask_async, make


def patch(app: Application, body: Any) -> Reply:
    return ask(app, "PATCH", "/__admin/settings", body)


def shown(app: Application) -> Any:
    return ask(app, "GET", "/__admin/settings").json()


def generate(app: Application, **parameters: Any) -> Reply:
    return ask(app, "POST", "/generate", {"inputs": "Go on.", "parameters": parameters})


def test_what_is_shown_is_everything_that_can_be_changed_and_can_be_put_back() -> None:
    app = make(max_best_of=7, inter_token_latency="20ms", answers="echo")
    before = shown(app)
    assert set(before) == {*GROUPS, *SINGLE, "health"}
    assert before["limits"]["max_best_of"] == 7
    assert patch(make(), before).json() == before


@pytest.mark.parametrize(
    ("body", "asked", "status"),
    [
        ({"limits": {"max_stop_sequences": 0}}, {"stop": ["a"]}, 422),
        ({"limits": {"max_top_n_tokens": 1}}, {"top_n_tokens": 2}, 422),
        ({"limits": {"max_total_tokens": 20, "max_input_tokens": 10}}, {"max_new_tokens": 30}, 422),
        ({"limits": {"max_best_of": 3}}, {"best_of": 3, "do_sample": True}, 200),
        ({"limits": {"max_concurrent_requests": 0}}, {}, 429),
        ({"limits": {"payload_limit": 10}}, {}, 413),
        ({"health": {"gone": True}}, {}, 424),
        ({"strict": True}, {}, 501),
    ],
)
@pytest.mark.damages_answers(reason="the 501 of --strict is the fake's own")
def test_what_is_changed_holds_for_the_next_call_and_until_the_reset(
    body: Any, asked: Any, status: int
) -> None:
    app = make()
    usual = generate(app, **asked)
    before = shown(app)
    assert usual.status != status
    assert patch(app, body).status == 200
    assert generate(app, **asked).status == status
    assert ask(app, "POST", "/__admin/reset").status == 200
    assert shown(app) == before
    assert generate(app, **asked).status == usual.status


def test_the_limits_in_force_are_those_that_info_tells() -> None:
    app = make()
    patch(app, {"limits": {"max_concurrent_requests": 3, "max_total_tokens": 2000, "max_input_tokens": 1000}})
    info = ask(app, "GET", "/info").json()
    assert (info["max_concurrent_requests"], info["max_total_tokens"]) == (3, 2000)


def test_answers_and_seed_are_changed() -> None:
    app, other = make(), make(seed=5)
    first = generate(app, do_sample=True).json()
    patch(app, {"seed": 5})
    assert generate(app, do_sample=True).json() == generate(other, do_sample=True).json() != first
    patch(app, {"answers": "echo"})
    assert generate(app).json() == {"generated_text": "Go on."}
    patch(app, {"answers": "seeded", "ignore_eos": True})
    assert generate(app, max_new_tokens=200, details=True).json()["details"]["generated_tokens"] == 200


@pytest.mark.damages_answers(reason="a fault's error is no answer of that route")
def test_another_seed_is_another_seed_for_faults_too() -> None:
    def failing(app: Application) -> list[int]:
        return [ask(app, "POST", "/generate", {"inputs": f"{n}"}).status for n in range(40)]

    rules = (FaultRule(ErrorStatus(503), When(rate=0.5)),)
    app = make()
    patch(app, {"seed": 9})
    assert app.state.faults.plan.seed == 9, "also where nothing has gone wrong before"
    ask(app, "POST", "/__admin/reset")
    assert app.state.faults.plan.seed == 0
    app, other = make(), make(seed=9)
    app.state.faults.plan, other.state.faults.plan = FaultPlan(rules), FaultPlan(rules, 9)
    first = failing(app)
    patch(app, {"seed": 9})
    assert failing(app) == failing(other) != first


def test_answers_in_flight_keep_their_permits_and_their_pace() -> None:
    import asyncio

    async def run() -> None:
        app = make(max_concurrent_requests=1, inter_token_latency="10ms", ignore_eos=True)
        body = {"inputs": "Go on.", "parameters": {"max_new_tokens": 10}}
        slow = asyncio.create_task(ask_async(app, "POST", "/generate", body))
        await asyncio.sleep(0.02)
        change = {"limits": {"max_concurrent_requests": 2}, "time": {"inter_token_latency": None}}
        await ask_async(app, "PATCH", "/__admin/settings", change)
        fast = await ask_async(app, "POST", "/generate", body)
        assert (fast.status, int(fast.headers["x-total-time"]) < 80) == (200, True)
        assert int((await slow).headers["x-total-time"]) >= 80
        assert app.state.permits.free == 2

    asyncio.run(run())


@pytest.mark.parametrize("name", ["NaN", "Infinity"])
def test_what_is_no_number_in_json_is_none_here(name: str) -> None:
    body = f'{{"limits": {{"waiting_served_ratio": {name}}}}}'.encode()
    reply = ask(make(), "PATCH", "/__admin/settings", raw=body)
    assert (reply.status, reply.json()["got"]) == (422, f"no JSON: {name} is no number of JSON's")


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ({"limits": {"max_best_of": "2"}}, "limits.max_best_of", "an integer from 0 to"),
        ({"limits": {"max_best": 2}}, "limits.max_best", "one of max_concurrent_requests"),
        (
            {"limits": {"max_total_tokens": 10}},
            "limits.max_total_tokens",
            "what a server can be started with",
        ),
        ({"time": {"profile": "none"}}, "time.profile", "the name of a profile (there are llama-3.1-8b-l4, "),
        ({"time": {"inter_token_latency": "20"}}, "time.inter_token_latency", "a duration such as 20ms"),
        ({"answers": "none"}, "answers", "one of seeded, echo, hypothesis, adversarial"),
        ({"answers": 3}, "answers", "a string"),
        ({"seed": -1}, "seed", "an integer from 0"),
        ({"strict": 1}, "strict", "true or false"),
        ({"health": {"crash_after": -1}}, "health.crash_after", "a number of tokens from 0, or null"),
        ({"health": {"well": True}}, "health.well", "one of sick, untrusted, gone"),
        ({"health": True}, "health", "an object"),
        ({"limits": {"max_batch_size": -1}}, "limits.max_batch_size", "an integer from 0 to"),
        ({"limits": {"max_best_of": None}}, "limits.max_best_of", "an integer from 0 to"),
        ({"port": 1}, "port", "one of time, limits, answers, ignore_eos, seed, strict, health"),
    ],
)
def test_what_is_wrong_is_refused_by_its_place_and_nothing_is_half_applied(
    body: Any, path: str, expected: str
) -> None:
    app = make()
    before = shown(app)
    reply = patch(app, {"time": {"load_factor": 2}, "health": {"sick": True}, **body})
    assert reply.status == 422
    assert (reply.json()["path"], reply.json()["error_type"]) == (path, "admin")
    assert reply.json()["expected"].startswith(expected)
    assert shown(app) == before


def test_what_only_a_start_can_change_is_refused_from_python_too() -> None:
    app = make()
    with pytest.raises(SettingsError, match="`model_id` cannot be changed while the server runs"):
        app.state.use(Settings(model_id="other"))
    app.state.use(Settings(answers="echo", strict=True))
    assert shown(app)["answers"] == "echo"


def test_a_namespace_starts_as_the_server_did() -> None:
    app = make(answers="echo")
    patch(app, {"answers": "seeded"})
    assert ask(app, "GET", "/ns/a/__admin/settings").json()["answers"] == "echo"
    ask(app, "PATCH", "/ns/a/__admin/settings", {"seed": 4})
    assert shown(app)["seed"] == 0


def test_what_no_control_has_is_told_with_what_there_is() -> None:
    app = make()
    missing = ask(app, "GET", "/__admin/setings")
    assert missing.status == 404
    assert missing.json()["expected"].endswith(" (did you mean /__admin/settings?)")
    assert "/__admin/stubs/ID" in missing.json()["expected"]
    wrong = ask(app, "DELETE", "/__admin/clock")
    assert (wrong.status, wrong.headers["allow"], wrong.json()["got"]) == (405, "GET, HEAD, POST", "DELETE")
