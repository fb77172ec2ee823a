"""AsyncStream: an answer that arrives piece by piece, over the async client.

The same as Stream, awaited: iterating sends the request and hands out the items; it ends after the final
event, or raises; leaving an `async for` loop early closes the connection at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._exchange import Exchange
from ._stream_base import StreamFacts
from .errors import TextGenerationError, TransportError

if TYPE_CHECKING:
    from ._aiohttp import Reply, Transport

__all__ = ["AsyncStream"]

A = TypeVar("A")
E = TypeVar("E")


class AsyncStream(StreamFacts[E, A]):
    """Iterate over it with `async for`; `text`, `items` and `meta` tell what has arrived; `await result()`
    reads it to its end.

    `cancel()` may be called from any task or thread: whoever waits for the next item gets a
    CancelledGenerationError. `ready` is awaited once, before the request is sent.
    """

    __slots__ = ("_generator", "_loop", "_ready", "_reply", "_task", "_transport")

    def __init__(
        self,
        start: Callable[[], Exchange[A, E]],
        transport: Callable[[], Transport],
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(start)
        self._transport = transport
        self._ready = ready
        self._reply: Reply | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None
        self._generator: AsyncGenerator[E, None] | None = None

    def __aiter__(self) -> AsyncIterator[E]:
        return _UntilLeft(self)

    def __anext__(self) -> Awaitable[E]:
        return self._items().__anext__()

    async def __aenter__(self) -> AsyncStream[E, A]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        if getattr(self, "_reply", None) is not None:
            self.cancel()

    async def result(self) -> A:
        """Read what is left and return the whole answer, as the call without a stream would have.

        Raises what the stream ends in: a server error, IncompleteGenerationError, a timeout.
        """
        async for _ in self._items():
            pass
        return self._whole()

    async def aclose(self) -> None:
        """Close the connection now, whatever is still to come."""
        self.cancel()

    close = aclose

    def cancel(self) -> None:
        """`aclose` without waiting; safe from any thread, and more than once."""
        if self.closed:
            return
        loop = self._loop
        if loop is None:
            self._closed = True
            return
        try:
            here: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is not loop and not loop.is_closed():
            self._closed = True
            try:
                loop.call_soon_threadsafe(self._abort)
            except RuntimeError:  # closed in this very moment
                self._abort()
        else:
            reader = self._reader
            if reader is not None and reader.complete and reader.done and self._error is None:
                self._end()  # left at the final event: nothing is missing
            self._closed = True
            self._abort()

    def _abort(self) -> None:
        """On the stream's own loop: close the connection, and wake the task that waits on it."""
        self._release()
        task = self._task
        if task is not None:
            task.cancel()

    def _items(self) -> AsyncGenerator[E, None]:
        if self._generator is None:
            self._generator = self._run()
        return self._generator

    async def _waiting(self, something: Awaitable[Any]) -> Any:
        """Await in a way that `cancel` can end, without taking the caller's own cancellation for ours."""
        try:
            self._task = asyncio.current_task()
            return await something
        except asyncio.CancelledError:
            if self._closed and not _cancelled_by_others(self._task):
                raise self._cancelled() from None
            raise
        finally:
            self._task = None

    async def _run(self) -> AsyncGenerator[E, None]:
        if self.closed:
            return
        if self._ready is not None:
            await self._ready()
        exchange = self._begin()
        transport = self._transport()
        self._loop = asyncio.get_running_loop()
        while True:
            try:
                reply = self._reply = await self._waiting(transport.send(exchange))
                if exchange.head(reply.status, reply.headers):
                    await reply.drain()
                    continue
                reader = self._reader = exchange.reader()
                if reader is None:
                    raise exchange.refusal(await self._waiting(reply.read_all()))
                while not reader.done:
                    try:
                        data = await reply.read(not reader.seen)
                        if data:
                            reader.feed(data)
                        else:
                            reader.finish()
                    except TransportError as error:
                        reader.fail(error)
                    while items := reader.take():
                        exchange.arrived(reader.count)
                        for item in items:
                            yield item
                        if self._closed:
                            return
                await reply.drain()
                self._reply = None
                self._end()
                return
            except TextGenerationError as error:
                self._release()
                if self._closed:
                    raise self._cancelled() from error
                try:
                    delay = exchange.failed(error)
                except TextGenerationError:
                    self._error = error
                    raise
                await self._waiting(asyncio.sleep(delay))
            finally:
                self._release()

    def _release(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.release()


def _cancelled_by_others(task: asyncio.Task[Any] | None) -> bool:
    """Take our own cancellation back; whether another one is pending (Python 3.11 counts them)."""
    if task is None or not hasattr(task, "uncancel"):
        return False
    left: int = task.uncancel()
    return left > 0


class _UntilLeft(Generic[E]):
    """The iterator of one `async for`: whoever drops it before its end (a `break`) closes the stream.

    An object of its own and no generator, because those are finalised later, on the loop's next turn.
    """

    __slots__ = ("_next", "_stream")

    def __init__(self, stream: AsyncStream[E, Any]) -> None:
        self._stream = stream
        self._next = stream._items().__anext__

    def __aiter__(self) -> _UntilLeft[E]:
        return self

    def __anext__(self) -> Awaitable[E]:
        return self._next()

    def __del__(self) -> None:
        stream = getattr(self, "_stream", None)
        if stream is not None and stream._reply is not None:
            stream.cancel()
