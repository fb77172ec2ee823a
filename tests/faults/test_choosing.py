"""Which calls are struck: by route, by number, by chance; and by asking."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.call import Call
from fake_tgi.clock import VirtualClock
from fake_tgi.fault_plans import FaultPlan
from fake_tgi.faults import CHANGES, FAULTS, rules_of
from fake_tgi.frames import Frame
from fake_tgi.settings import Settings

from ..fake.asking import ask, ask_async

pytestmark = pytest.mark.damages_answers(reason="that is what faults do")


def fake(*faults: str, **settings: Any) -> Application:
    return create_app(Settings(fault=faults, **settings))


def generate(app: Application, inputs: str = "x", path: str = "/generate", **headers: str) -> int:
    payload = {"inputs": inputs, "parameters": {"max_new_tokens": 1}}
    sent = {"content-type": "application/json", **headers}
    return ask(app, "POST", path, payload, headers=sent).status


def test_with_no_faults_the_frames_are_the_same_object() -> None:
    frames: Any = iter(())
    call = Call("POST", "/generate")
    assert create_app().state.with_faults(call, frames, print) is frames
    assert fake("error(500) route=/other").state.faults.apply(call, frames) is frames


def test_by_count_and_at_the_nth_call() -> None:
    app = fake("error(500) times=2", "error(503) first=4 times=1")
    assert [generate(app) for _ in range(6)] == [500, 500, 200, 503, 200, 200]


def test_from_a_call_on() -> None:
    app = fake("error(500) first=3")
    assert [generate(app) for _ in range(4)] == [200, 200, 500, 500]


def test_only_generating_routes_unless_a_route_is_named() -> None:
    app = fake("error(500)")
    assert [ask(app, "GET", path).status for path in ("/info", "/health", "/metrics")] == [200] * 3
    assert generate(app) == 500
    named = fake("error(500) route=/info")
    assert (ask(named, "GET", "/info").status, generate(named)) == (500, 200)


def test_calls_of_other_routes_do_not_count() -> None:
    app = fake("error(500) route=/generate first=2")
    asked = [generate(app), generate(app, path="/"), generate(app, path="/"), generate(app)]
    assert asked == [200, 200, 200, 500]


def struck(seed: int, inputs: list[str]) -> dict[str, bool]:
    app = fake("error(500) rate=0.5", seed=seed)
    return {one: generate(app, one) == 500 for one in inputs}


def test_by_rate_the_same_seed_strikes_the_same_requests_in_any_order() -> None:
    inputs = [f"prompt {number}" for number in range(40)]
    once = struck(1, inputs)
    assert struck(1, inputs[::-1]) == once
    assert struck(1, inputs[10:20]) == {one: once[one] for one in inputs[10:20]}
    assert struck(2, inputs) != once
    assert 8 < sum(once.values()) < 32


def test_by_rate_the_same_requests_are_struck_however_many_ask_at_once() -> None:
    inputs = [f"prompt {number}" for number in range(20)]

    async def all_at_once(app: Application) -> dict[str, bool]:
        asked = (
            ask_async(app, "POST", "/generate", {"inputs": one, "parameters": {"max_new_tokens": 1}})
            for one in inputs
        )
        return {
            one: reply.status == 500 for one, reply in zip(inputs, await asyncio.gather(*asked), strict=True)
        }

    assert asyncio.run(all_at_once(fake("error(500) rate=0.5", seed=1))) == struck(1, inputs)


def test_a_further_rule_leaves_the_chances_of_the_first_alone() -> None:
    inputs = [f"prompt {number}" for number in range(30)]
    app = fake("error(500) rate=0.5", "stall(0ms) rate=0.5", seed=1)
    assert {one: generate(app, one) == 500 for one in inputs} == struck(1, inputs)


def test_a_retry_of_the_same_request_has_its_own_chance() -> None:
    app = fake("error(500) rate=0.5")
    assert {generate(app) for _ in range(20)} == {200, 500}


@pytest.mark.parametrize(("rate", "statuses"), [(0, {200}), (1, {500})])
def test_never_and_always(rate: int, statuses: set[int]) -> None:
    app = fake(f"error(500) rate={rate}")
    assert {generate(app, str(number)) for number in range(20)} == statuses


def test_a_reset_starts_the_counts_anew_and_takes_added_rules_away() -> None:
    app = fake("error(500) times=1")
    assert (generate(app), generate(app)) == (500, 200)
    app.state.faults.add(*rules_of(["error(503)"]))
    assert generate(app) == 503
    app.state.clear()
    assert (generate(app), generate(app)) == (500, 200)


def test_added_rules_leave_the_counts_of_the_others_alone() -> None:
    app = fake("error(500) first=2 times=1")
    assert generate(app) == 200
    app.state.faults.add(*rules_of(["stall(0ms)"]))
    assert [generate(app), generate(app)] == [500, 200]


def test_loading_ends_when_its_time_is_over_and_concerns_every_route() -> None:
    clock = VirtualClock(jumps=False)
    app = create_app(Settings(fault=("loading(5s)",)), clock=clock)
    assert (generate(app), ask(app, "GET", "/health").status, ask(app, "GET", "/info").status) == (503,) * 3
    assert ask(app, "GET", "/health").json() == {"error": "unhealthy", "error_type": "healthcheck"}
    clock.advance(4.9)
    assert generate(app) == 503
    clock.advance(0.2)
    assert (generate(app), ask(app, "GET", "/health").status) == (200, 200)


def test_a_health_that_a_call_asks_for_is_that_of_health_checks_alone() -> None:
    app = create_app(Settings(allow_fault_header=True))
    wish = {"x-fake-tgi-fault": "health(false)"}
    assert [generate(app, path=path, **wish) for path in ("/generate", "/")] == [200, 200]
    found = [ask(app, "GET", path, headers=wish).status for path in ("/health", "/ping", "/info")]
    assert found == [503, 503, 200]
    stubbed = create_app()
    stub = {"when": {"inputs": "x"}, "answer": {"text": "y", "fault": "health(false)"}}
    assert ask(stubbed, "POST", "/__admin/stubs", {"stubs": [stub]}).status in (200, 201)
    assert generate(stubbed) == 200


def test_health_lies_both_ways() -> None:
    well = fake("health(false)")
    assert (ask(well, "GET", "/health").status, generate(well)) == (503, 200)
    assert ask(well, "GET", "/health").json()["error_type"] == "healthcheck"
    sick = fake("health(true)")
    ask(sick, "POST", "/__admin/health", {"gone": True})
    generate(sick)
    assert (ask(sick, "GET", "/health").status, generate(sick)) == (200, 424)


def test_a_call_may_ask_for_a_fault_only_where_the_server_allows_it() -> None:
    wish = {"x-fake-tgi-fault": "error(500)"}
    assert generate(fake(), **wish) == 200
    app = fake(allow_fault_header=True)
    assert (generate(app, **wish), generate(app)) == (500, 200)


def test_every_fault_has_a_name_and_a_change() -> None:
    assert set(FAULTS.values()) == set(CHANGES)


def test_frames_are_closed_when_a_fault_ends_them_early() -> None:
    closed = []

    def frames() -> Any:
        try:
            yield from ()
            yield from answer
        finally:
            closed.append(True)

    from fake_tgi.frames import Chunks, Head

    answer: list[Frame] = [Head(200), Chunks((b"data: 1\n\n", b"data: 2\n\n", b"data: 3\n\n"))]
    app = fake()
    app.state.faults.plan = FaultPlan(rules_of(["cut(tokens=1)"]))
    played = list(app.state.faults.apply(Call("POST", "/generate"), frames()))
    assert len(played) == 3
    assert closed == [True]
