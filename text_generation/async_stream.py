"""AsyncStream: an answer that arrives piece by piece, over the async client.

The same as Stream, awaited: iterating sends the request and hands out the items; it ends after the final
event, or raises; leaving an `async for` loop early closes the connection at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._alarm import taken_back
from ._exchange import Exchange
from ._stream_base import StreamFacts, StreamState
from .errors import TextGenerationError, TransportError

if TYPE_CHECKING:
    from ._aiohttp import Reply, Transport

__all__ = ["AsyncStream"]

A = TypeVar("A")
E = TypeVar("E")


class _State(StreamState[E, A]):
    """A stream over aiohttp, as the generator that reads it knows it."""

    def __init__(
        self,
        start: Callable[[], Exchange[A, E]],
        transport: Callable[[], Transport],
        ready: Callable[[], Awaitable[None]] | None,
    ) -> None:
        super().__init__(start)
        self.transport = transport
        self.ready = ready
        self.reply: Reply | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.task: asyncio.Task[Any] | None = None

    async def run(self) -> AsyncGenerator[E, None]:
        if self.over:
            return
        if self.ready is not None:
            await self.ready()
        exchange = self.begin()
        transport = self.transport()
        self.loop = asyncio.get_running_loop()
        while True:
            try:
                reply = self.reply = await self.waiting(transport.send(exchange))
                if exchange.head(reply.status, reply.headers):
                    await reply.drain()
                    continue
                reader = self.reader = exchange.reader()
                if reader is None:
                    raise exchange.refusal(await self.waiting(reply.read_all()))
                while not reader.done:
                    try:
                        data = await reply.read(not reader.seen)
                        exchange.came()
                        if data:
                            reader.feed(data)
                            del data  # the reader remembers what it needs
                        else:
                            reader.finish()
                    except TransportError as error:
                        reader.fail(error)
                    while items := reader.take():
                        exchange.arrived(reader.count)
                        for item in items:
                            yield item
                        if self.closed:
                            return
                await reply.drain()
                self.end()
                return
            except TextGenerationError as error:
                self.release()
                if self.closed:
                    raise self.cancelled() from error
                try:
                    delay = exchange.failed(error)
                except TextGenerationError:
                    self.error = error
                    raise
                await self.waiting(asyncio.sleep(delay))
            finally:
                self.release()

    async def waiting(self, something: Awaitable[Any]) -> Any:
        """Await in a way that `cancel` can end, without taking the caller's own cancellation for ours."""
        try:
            self.task = asyncio.current_task()
            return await something
        except asyncio.CancelledError:
            if self.closed and taken_back(self.task):
                raise self.cancelled() from None
            raise
        finally:
            self.task = None

    def cancel(self) -> None:
        """End the stream without waiting, from wherever this is called."""
        if self.over:
            return
        loop = self.loop
        if loop is None:  # not begun
            self.closed = True
            return
        reader = self.reader
        if reader is not None and reader.complete and reader.done and self.task is None:
            self.end()  # left at the final event: nothing is missing
        self.closed = True
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is loop or loop.is_closed():
            self.abort()
            return
        try:
            loop.call_soon_threadsafe(self.abort)
        except RuntimeError:  # closed in this very moment
            self.abort()

    def abort(self) -> None:
        """On the stream's own loop: close the connection, and wake the task that waits on it."""
        self.release()
        if self.task is not None:
            self.task.cancel()

    def release(self) -> None:
        """Let go of the connection."""
        reply, self.reply = self.reply, None
        if reply is not None:
            reply.release()


class AsyncStream(StreamFacts[_State[Any, Any], E], Generic[E, A]):
    """Iterate over it with `async for`; `text`, `items` and `meta` tell what has arrived; `await result()`
    reads it to its end.

    `cancel()` may be called from any task or thread: whoever waits for the next item gets a
    CancelledGenerationError. `ready` is awaited once, before the request is sent.
    """

    __slots__ = ("_generator",)

    def __init__(
        self,
        start: Callable[[], Exchange[A, E]],
        transport: Callable[[], Transport],
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(_State(start, transport, ready))
        self._generator: AsyncGenerator[E, None] = self._state.run()

    def __aiter__(self) -> AsyncIterator[E]:
        return _UntilLeft(self)

    def __anext__(self) -> Awaitable[E]:
        return self._generator.__anext__()

    async def __aenter__(self) -> AsyncStream[E, A]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if hasattr(self, "_generator"):
            self._state.cancel()

    async def result(self) -> A:
        """Read what is left and return the whole answer, as the call without a stream would have.

        Raises what the stream ends in: a server error, IncompleteGenerationError, a timeout.
        """
        async for _ in self._generator:
            pass
        answer: A = self._state.whole()
        return answer

    async def aclose(self) -> None:
        """Close the connection now, whatever is still to come."""
        self._state.cancel()

    close = aclose

    def cancel(self) -> None:
        """`aclose` without waiting; safe from any thread, and more than once."""
        self._state.cancel()


class _UntilLeft(Generic[E]):
    """The iterator of one `async for`: whoever drops it before its end (a `break`) closes the stream.

    An object of its own and no generator, because those are finalised later, on the loop's next turn.
    """

    __slots__ = ("_next", "_stream")

    def __init__(self, stream: AsyncStream[E, Any]) -> None:
        self._stream = stream
        self._next = stream._generator.__anext__

    def __aiter__(self) -> _UntilLeft[E]:
        return self

    def __anext__(self) -> Awaitable[E]:
        return self._next()

    def __del__(self) -> None:
        if hasattr(self, "_stream"):
            self._stream.cancel()
