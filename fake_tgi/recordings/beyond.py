"""The real server behind a replay: its answers in frames, so that faults and journal see what a client gets.

It is asked when the answer is played, and an answer that changes on its way is recorded as it came. A client
that leaves ends the call upstream, but an answer that a fault has cut is read to its end for the recording.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial

from ..call import Call
from ..frames import Arrival, Body, Chunks, Frame, Hangup, Head, RawHeaders
from ..headers import JSON
from .keeping import Keeper, Taken
from .passing import GRACE, Passing, passed_on
from .recording import Ended
from .upstream import Answer, Upstream, UpstreamDied, UpstreamError

__all__ = ["Beyond"]


class Beyond:
    """A server, and who keeps what it answers. Use it on one event loop; `close` it there."""

    def __init__(self, upstream: Upstream, keeper: Keeper | None) -> None:
        self._upstream = upstream
        self._keeper = keeper
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The server's, without user and password."""
        return self._upstream.url

    @property
    def keeps(self) -> bool:
        """Whether answers can be kept."""
        return self._keeper is not None

    def answer(self, call: Call, *, keep: bool) -> Iterator[Frame]:
        """What the server answers; 502 where it gives no answer, 507 where no more can be kept."""
        keeper = self._keeper if keep else None
        if keeper is not None and keeper.full:
            yield from _refused(507, "the disk is full: nothing more can be recorded until there is room")
            return
        exchange = _Exchange(call, self._upstream)
        try:
            yield from exchange.frames()
        finally:
            if keeper is None:
                exchange.drop()
            elif exchange.cut and exchange.begun and (loop := _running()) is not None:
                # many clients go before the end, and what a fault has cut they still wait for
                ending = loop.create_task(exchange.end(keeper, GRACE if _gone(call) else None))
                self._ending.add(ending)
                ending.add_done_callback(self._ending.discard)
            else:
                exchange.drop()
                exchange.keep(keeper)

    async def close(self) -> None:
        """Ends the connections and writes what is left."""
        if self._ending:
            for ending in self._ending:
                ending.cancel()
            await asyncio.wait(self._ending)
        await self._upstream.close()
        if self._keeper is not None:
            await asyncio.to_thread(self._keeper.close)


class _Exchange:
    """One call and its answer. `cut`: whether somebody has ended it before its end."""

    def __init__(self, call: Call, upstream: Upstream) -> None:
        self._call = call
        self._upstream = upstream
        self._passing = Passing()
        self._headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.headers]
        self._target = f"{call.path}?{call.query}" if call.query else call.path
        has_body = call.body or any(
            name in ("content-length", "transfer-encoding") for name, _ in self._headers
        )
        self._sent = call.body if has_body else None
        self._at, self._began = time.time(), time.perf_counter()
        self._pieces: AsyncIterator[tuple[bytes, bool]]
        self._arrival: Arrival | None = None
        self.cut = True

    @property
    def begun(self) -> bool:
        """Whether the head of the answer is there."""
        return self._passing.answer is not None

    def frames(self) -> Iterator[Frame]:
        """The answer, as it comes: a whole one when its end is there."""
        self._arrival = arrival = Arrival(self._ask)
        yield arrival
        self._arrival = None
        answer: Answer | str = arrival.result
        if isinstance(answer, str):
            self.cut = False
            yield from _refused(502, answer)
            return
        self._passing.answer = answer
        self._pieces = answer.pieces()
        headers, length = _measured(passed_on(answer))
        if streamed := answer.chunked or length is None:
            yield Head(answer.status, headers)
        whole = []
        ended: Ended | None = None
        while ended is None:
            self._arrival = arrival = Arrival(partial(_next, self._pieces))
            yield arrival
            self._arrival = None
            data, is_end, ended = arrival.result
            # first on its way, then into the books: but booked even if the client is no longer there
            try:
                if data and streamed:
                    yield Chunks((data,))
            finally:
                self._book(data, is_end)
            whole.append(data)
        self._passing.ended = ended
        self.cut = False
        if not streamed:
            yield Head(answer.status, headers, length)
            if body := b"".join(whole):
                yield Body(body)
        if ended != "complete":
            yield Hangup()

    async def end(self, keeper: Keeper, patience: float | None) -> None:
        """Reads what is left of the answer, for so many seconds or to its end, and keeps it all."""
        try:
            await asyncio.wait_for(self._read_on(), patience)
        except asyncio.TimeoutError:
            pass
        finally:
            self.drop()
            self.keep(keeper)

    def drop(self) -> None:
        """Ends the connection if the answer is not complete."""
        task = self._arrival.task if self._arrival is not None else None
        if task is not None:
            if not task.done():
                task.cancel()
            elif not task.cancelled() and task.exception() is None and isinstance(task.result(), Answer):
                task.result().close()
        if self._passing.answer is not None:
            self._passing.answer.close()

    def keep(self, keeper: Keeper) -> None:
        """Hands over what has come, if anything has."""
        passing, call = self._passing, self._call
        answer = passing.answer
        if answer is None:
            return
        passing.close(time.perf_counter() - self._began)
        keeper.keep(
            Taken(
                call.method, self._target, tuple(self._headers), self._sent, answer.status, answer.headers,
                answer.chunked, tuple(passing.chunks), tuple(passing.times), passing.ended, self._at,
            )
        )  # fmt: skip

    async def _ask(self) -> Answer | str:
        """The answer with its head, or why there is none."""
        try:
            return await self._upstream.ask(self._call.method, self._target, self._headers, self._sent)
        except UpstreamError as error:
            return str(error)

    async def _read_on(self) -> None:
        waiting = self._arrival.task if self._arrival is not None else None
        while True:
            data, is_end, ended = await (waiting or _next(self._pieces))
            waiting = None
            self._book(data, is_end)
            if ended is not None:
                self._passing.ended = ended
                return

    def _book(self, data: bytes, is_end: bool) -> None:
        self._passing.piece(data, is_end, time.perf_counter() - self._began)


async def _next(pieces: AsyncIterator[tuple[bytes, bool]]) -> tuple[bytes, bool, Ended | None]:
    """The next piece of a body, whether it ends an HTTP chunk, and how the body has ended if it has."""
    try:
        return *await pieces.__anext__(), None
    except StopAsyncIteration:
        return b"", False, "complete"
    except UpstreamDied:
        return b"", False, "upstream_died"


def _measured(headers: RawHeaders) -> tuple[RawHeaders, int | None]:
    """The headers without the length of the body, and that."""
    said = next((value for name, value in headers if name == b"content-length"), b"")
    others = tuple(pair for pair in headers if pair[0] != b"content-length")
    return others, int(said) if said.isdigit() else None


def _gone(call: Call) -> bool:
    """Whether the client has left; true where nobody can tell."""
    event = call.connection.event if call.connection is not None else None
    return event is None or event.closed is not None or event.dropped is not None


def _running() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def _refused(status: int, reason: str) -> Iterator[Frame]:
    body = json.dumps({"error": reason, "error_type": "recorder"}).encode()
    yield Head(status, JSON, len(body))
    yield Body(body)
