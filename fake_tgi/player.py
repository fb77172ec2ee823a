"""Plays frames into ASGI sends: the only place that sleeps.

A client that leaves closes the frames, which gives back what they hold. Fifteen seconds without an event
earn a stream a keep-alive comment, as from axum (response/sse.rs). A wait is one timer and no task.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator, MutableMapping
from functools import partial
from typing import Any, Final

from .clock import Later, later_on
from .frames import Body, Chunks, Frame, Hangup, Head, Paced, Wait, Work
from .sse import KEEP_ALIVE

__all__ = ["HANG_UP", "KEEP_ALIVE_INTERVAL", "HangUp", "Player", "Receive", "Send"]

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
HangUp = Callable[[str], None]

HANG_UP: Final = "fake_tgi.hang_up"
"""The name of the ASGI extension that ends a connection, a HangUp."""

KEEP_ALIVE_INTERVAL = 15.0
"""Seconds."""


class Gone(Exception):
    """The client left before the answer was out; or, with how as an argument, a frame hung up."""


class Player:
    """Plays answers on a clock: `clock` gives seconds and is the one that Wait frames refer to.

    `coalesce` lets the events of one frame share an HTTP chunk.
    """

    def __init__(self, clock: Callable[[], float], *, coalesce: bool = False) -> None:
        self._clock = clock
        self._coalesce = coalesce
        self._later = later_on(clock)

    async def play(
        self, frames: Iterator[Frame], receive: Receive, send: Send, hang_up: HangUp | None = None
    ) -> bool:
        """Sends everything; says whether the client was there to the end. Closes `frames` in every case.

        `hang_up` ends the connection, told "close" or "reset". Without one a Hangup only ends the sending,
        which servers take for an answer that failed.
        """
        patience = _Patience(receive, self._clock, self._later)
        try:
            await self._play(frames, patience, send)
        except Gone as gone:
            if gone.args and hang_up is not None:
                await asyncio.sleep(0)  # a transport writes in the loop's next turn
                hang_up("reset" if gone.args[0] == "reset" else "close")
            return False
        except OSError:  # servers raise it on a send to a client that left
            return False
        finally:
            patience.close()
            if isinstance(frames, Generator):
                frames.close()
        return True

    async def _play(self, frames: Iterator[Frame], patience: _Patience, send: Send) -> None:
        stream = ended = False
        owed = 0
        for frame in frames:
            kind = type(frame)
            if kind is Chunks:
                parts: tuple[bytes, ...] = frame.parts  # type: ignore[union-attr]  # `kind is` is measured
                for part in (b"".join(parts),) if self._coalesce else parts:
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            elif kind is Body:
                owed -= len(frame.data)  # type: ignore[union-attr]  # `kind is` is measured
                more = stream or owed > 0  # what was promised and does not come, a hang-up cuts off
                await send({"type": "http.response.body", "body": frame.data, "more_body": more})  # type: ignore[union-attr]  # `kind is` is measured
                ended = not more
            elif isinstance(frame, Head):
                stream = frame.length is None
                owed = frame.length or 0
                await send(_start(frame))
                if frame.length == 0:
                    await send({"type": "http.response.body", "body": b""})
                    ended = True
            elif isinstance(frame, Paced):
                await self._pace(frame, patience, send)
            elif isinstance(frame, Wait):
                await patience.wait(frame.until, send if stream and not frame.silent else None)
            elif isinstance(frame, Work):
                frame.result = await patience.work(frame, send if stream and kind is Work else None)
            elif isinstance(frame, Hangup):
                if frame.how == "after" and not ended:
                    await send({"type": "http.response.body", "body": b""})
                raise Gone(frame.how)
        if not ended:
            await send({"type": "http.response.body", "body": b""})

    async def _pace(self, frame: Paced, patience: _Patience, send: Send) -> None:
        for index, part in enumerate(frame.packed):
            await patience.wait(frame.times[index], send)
            if part:
                await send({"type": "http.response.body", "body": part, "more_body": True})
            frame.times[index] = self._clock()
            frame.sent += 1
            if frame.left:
                return


class _Patience:
    """Waits for a time or a computation, but not for a client that left."""

    def __init__(self, receive: Receive, clock: Callable[[], float], later: Later) -> None:
        self._receive = receive
        self._clock = clock
        self._later = later
        self._watch: asyncio.Task[None] | None = None
        self._waiter: asyncio.Future[None] | None = None

    async def wait(self, until: float, keep_alive: Send | None) -> None:
        """Returns at `until`, or raises Gone. `keep_alive` sends comments meanwhile."""
        loop = asyncio.get_running_loop()
        while (left := until - self._clock()) > 0:
            waiter = self._begin(loop)
            timer = self._later.call(loop, min(left, KEEP_ALIVE_INTERVAL), _wake, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
            await self._look(keep_alive if left > KEEP_ALIVE_INTERVAL else None)

    async def work(self, work: Work, keep_alive: Send | None) -> Any:
        """The result of `work`; raises Gone when the client leaves first."""
        loop = asyncio.get_running_loop()
        task = work.begin(loop)
        while not task.done():
            waiter = self._begin(loop)
            task.add_done_callback(partial(_wake_after, waiter))
            timer = loop.call_later(KEEP_ALIVE_INTERVAL, _wake, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
            await self._look(None if task.done() else keep_alive)
        return task.result()

    def close(self) -> None:
        """Stops watching the client."""
        if self._watch is not None:
            self._watch.cancel()

    def _begin(self, loop: asyncio.AbstractEventLoop) -> asyncio.Future[None]:
        self._waiter = waiter = loop.create_future()
        if self._watch is None:
            self._watch = loop.create_task(self._left())
        elif self._watch.done():
            _wake(waiter)
        return waiter

    async def _look(self, keep_alive: Send | None) -> None:
        if self._watch is not None and self._watch.done():
            raise Gone
        if keep_alive is not None:
            await keep_alive({"type": "http.response.body", "body": KEEP_ALIVE, "more_body": True})

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        if self._waiter is not None:
            _wake(self._waiter)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _wake_after(waiter: asyncio.Future[None], _: asyncio.Future[Any]) -> None:
    _wake(waiter)


def _start(head: Head) -> Message:
    headers = list(head.headers)
    if head.length is not None:
        headers.append((b"content-length", b"%d" % head.length))
    return {"type": "http.response.start", "status": head.status, "headers": headers}
