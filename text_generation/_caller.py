"""What every call of Client does: find its settings, send, read, try again. Knows no route."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ._base import CallOptions, ClientBase
from .errors import TextGenerationError

if TYPE_CHECKING:
    from ._exchange import Exchange
    from ._operations import Operation
    from ._requests import Transport
    from .stream import Stream

__all__ = ["Caller"]

A = TypeVar("A")
E = TypeVar("E")


class Caller(ClientBase):
    """Carries out operations. `_network` holds the arguments of its transport, made when first used."""

    _network: tuple[Any, ...]
    _made: Transport | None = None
    timeout: Any

    def _transport(self) -> Transport:
        if self._made is None:
            from ._requests import Transport

            self._made = Transport(*self._network)
        return self._made

    def _exchange(self, operation: Operation[A, E], options: CallOptions, stream: bool) -> Exchange[A, E]:
        self._timeout = self.timeout  # may have been assigned to
        transport = self._transport()
        settings = self._settings(options, transport.around(operation.url).authorization)
        return transport.exchange(operation, settings, stream)

    def _call(self, operation: Operation[A, Any], options: CallOptions) -> A:
        """Send, read the whole answer, retry as asked."""
        exchange = self._exchange(operation, options, stream=False)
        transport = self._transport()
        while True:
            try:
                reply = transport.send(exchange)
                try:
                    redirected = exchange.head(reply.status, reply.headers)
                    body = reply.read_all()
                finally:
                    reply.release()
                if not redirected:
                    return exchange.answer(body)
            except TextGenerationError as error:
                _pause(exchange.failed(error))

    def _stream(self, operation: Callable[[], Operation[A, E]], options: CallOptions) -> Stream[E, A]:
        from .stream import Stream

        return Stream(lambda: self._exchange(operation(), options, stream=True), self._transport)


def _pause(seconds: float) -> None:
    import time

    time.sleep(seconds)
