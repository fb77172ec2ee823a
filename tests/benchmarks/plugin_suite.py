"""A suite of 1,000 tests that each stub an answer, call and assert: on the plugin, and on a hand-made stub.

The stub made by hand is an ASGI application that knows one answer at a time, called in its own process by
httpx: no server, no socket, nothing checked. CPU time of the whole pytest run counts, its start included.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from limits import Judged, Limit

__all__ = ["compare"]

TESTS: Final = 1000
LIMIT: Final = Limit("plugin: 1,000 tests", 2.0)

_ON_PLUGIN: Final = """
import httpx
import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_an_answer(fake_tgi, number):
    fake_tgi.reply(f"answer {{number}}")
    with httpx.Client(transport=fake_tgi.httpx_transport(), base_url="http://tgi", trust_env=False) as client:
        answer = client.post("/generate", json={{"inputs": "Hi"}})
    assert answer.json() == {{"generated_text": f"answer {{number}}"}}
"""
_BY_HAND: Final = """
import asyncio
import json

import httpx
import pytest


class Stub:
    def __init__(self):
        self.answers = {{}}
        self.calls = []

    def reply(self, text):
        self.answers["/generate"] = {{"generated_text": text}}

    async def __call__(self, scope, receive, send):
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.calls.append((scope["path"], json.loads(body)))
        data = json.dumps(self.answers[scope["path"]]).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(data))]
        await send({{"type": "http.response.start", "status": 200, "headers": headers}})
        await send({{"type": "http.response.body", "body": data}})


@pytest.fixture
def stub():
    return Stub()


@pytest.mark.parametrize("number", range({tests}))
def test_an_answer(stub, number):
    stub.reply(f"answer {{number}}")

    async def call():
        transport = httpx.ASGITransport(app=stub)
        async with httpx.AsyncClient(transport=transport, base_url="http://tgi", trust_env=False) as client:
            return await client.post("/generate", json={{"inputs": "Hi"}})

    assert asyncio.run(call()).json() == {{"generated_text": f"answer {{number}}"}}
"""
_EMPTY: Final = "def test_nothing():\n    pass\n"


def _spent(suite: str, *, plugin: bool) -> float:
    """CPU seconds of a pytest run."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "test_suite.py").write_text(suite, encoding="utf-8")
        options = ["-q", "-p", "no:cacheprovider", *([] if plugin else ["-p", "no:fake_tgi"])]
        before = os.times()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, "test_suite.py"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        after = os.times()
    if done.returncode:
        raise RuntimeError(f"the suite failed: {done.stdout[-2000:]}")
    return after.children_user + after.children_system - before.children_user - before.children_system


def compare(rounds: int) -> tuple[list[str], list[Judged], dict[str, str]]:
    """Lines of Markdown, the ratio that has a limit, and no plots."""
    runs: dict[str, list[float]] = {}
    for _ in range(rounds):
        for name, suite, plugin in (
            ("plugin", _ON_PLUGIN.format(tests=TESTS), True),
            ("hand", _BY_HAND.format(tests=TESTS), False),
            ("unused", _EMPTY, True),
            ("none", _EMPTY, False),
        ):
            runs.setdefault(name, []).append(_spent(suite, plugin=plugin))
    found = {name: statistics.median(values) for name, values in runs.items()}
    ratio = found["plugin"] / found["hand"]
    lines = [
        "| what | on the plugin | made by hand | ratio | limit |",
        "| --- | ---: | ---: | ---: | ---: |",
        f"| {TESTS:,} tests, CPU seconds | {found['plugin']:.2f} | {found['hand']:.2f} | {ratio:.2f}× | "
        f"{LIMIT.shown(ratio)} |",
        f"| a run that does not use it, CPU ms | {found['unused'] * 1000:.0f} | "
        f"{found['none'] * 1000:.0f} | | |",
    ]
    return lines, [Judged(LIMIT, ratio)], {}
