"""Asks an ASGI application in this process, and shows every chunk it sends.

What it gets is held to the contracts, as all answers of a fake are: see tests/agreement/witness.py.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from fake_tgi.app import Application, create_app
from fake_tgi.settings import Settings


@dataclass
class Reply:
    """One answer: `chunks` are the body's pieces as they were sent."""

    status: int
    headers: dict[str, str]
    chunks: list[bytes] = field(default_factory=list)

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[Any]:
        """The data of every stream event, parsed where it is JSON."""
        data = [chunk.removeprefix(b"data: ").removesuffix(b"\n\n") for chunk in self.chunks if chunk]
        return [json.loads(item) if item.startswith(b"{") else item.decode() for item in data]


def make(**settings: Any) -> Application:
    """A fresh fake with these settings."""
    return create_app(Settings(**settings))


def ask(
    app: Application,
    method: str,
    path: str,
    payload: Any = None,
    *,
    headers: dict[str, str] | None = None,
    raw: bytes | None = None,
) -> Reply:
    """One request. `payload` is sent as JSON; `raw` as it is, and as JSON if no `headers` are given."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_threads())
    try:
        return loop.run_until_complete(
            _to_its_end(ask_async(app, method, path, payload, headers=headers, raw=raw))
        )
    finally:
        loop.close()


class _Lasting(ThreadPoolExecutor):
    """Threads that outlive the event loops that they work for.

    Hypothesis has all garbage collected in every thread that draws for the first time: with new threads for
    each request, that was most of what drawn answers cost.
    """

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Nothing: the interpreter ends them."""


@cache
def _threads() -> _Lasting:
    return _Lasting(max_workers=4, thread_name_prefix="asking")


async def _to_its_end(asked: Coroutine[Any, Any, Reply]) -> Reply:
    """As in `asyncio.run`, nothing that was begun goes on afterwards."""
    try:
        return await asked
    finally:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await asyncio.get_running_loop().shutdown_asyncgens()


async def ask_async(
    app: Application,
    method: str,
    path: str,
    payload: Any = None,
    *,
    headers: dict[str, str] | None = None,
    raw: bytes | None = None,
) -> Reply:
    """The same in a running loop."""
    body = raw if raw is not None else b"" if payload is None else json.dumps(payload).encode()
    bare = raw is None or headers is not None
    sent = {} if payload is None and bare else {"content-type": "application/json"}
    sent.update({name.lower(): value for name, value in (headers or {}).items()})
    asked = False
    reply = Reply(0, {})

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if asked:
            await asyncio.sleep(3600)
        asked = True
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status = message["status"]
            reply.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        elif message.get("body"):
            reply.chunks.append(message["body"])

    raw_path, _, query = path.partition("?")
    await app(
        {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": raw_path,
            "raw_path": raw_path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        },
        receive,
        send,
    )
    return reply
