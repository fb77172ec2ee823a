"""Plays frames into ASGI sends: the only place that sleeps.

A client that leaves closes the frames, which gives back what they hold. After 15 seconds without an event
a stream gets a keep-alive comment, as from axum (response/sse.rs).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator, MutableMapping
from typing import Any

from .frames import Body, Chunks, Frame, Hangup, Head, Wait, Work
from .sse import KEEP_ALIVE

__all__ = ["KEEP_ALIVE_INTERVAL", "Player"]

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

KEEP_ALIVE_INTERVAL = 15.0


class Gone(Exception):
    """The client left before the answer was out."""


class Player:
    """Plays answers on a clock. `clock` gives seconds and is the one that Wait frames refer to."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    async def play(self, frames: Iterator[Frame], receive: Receive, send: Send) -> bool:
        """Sends everything; says whether the client was there to the end. Closes `frames` in every case."""
        try:
            await self._play(frames, receive, send)
        except (Gone, OSError):  # uvicorn and others raise OSError on a send to a client that left
            return False
        finally:
            if isinstance(frames, Generator):
                frames.close()
        return True

    async def _play(self, frames: Iterator[Frame], receive: Receive, send: Send) -> None:
        watch: asyncio.Task[None] | None = None
        stream = False
        ended = False
        try:
            for frame in frames:
                if isinstance(frame, Chunks):
                    for part in frame.parts:
                        await send({"type": "http.response.body", "body": part, "more_body": True})
                    # a run of sends never yields to the loop by itself: look for a client that left
                    await asyncio.sleep(0)
                    if watch is None:
                        watch = asyncio.ensure_future(_left(receive))
                    elif watch.done():
                        raise Gone
                elif isinstance(frame, Head):
                    stream = frame.length is None
                    await send(_start(frame))
                    if frame.length == 0:
                        await send({"type": "http.response.body", "body": b""})
                        ended = True
                elif isinstance(frame, Body):
                    await send({"type": "http.response.body", "body": frame.data, "more_body": stream})
                    ended = not stream
                elif isinstance(frame, (Wait, Work)):
                    if watch is None:
                        watch = asyncio.ensure_future(_left(receive))
                    await self._pause(frame, watch, send if stream else None)
                elif isinstance(frame, Hangup):
                    raise Gone
            if not ended:
                await send({"type": "http.response.body", "body": b""})
        finally:
            if watch is not None and not watch.done():
                watch.cancel()

    async def _pause(self, frame: Wait | Work, watch: asyncio.Task[None], send: Send | None) -> None:
        """Waits for a time or a computation, or until the client leaves; keeps streams (`send`) alive."""
        if isinstance(frame, Work):
            task: asyncio.Future[Any] = asyncio.ensure_future(asyncio.to_thread(frame.run))
        else:
            task = asyncio.ensure_future(asyncio.sleep(max(0.0, frame.until - self._clock())))
        try:
            while True:
                timeout = KEEP_ALIVE_INTERVAL if send is not None else None
                done, _ = await asyncio.wait(
                    {task, watch}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED
                )
                if task in done:
                    break
                if watch in done:
                    raise Gone
                assert send is not None
                await send({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})
        finally:
            if not task.done():
                task.cancel()
        if isinstance(frame, Work):
            frame.result = task.result()


def _start(head: Head) -> Message:
    headers = list(head.headers)
    if head.length is not None:
        headers.append((b"content-length", b"%d" % head.length))
    return {"type": "http.response.start", "status": head.status, "headers": headers}


async def _left(receive: Receive) -> None:
    """Returns when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
