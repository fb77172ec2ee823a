"""Every exchange of the `overload` profile, with its cause: another request holds the only slot."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.app import Application
from fake_tgi.delays import Delays

from .asking import Reply, ask_async, make

SLOW = {"inputs": "hold the slot", "parameters": {"max_new_tokens": 4}}


def recorded(shared: Path, profile: str) -> list[dict[str, Any]]:
    with (shared / "oracle" / "exchanges" / f"{profile}.jsonl").open() as lines:
        return [json.loads(line) for line in lines]


def overloaded(shared: Path) -> Application:
    return make(
        model_id="fixture/tiny",
        tokenizer_name=str(shared / "oracle" / "tokenizer"),
        max_input_tokens=1000,
        max_total_tokens=1024,
        max_concurrent_requests=1,
    )


async def until_busy(app: Application) -> None:
    for _ in range(1000):
        if not app.state.permits.free:
            return
        await asyncio.sleep(0.001)
    raise AssertionError("nothing took the slot")


async def while_busy(app: Application, request: dict[str, Any]) -> Reply:
    app.state.infer.delays = Delays(time_to_first_token=3600.0)
    slow = asyncio.create_task(ask_async(app, "POST", "/generate", SLOW))
    await until_busy(app)
    app.state.infer.delays = None
    try:
        return await ask_async(
            app, request["method"], request["path"], request.get("json"), headers=request["headers"]
        )
    finally:
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


@pytest.mark.needs_shared
def test_every_recorded_answer_of_an_overloaded_router_is_given(shared: Path) -> None:
    """Two of them need no other request: best_of and two prompts want two slots where there is one."""
    exchanges = recorded(shared, "overload")
    assert len(exchanges) == 12
    for exchange in exchanges:
        app = overloaded(shared)
        request = exchange["request"]
        if exchange["name"].endswith("_alone"):
            reply = asyncio.run(
                ask_async(
                    app, request["method"], request["path"], request["json"], headers=request["headers"]
                )
            )
        else:
            reply = asyncio.run(while_busy(app, request))
        want = exchange["response"]
        assert (reply.status, [chunk.decode() for chunk in reply.chunks]) == (
            want["status"],
            [chunk for chunk in want["chunks"] if chunk],
        ), exchange["name"]


def test_a_client_that_leaves_gives_its_slot_back() -> None:
    app = make(max_concurrent_requests=1)

    async def leave() -> Reply:
        app.state.infer.delays = Delays(time_to_first_token=3600.0)
        gone = asyncio.create_task(ask_async(app, "POST", "/generate_stream", SLOW))
        await until_busy(app)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        app.state.infer.delays = None
        return await ask_async(app, "POST", "/generate", SLOW)

    assert asyncio.run(leave()).status == 200
    assert app.state.permits.free == 1
    assert app.state.metrics.failures == {"dropped": 1}


def test_no_slots_at_all_refuse_everything_but_tokenize() -> None:
    async def answers() -> tuple[Reply, Reply]:
        app = make(max_concurrent_requests=0)
        return (
            await ask_async(app, "POST", "/generate", {"inputs": ""}),
            await ask_async(app, "POST", "/tokenize", {"inputs": "a"}),
        )

    refused, tokenized = asyncio.run(answers())
    assert refused.status == 429  # before validation: the empty prompt is not even looked at
    assert refused.json() == {"error": "Model is overloaded", "error_type": "overloaded"}
    assert tokenized.status == 200
