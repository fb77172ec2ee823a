"""A test's fake with a real server behind it: what no stub answers is passed on, and kept for a recording.

The fake's own books see such calls too, so that a test asks the same things of a fake whether it records or
plays. Nothing is written here; what is kept holds secrets, and is handed out without any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import TimeoutError as TooLate
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from ..call import Call
from ..frames import Body, Frame, Head, Wait
from ..player import Message, Receive, Send
from ..recordings.keeping import Taken, recording_of
from ..recordings.recorder import forward, read_body
from ..recordings.recording import Recording
from ..recordings.redaction import Redactor
from ..recordings.upstream import Upstream

if TYPE_CHECKING:
    from ..app import Application

__all__ = ["Tape", "Taping", "given"]

_OURS: Final = ("/__admin", "/ns/")
_CLOSING: Final = 5.0  # seconds


class Tape:
    """What went past, in the order in which answers ended."""

    full = False

    def __init__(self) -> None:
        self.taken: list[Taken] = []

    def keep(self, taken: Taken) -> None:
        """Takes one exchange."""
        self.taken.append(taken)

    def recordings(self, redactor: Redactor, told: Callable[[str], None]) -> list[Recording]:
        """Without secrets, numbered as names. `told` learns of what cannot be kept."""
        for taken in self.taken:
            redactor.learn((*taken.request_headers, *taken.headers))  # also for what came before it
        found = (recording_of(taken, redactor, told) for taken in self.taken)
        kept = [recording for recording in found if recording is not None]
        return [replace(recording, name=f"{number}") for number, recording in enumerate(kept, 1)]


class Taping:
    """An ASGI application: `app`, but what its stubs do not answer goes to `upstream` and onto `tape`."""

    def __init__(self, app: Application, upstream: Upstream, tape: Tape) -> None:
        self._app = app
        self._upstream = upstream
        self._tape = tape
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_OURS):
            await self._app(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            return
        state = self._app.state
        raw = scope.get("raw_path")
        call = Call(
            scope["method"],
            raw.decode("latin-1") if raw is not None else scope["path"],
            tuple(scope["headers"]),
            body,
            scope["query_string"].decode("latin-1"),
            state.clock(),
        )
        if state.stubs.answers(call):
            await self._app(scope, given(body, receive), send)
            return
        self._loop = asyncio.get_running_loop()
        event = state.journal.begin(call)
        event.why = f"passed on to {self._upstream.url}"
        passing = _Books(state.journal.record(event, frames := _Frames()), frames, send)
        try:
            await forward(scope, body, receive, passing.send, self._upstream, self._tape)
        finally:
            passing.close()

    def close(self) -> None:
        """Ends the connections upstream; called from another thread than the server's."""
        if self._loop is not None and self._loop.is_running():
            closing = asyncio.run_coroutine_threadsafe(self._upstream.close(), self._loop)
            try:
                closing.result(_CLOSING)
            except TooLate:
                closing.cancel()


class _Frames:
    """Frames that somebody puts, for somebody who takes them."""

    def __init__(self) -> None:
        self._put: list[Frame] = []

    def put(self, *frames: Frame) -> None:
        self._put += frames

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        if not self._put:
            raise StopIteration
        return self._put.pop(0)


class _Books:
    """Tells the journal what is sent: it watches an answer as frames, and this one comes as messages."""

    def __init__(self, record: Iterator[Frame], frames: _Frames, send: Send) -> None:
        self._record = record
        self._frames = frames
        self._send = send
        self._complete = False

    async def send(self, message: Message) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self._tell(Head(message["status"], tuple(message["headers"])))
            return
        if data := message.get("body", b""):
            self._tell(Body(data), Wait(0))  # what follows a body says when it was out
        self._complete = not message.get("more_body", False)

    def close(self) -> None:
        """The answer is over, or its client has left."""
        if self._complete:
            next(self._record, None)
        elif isinstance(self._record, Generator):
            self._record.close()

    def _tell(self, *frames: Frame) -> None:
        self._frames.put(*frames)
        for _ in frames:
            next(self._record, None)


def given(body: bytes, receive: Receive) -> Receive:
    """A `receive` that begins with a body that was read already."""
    read = False

    async def again() -> Message:
        nonlocal read
        if not read:
            read = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
