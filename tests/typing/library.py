"""What a type checker makes of programs that use FakeTGI. Checked by mypy, never run."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import aiohttp
import httpx
import requests.adapters
from typing_extensions import assert_type

import fake_tgi
from fake_tgi import (
    FakeTGI,
    absent,
    anything,
    contains,
    equals,
    fake_tgi_cases,
    json_schema,
    json_subset,
    matches,
)
from fake_tgi.app import Application
from fake_tgi.call import Call
from fake_tgi.fault_plans import FaultRule
from fake_tgi.generation import Token
from fake_tgi.journal import Ending, ServeEvent
from fake_tgi.library import (
    Case,
    FakeClock,
    LiveStub,
    NeedsInProcess,
    RemoteFake,
    SeenRequest,
    Sentence,
    StubBuilder,
    StubGone,
    Then,
    Verbs,
)
from fake_tgi.matching import Asked
from fake_tgi.settings import Settings
from fake_tgi.state import State
from fake_tgi.stubs import Error, StubToken
from fake_tgi.verdict import Verdict


def it_runs_in_many_ways() -> None:
    with FakeTGI(seed=7, strict=True, ttft="800ms", itl="20ms", clock="virtual", model_id="a/b") as fake:
        assert_type(fake, FakeTGI)
        assert_type(fake.base_url, str)
        assert_type(fake.settings, Settings)
        assert_type(fake.app, Application)
        assert_type(fake.state, State)
        assert_type(fake.output, str)
    assert_type(FakeTGI(subprocess=True, port=8080).start(), FakeTGI)
    assert_type(fake.stop(), None)
    with FakeTGI.connect("http://127.0.0.1:3000", admin_token="sesame") as remote:
        assert_type(remote, RemoteFake)
        assert_type(remote.base_url, str)
        a_verb(remote)
    remote.close()
    FakeTGI(sed=7)  # type: ignore[call-arg]
    FakeTGI(clock="slow")  # type: ignore[arg-type]


def a_verb(verbs: Verbs) -> None:
    verbs.reply("Paris.")


async def on_the_running_loop() -> None:
    async with FakeTGI() as fake:
        assert_type(fake, FakeTGI)
        await fake.idle(timeout=1.0)
        await fake.clock.elapse("60s")


def transports(fake: FakeTGI) -> None:
    assert_type(fake.requests_adapter(pool_maxsize=50), requests.adapters.HTTPAdapter)
    assert_type(fake.aiohttp_connector(limit=0), aiohttp.BaseConnector)
    assert_type(fake.httpx_transport(), httpx.BaseTransport)
    assert_type(fake.httpx_async_transport(), httpx.AsyncBaseTransport)
    fake.httpx2_transport()
    fake.httpx2_async_transport()


def stubs(fake: FakeTGI) -> None:
    assert_type(fake.reply(["one", "two"], times=2), LiveStub)
    assert_type(fake.on("/generate", where=lambda asked: asked.streaming), StubBuilder)
    stub = fake.on_generate(inputs=contains("hello"), stream=True).stream(["Hel", "lo"], finish="length")
    assert_type(stub, LiveStub)
    fake.on_chat(messages=anything(), model=re.compile("mine")).call_tool("weather", {"city": "Paris"})
    fake.on_completions(prompt=["a", "b"]).tokens([StubToken("a"), Token(1, "b", -0.1), "c"])
    fake.on_tokenize(inputs=equals("x")).json([], status=200)
    fake.on(inputs=matches("x+"), parameters={"seed": absent()}).error("overload")
    fake.on(body=json_subset({"a": 1})).raw(502, {"content-type": "text/html"}, b"<html>")
    fake.on(body=json_schema({"type": "object"})).recorded(Path("one.json"))
    fake.on().run(shout)
    fake.on().in_order("one", Error("overload"), b"three")
    fake.on().answer({"text": "x"})
    builder = fake.on().times(2).priority(1).named("one").optional().fault("cut(tokens=1)")
    assert_type(builder, StubBuilder)
    assert_type(builder.reply("x").once().in_scenario("talk", "start", then="greeted"), LiveStub)
    fake.on_generate(input="x")  # type: ignore[call-arg]
    fake.on().reply("x", finish="tired")  # type: ignore[arg-type]


def shout(asked: Asked) -> str:
    return str(asked.inputs).upper()


def a_stub_is_asked(fake: FakeTGI, stub: LiveStub) -> None:
    assert_type(stub.called, bool)
    assert_type(stub.called_once, bool)
    assert_type(stub.call_count, int)
    assert_type(stub.calls, list[SeenRequest])
    assert_type(stub.id, int)
    assert_type(stub.name, str)
    assert_type(stub.required, bool)
    stub.assert_called(times=2)
    try:
        stub.remove()
    except StubGone:
        assert_type(fake.stubs, list[LiveStub])
    except NeedsInProcess:
        assert_type(fake.unused, list[LiveStub])


def a_request_is_asked(seen: SeenRequest) -> None:
    assert_type(seen.id, int)
    assert_type(seen.call, Call)
    assert_type((seen.method, seen.route, seen.query), tuple[str, str, str])
    assert_type(seen.headers["x-tenant"], str)
    assert_type(seen.body, bytes)
    assert_type((seen.json, seen.inputs, seen.messages), tuple[Any, Any, Any])
    assert_type(seen.parameters["max_new_tokens"], Any)
    assert_type(seen.model, str | None)
    assert_type((seen.streaming, seen.generating), tuple[bool, bool])
    assert_type(seen.stub, str | None)
    assert_type(seen.status, int | None)
    assert_type(seen.ended, Ending)
    assert_type(seen.events, list[Any])
    assert_type(seen.answer, bytes)
    assert_type(seen.faults, tuple[str, ...])
    assert_type(seen.seconds, float)
    assert_type(seen.event, ServeEvent)
    seen.assert_json_subset({"parameters": {"seed": None}})


def what_was_seen(fake: FakeTGI) -> None:
    assert_type(fake.requests, list[SeenRequest])
    assert_type(fake.last_request, SeenRequest)
    assert_type(fake.unmatched, list[SeenRequest])
    assert_type(fake.journal, list[ServeEvent])
    assert_type(fake.near_misses(fake.last_request), list[str])
    assert_type(fake.function_errors, list[BaseException])
    assert_type(fake.assert_request_made("/generate", times=None, inputs="x"), list[SeenRequest])
    fake.assert_no_requests()
    assert_type(fake.assert_client_ok(waive=["retry-after"], received=["x"]), Verdict)
    fake.wait_until_idle(timeout=1.0)
    fake.reset()


def what_goes_wrong(fake: FakeTGI) -> None:
    sentence = fake.overloaded(times=2, retry_after=1).then.cut(after_tokens=3, how="reset").then.ok()
    assert_type(sentence, Sentence)
    assert_type(sentence.then, Then)
    assert_type(sentence.rules, tuple[FaultRule, ...])
    assert_type(sentence.unstruck, list[str])
    assert_type(sentence.optional(), Sentence)
    fake.error(503, "busy", error_type="mine").then.error("model_failure").then.html(502, times=None)
    fake.disconnect(2).then.tcp_reset(1).then.end_early(3).then.stall(after_tokens=5, seconds="60s")
    fake.drip(3, seconds=0.1).then.resegment(1, 2, 3).then.damage("twice", event=2).then.content_type(None)
    fake.gzip().then.hang_up().then.loading("2s", times=1).then.lie_about_health(healthy=False)
    fake.fault("cut(tokens=3) rate=0.1")
    fake.clear_faults()
    fake.cut(how="politely")  # type: ignore[arg-type]
    fake.sick(crash_after=3)
    fake.well()
    for case in fake_tgi_cases("/generate_stream", cause="overload"):
        assert_type(case, Case)
        assert_type((case.id, case.route, case.cause, case.when), tuple[str, str, str, str])
        assert_type((case.stream, case.in_stream, case.status), tuple[bool, bool, int])
        assert_type(case.client_error, str | None)
        assert_type(fake.inject(case), LiveStub)


def time_passes(fake: FakeTGI) -> None:
    assert_type(fake.clock, FakeClock)
    assert_type((fake.clock.now, fake.clock()), tuple[float, float])
    fake.clock.advance("60s")
    fake.clock.set(100)
    fake.clock.sleep(0.1)
    fake.timing(ttft="800ms", itl="lognormal(20ms,0.2)")
    fake.change(seed=7)
    assert_type(fake.strategies, ModuleType)
    assert_type(fake_tgi.FakeTGI, type[FakeTGI])
