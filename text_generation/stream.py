"""Stream: an answer that arrives piece by piece, over the sync client.

Iterating sends the request and hands out the items as they arrive. It ends after the final event, or raises;
it never ends silently in the middle. Leaving a `for` loop early closes the connection at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from types import GeneratorType, TracebackType
from typing import TYPE_CHECKING, TypeVar

from ._exchange import Exchange
from ._stream_base import StreamFacts
from .errors import TextGenerationError, TransportError

if TYPE_CHECKING:
    from ._requests import Reply, Transport

__all__ = ["Stream"]

A = TypeVar("A")
E = TypeVar("E")


class Stream(StreamFacts[E, A]):
    """Iterate over it; `text`, `items` and `meta` tell what has arrived; `result()` reads it to its end.

    `close()` may be called from any thread: a thread that waits for the next item gets a
    CancelledGenerationError. Reading again after that ends at once, like a closed generator.
    """

    __slots__ = ("_generator", "_pause", "_reply", "_sending", "_transport")

    def __init__(self, start: Callable[[], Exchange[A, E]], transport: Callable[[], Transport]) -> None:
        super().__init__(start)
        self._transport = transport
        self._reply: Reply | None = None
        self._sending: object = None
        self._pause = threading.Event()
        # A GeneratorType, to see whether a thread is in it.
        self._generator: GeneratorType[E, None, None] = self._run()  # type: ignore[assignment]

    def __iter__(self) -> Iterator[E]:
        return self._until_left()

    def __next__(self) -> E:
        return next(self._generator)

    def __enter__(self) -> Stream[E, A]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_reply", None) is not None:
            self.close()

    def result(self) -> A:
        """Read what is left and return the whole answer, as the call without a stream would have.

        Raises what the stream ends in: a server error, IncompleteGenerationError, a timeout.
        """
        for _ in self._generator:
            pass
        return self._whole()

    def close(self) -> None:
        """Close the connection now, whatever is still to come. Safe from any thread, and more than once."""
        if self.closed:
            return
        self._closed = True
        if self._generator.gi_running:  # another thread is in there: wake it, it cleans up
            self._pause.set()
            sending, reply = self._sending, self._reply
            if sending is not None:
                sending.cancel()  # type: ignore[attr-defined]
            if reply is not None:
                reply.wake()
        else:
            self._generator.close()

    cancel = close

    def _until_left(self) -> Iterator[E]:
        """The items; whoever drops this before its end (a `break`) closes the stream."""
        try:
            yield from self._generator
        finally:
            self.close()

    def _run(self) -> Generator[E, None, None]:  # a generator, so that each item costs no call
        if self._closed:
            return
        from ._requests import Sending

        exchange = self._begin()
        transport = self._transport()
        while True:
            try:
                self._sending = sending = Sending()
                reply = self._reply = transport.send(exchange, sending)
                if exchange.head(reply.status, reply.headers):
                    reply.drain()
                    continue
                reader = self._reader = exchange.reader()
                if reader is None:
                    raise exchange.refusal(reply.read_all())
                while not reader.done:
                    try:
                        data = reply.read(not reader.seen)
                        if data:
                            reader.feed(data)
                        else:
                            reader.finish()
                    except TransportError as error:
                        reader.fail(error)
                    while items := reader.take():
                        exchange.arrived(reader.count)
                        yield from items
                reply.drain()
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
                self._pause.wait(delay)
                if self._closed:
                    raise self._cancelled() from error
            except GeneratorExit:
                reader = self._reader
                if reader is not None and reader.complete and self._reply is not None:
                    self._reply.drain()
                    self._reply = None
                    self._end()
                raise
            finally:
                self._release()

    def _release(self) -> None:
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.release()
