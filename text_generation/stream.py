"""Stream: an answer that arrives piece by piece, over the sync client.

Iterating sends the request and hands out the items as they arrive. It ends after the final event, or raises;
it never ends silently in the middle. Leaving a `for` loop early closes the connection at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from types import GeneratorType, TracebackType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ._exchange import Exchange
from ._stream_base import StreamFacts, StreamState
from .errors import TextGenerationError, TransportError

if TYPE_CHECKING:
    from ._requests import Reply, Sending, Transport

__all__ = ["Stream"]

A = TypeVar("A")
E = TypeVar("E")


class _State(StreamState[E, A]):
    """A stream over requests, as the generator that reads it knows it."""

    def __init__(self, start: Callable[[], Exchange[A, E]], transport: Callable[[], Transport]) -> None:
        super().__init__(start)
        self.transport = transport
        self.reply: Reply | None = None
        self.sending: Sending | None = None
        self.woken = threading.Event()

    def run(self) -> Generator[E, None, None]:  # a generator, so that an item costs no call
        if self.closed:
            return
        from ._requests import STREAM_BUFFER, Sending

        exchange = self.begin()
        transport = self.transport()
        while True:
            try:
                self.sending = Sending(STREAM_BUFFER)
                reply = self.reply = transport.send(exchange, self.sending)
                if exchange.head(reply.status, reply.headers):
                    reply.drain()
                    continue
                reader = self.reader = exchange.reader()
                if reader is None:
                    raise exchange.refusal(reply.read_all())
                while not reader.done:
                    try:
                        data = reply.read(not reader.seen)
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
                        yield from items
                reply.drain()
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
                self.woken.wait(delay)
                if self.closed:
                    raise self.cancelled() from error
            except GeneratorExit:
                if self.reader is not None and self.reader.complete and self.reply is not None:
                    self.reply.drain()  # left at the final event: nothing is missing
                    self.end()
                raise
            finally:
                self.release()

    def wake(self) -> None:
        """Make another thread, which is in `run`, leave it."""
        self.woken.set()
        sending, reply = self.sending, self.reply
        if sending is not None:
            sending.cancel()
        if reply is not None:
            reply.wake()

    def release(self) -> None:
        """Let go of the connection."""
        reply, self.reply = self.reply, None
        if reply is not None:
            reply.release()


class Stream(StreamFacts[_State[Any, Any], E], Generic[E, A]):
    """Iterate over it; `text`, `items` and `meta` tell what has arrived; `result()` reads it to its end.

    `close()` may be called from any thread: a thread that waits for the next item gets a
    CancelledGenerationError. Reading again after that ends at once, like a closed generator.
    """

    __slots__ = ("_generator",)

    def __init__(self, start: Callable[[], Exchange[A, E]], transport: Callable[[], Transport]) -> None:
        super().__init__(_State(start, transport))
        # A GeneratorType, to see whether a thread is in it.
        self._generator: GeneratorType[E, None, None] = self._state.run()  # type: ignore[assignment]

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
        if hasattr(self, "_generator"):
            self.close()

    def result(self) -> A:
        """Read what is left and return the whole answer, as the call without a stream would have.

        Raises what the stream ends in: a server error, IncompleteGenerationError, a timeout.
        """
        for _ in self._generator:
            pass
        answer: A = self._state.whole()
        return answer

    def close(self) -> None:
        """Close the connection now, whatever is still to come. Safe from any thread, and more than once."""
        state = self._state
        if state.over:
            return
        state.closed = True
        if self._generator.gi_running:  # another thread is in there: it cleans up
            state.wake()
        else:
            self._generator.close()

    cancel = close

    def _until_left(self) -> Iterator[E]:
        """The items; whoever drops this before its end (a `break`) closes the stream."""
        try:
            yield from self._generator
        finally:
            self.close()
