"""What the two stream objects share: the state of a stream, and the facts it tells. No I/O.

The state is apart from the object that the caller holds, so that dropping that object ends the stream at
once: a generator that knew its own stream would keep it alive until the garbage collector comes by.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ._exchange import Exchange, attach
from ._streams import StreamReader
from .errors import CancelledGenerationError, Partial, TextGenerationError
from .meta import Meta

__all__ = ["StreamFacts", "StreamState"]

A = TypeVar("A")
E = TypeVar("E")
S = TypeVar("S", bound="StreamState[Any, Any]")


class StreamState(Generic[E, A]):
    """One stream, which may not have begun. `start` builds the exchange at the first use, as published:
    until then nothing is sent and no parameter is looked at."""

    def __init__(self, start: Callable[[], Exchange[A, E]]) -> None:
        self._start: Callable[[], Exchange[A, E]] | None = start
        self.exchange: Exchange[A, E] | None = None
        self.reader: StreamReader[E] | None = None
        self.error: TextGenerationError | None = None
        self.finished = False  # the final event has been handed out
        self.closed = False  # somebody closed it

    @property
    def over(self) -> bool:
        """Whether the stream holds no connection any more."""
        return self.closed or self.finished or self.error is not None

    def begin(self) -> Exchange[A, E]:
        """The exchange, made now if need be."""
        if self.exchange is None:
            start, self._start = self._start, None  # and every argument of the call with it
            assert start is not None, "a stream begins once"
            self.exchange = start()
        return self.exchange

    def end(self) -> None:
        """The final event has been handed out."""
        self.finished = True
        if self.exchange is not None and self.reader is not None:
            self.exchange.meta.usage = usage_of(self.reader.latest)
            self.exchange.ended()

    def cancelled(self) -> CancelledGenerationError:
        """The error of a stream that was closed while it was read, or before it was whole."""
        count = 0 if self.reader is None else self.reader.count
        error = CancelledGenerationError(
            f"The stream was closed after {count} event{'s' * (count != 1)}, before its final one"
        )
        error.partial = Partial() if self.reader is None else self.reader.partial
        if self.exchange is not None:
            self.exchange.described(error)
        return error

    def whole(self) -> A:
        """The answer that the items amount to; raises what the stream ended in."""
        if self.error is not None:
            raise self.error
        exchange, reader = self.exchange, self.reader
        if not self.finished or exchange is None or reader is None:
            raise self.cancelled()
        fold, parse = exchange.operation.fold, exchange.operation.parse
        assert fold is not None, "a stream's operation says how to fold it"
        answer = fold(reader.items)
        if parse is not None:
            try:
                object.__setattr__(answer, "_parsed", parse(answer))
            except TextGenerationError as error:
                error.partial = reader.partial
                raise exchange.described(error) from error.__cause__
        attach(answer, exchange.meta)
        return answer


class StreamFacts(Generic[S, E]):
    """What a stream tells, whoever reads it."""

    __slots__ = ("__weakref__", "_meta", "_state")

    def __init__(self, state: S) -> None:
        self._state = state
        self._meta = Meta()

    @property
    def text(self) -> str:
        """The text so far, special tokens left out."""
        return "" if self._state.reader is None else self._state.reader.text

    @property
    def items(self) -> list[E]:
        """The items that have arrived so far."""
        return [] if self._state.reader is None else list(self._state.reader.items)

    @property
    def meta(self) -> Meta:
        """Status, headers and timings; filled in as the stream is read."""
        exchange = self._state.exchange
        return self._meta if exchange is None else exchange.meta

    @property
    def closed(self) -> bool:
        """Whether the stream has ended, failed, or been closed: it holds no connection."""
        return self._state.over


def usage_of(items: Sequence[Any]) -> Mapping[str, Any] | None:
    """The token counts that the last items of a stream report."""
    for item in reversed(items):
        usage, details = getattr(item, "usage", None), getattr(item, "details", None)
        if isinstance(usage, dict):
            return usage
        if details is not None:
            return {"prompt_tokens": details.input_length, "completion_tokens": details.generated_tokens}
    return None
