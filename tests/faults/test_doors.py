"""Every fault can be asked for from Python, by a flag, in a file, by a header and over the admin API."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.arguments import read_arguments
from fake_tgi.fault_plans import FaultPlan
from fake_tgi.faults import FAULTS, as_json, rules_of
from fake_tgi.player import HANG_UP
from fake_tgi.settings import Settings
from tests.fake.asking import ask

pytestmark = pytest.mark.damages_answers(reason="that is what faults do")

SPELLED = {
    "error": "error(503)",
    "overload": "overload(retry_after=7)",
    "proxy_page": "proxy_page(504)",
    "cut": "cut(tokens=2, how=reset)",
    "end_early": "end_early(1)",
    "stall": "stall(3s, tokens=1)",
    "drip": "drip(7, 1s)",
    "resegment": "resegment(3|5)",
    "damage": "damage(short, event=2)",
    "content_type": 'content_type("text/plain; a=b")',
    "gzip": "gzip",
    "close": "close",
    "loading": "loading(60s)",
    "health": "health(false)",
}
ASKED = {"inputs": "Tell me", "parameters": {"max_new_tokens": 4, "seed": 1}}
Played = tuple[int | None, list[tuple[bytes, bytes]], list[tuple[float, bytes]], str | None]


def played(app: Application, path: str, fault: str | None = None) -> Played:
    """Status, headers, the body's pieces with their times, and how the connection was ended, if it was."""
    told: list[Any] = [None, [], [], None]
    headers = [(b"content-type", b"application/json")]
    if fault is not None:
        headers.append((b"x-fake-tgi-fault", fault.encode()))
    scope = {
        "type": "http",
        "method": "GET" if path == "/health" else "POST",
        "path": path,
        "query_string": b"",
        "headers": headers,
        "extensions": {HANG_UP: lambda how: told.__setitem__(3, how)},
    }
    body = json.dumps(ASKED).encode()

    async def run() -> None:
        asked = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            message = next(asked, None)
            if message is None:
                await asyncio.sleep(3600)
            return message

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                told[0], told[1] = (
                    message["status"],
                    [pair for pair in message["headers"] if not pair[0].startswith(b"x-")],
                )
            elif message.get("body"):
                told[2].append((round(app.state.clock(), 6), message["body"]))

        await app(scope, receive, send)

    asyncio.run(run())
    return told[0], told[1], told[2], told[3]


def app(**settings: Any) -> Application:
    return create_app(Settings(clock="virtual", ignore_eos=True, **settings))


def test_every_fault_is_tried_here() -> None:
    assert list(SPELLED) == list(FAULTS)


@pytest.mark.parametrize("name", SPELLED)
def test_each_door_leads_to_the_same_fault(name: str, tmp_path: Path) -> None:
    written, path = SPELLED[name], "/health" if name == "health" else "/generate_stream"
    (rule,) = rules_of([written])
    library, admin, header = app(), app(), app(allow_fault_header=True)
    library.state.faults.plan = FaultPlan((rule,))
    assert ask(admin, "PUT", "/__admin/faults", {"faults": [as_json(rule)]}).status == 200
    shown = ask(admin, "GET", "/__admin/faults").json()["faults"]
    assert shown == [{**as_json(rule), "calls": 0}]
    config = tmp_path / "fake.json"
    config.write_text(json.dumps({"fault": [written]}), encoding="utf-8")
    words = ["--clock", "virtual", "--ignore-eos"]
    by_flag = create_app(read_arguments([*words, "--fault", written], {}).settings)
    by_file = create_app(read_arguments([*words, "--config", str(config)], {}).settings)

    expected = played(library, path)
    assert expected != played(app(), path)
    assert played(admin, path) == played(by_flag, path) == played(by_file, path) == expected
    assert played(header, path, fault=written) == expected
