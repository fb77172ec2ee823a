"""Stands in front of a real server: passes everything on as it comes, and keeps what went past.

A chunk is on its way to the client before anything else is done with it. Who leaves, leaves: a client that
goes ends the call upstream, an upstream that dies ends the client's answer as abruptly, and what had come
until then is kept. When nothing more can be kept, calls are refused (507) rather than lost.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, Final

from ..player import HANG_UP, HangUp, Receive, Send
from .keeping import Keeper, Keeps, Taken
from .passing import GRACE, Passing, passed_on
from .spool import Left
from .upstream import Upstream, UpstreamDied, UpstreamError

__all__ = ["Recorder", "forward", "read_body"]

# Calls that were cut at the end may take so long to be put down, in seconds.
_SETTLE: Final = 1.0


class Recorder:
    """An ASGI application. `left` tells, after the server has stopped, what could not be kept."""

    def __init__(
        self, upstream: Upstream, keeper: Keeper | None, *, told: Callable[[str], None] = lambda line: None
    ) -> None:
        self._upstream = upstream
        self._keeper = keeper
        self._told = told
        self._failure = ""
        self._passing = 0
        self.left: Left | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            self._passing += 1
            try:
                body = await read_body(receive)
                if body is not None:
                    await forward(
                        scope, body, receive, send, self._upstream, self._keeper, failed=self._failed
                    )
            finally:
                self._passing -= 1

    def _failed(self, reason: str) -> None:
        """Tells why a call cannot be passed on, once for as long as it is the same."""
        if reason != self._failure:
            self._failure = reason
            self._told(f"not recorded: {reason}")

    async def close(self) -> None:
        """Ends the connections and writes what is left."""
        await self._upstream.close()
        deadline = time.monotonic() + _SETTLE
        while self._passing and time.monotonic() < deadline:  # noqa: ASYNC110  nobody tells, and it is soon
            await asyncio.sleep(0.005)
        if self._keeper is not None:
            self.left = await asyncio.to_thread(self._keeper.close)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


async def forward(
    scope: Any,
    body: bytes,
    receive: Receive,
    send: Send,
    upstream: Upstream,
    keeper: Keeps | None,
    *,
    failed: Callable[[str], None] = lambda reason: None,
) -> None:
    """Passes one call on and its answer back; `keeper` None keeps nothing. `body` is all of the body.

    `failed` gets the reason where the server gives no answer.
    """
    if keeper is not None and keeper.full:
        await _refuse(send, 507, "the disk is full: nothing more can be recorded until there is room")
        return
    at, began = time.time(), time.perf_counter()
    passing = Passing()
    method, headers = scope["method"], _headers(scope)
    target = _target(scope)
    hang_up = scope["extensions"].get(HANG_UP) if "extensions" in scope else None
    sent = (
        body if body or any(name in ("content-length", "transfer-encoding") for name, _ in headers) else None
    )
    pump = asyncio.ensure_future(
        _pump(passing, upstream, (method, target, headers, sent), send, began, hang_up, failed)
    )
    watch = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((pump, watch), return_when=asyncio.FIRST_COMPLETED)
        if not pump.done():
            await asyncio.wait((pump,), timeout=GRACE if passing.answer is not None else 0)
    finally:
        watch.cancel()
        pump.cancel()
        await asyncio.wait((pump,))
        answer = passing.answer
        if answer is not None:
            answer.close()
            passing.close(time.perf_counter() - began)
            if keeper is not None:
                keeper.keep(
                    Taken(
                        method, target, tuple(headers), sent, answer.status, answer.headers, answer.chunked,
                        tuple(passing.chunks), tuple(passing.times), passing.ended, at,
                    )
                )  # fmt: skip
    if not pump.cancelled() and (error := pump.exception()) is not None and not isinstance(error, OSError):
        raise error


async def _pump(
    passing: Passing,
    upstream: Upstream,
    request: tuple[str, str, list[tuple[str, str]], bytes | None],
    send: Send,
    began: float,
    hang_up: HangUp | None,
    failed: Callable[[str], None],
) -> None:
    try:
        passing.answer = answer = await upstream.ask(*request)
    except UpstreamError as error:
        failed(str(error))
        await _refuse(send, 502, str(error))
        return
    clock: Callable[[], float] = time.perf_counter
    headers = list(passed_on(answer))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    try:
        async for data, is_end in answer.pieces():
            if data:
                # first on its way, then into the books: but booked even if the client is no longer there
                try:
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                finally:
                    passing.piece(data, is_end, clock() - began)
            elif is_end:
                passing.piece(data, is_end, clock() - began)
    except UpstreamDied:
        passing.ended = "upstream_died"
        await asyncio.sleep(0)  # a transport writes in the loop's next turn
        if hang_up is not None:
            hang_up("close")
        return  # without an end; servers that cannot hang up take it for an answer that failed
    passing.ended = "complete"
    await send({"type": "http.response.body", "body": b""})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def read_body(receive: Receive) -> bytes | None:
    """All of the request's body; None when the client left before it was complete."""
    pieces: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


async def _refuse(send: Send, status: int, reason: str) -> None:
    body = json.dumps({"error": reason, "error_type": "recorder"}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _headers(scope: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


def _target(scope: Any) -> str:
    raw = scope.get("raw_path")
    path: str = raw.decode("latin-1") if raw is not None else scope["path"]
    query: str = scope["query_string"].decode("latin-1")
    return f"{path}?{query}" if query else path
