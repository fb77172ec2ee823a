"""What every call of AsyncClient does: find its settings, send, read, try again. Knows no route."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ._base import CallOptions, ClientBase
from .errors import TextGenerationError

if TYPE_CHECKING:
    from ._aiohttp import Transport
    from ._exchange import Exchange
    from ._operations import Operation
    from .async_stream import AsyncStream

__all__ = ["AsyncCaller"]

A = TypeVar("A")
E = TypeVar("E")


class AsyncCaller(ClientBase):
    """Carries out operations. `_network` holds the arguments of its transport, made when first used."""

    _network: tuple[Any, ...]
    _made: Transport | None = None

    def _transport(self) -> Transport:
        if self._made is None:
            from ._aiohttp import Transport

            self._made = Transport(*self._network)
        return self._made

    def _exchange(self, operation: Operation[A, E], options: CallOptions, stream: bool) -> Exchange[A, E]:
        transport = self._transport()
        settings = self._settings(options, transport.around(operation.url).authorization)
        return transport.exchange(operation, settings, stream)

    async def _ready(self) -> None:
        """Awaited before the first request; for clients that have something to find out."""

    async def _call(self, operation: Operation[A, Any], options: CallOptions) -> A:
        """Send, read the whole answer, retry as asked."""
        await self._ready()
        return await self._call_now(operation, options)

    async def _call_now(self, operation: Operation[A, Any], options: CallOptions) -> A:
        exchange = self._exchange(operation, options, stream=False)
        transport = self._transport()
        while True:
            try:
                reply = await transport.send(exchange)
                redirected = exchange.head(reply.status, reply.headers)
                body = await reply.read_all()
                if not redirected:
                    return exchange.answer(body)
            except TextGenerationError as error:
                await asyncio.sleep(exchange.failed(error))

    def _stream(self, operation: Callable[[], Operation[A, E]], options: CallOptions) -> AsyncStream[E, A]:
        from .async_stream import AsyncStream

        return AsyncStream(
            lambda: self._exchange(operation(), options, stream=True), self._transport, self._ready
        )
