"""What the two stream objects share: the facts about a stream, whoever reads it. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from ._exchange import Exchange, attach
from ._streams import StreamReader
from .errors import CancelledGenerationError, Partial, TextGenerationError
from .meta import Meta

__all__ = ["StreamFacts"]

A = TypeVar("A")
E = TypeVar("E")


class StreamFacts(Generic[E, A]):
    """A stream that may not have begun. `start` builds the exchange at the first use, as published:
    until then nothing is sent and no parameter is looked at."""

    __slots__ = ("__weakref__", "_closed", "_error", "_exchange", "_finished", "_meta", "_reader", "_start")

    def __init__(self, start: Callable[[], Exchange[A, E]]) -> None:
        self._start = start
        self._exchange: Exchange[A, E] | None = None
        self._reader: StreamReader[E] | None = None
        self._error: TextGenerationError | None = None
        self._meta = Meta()
        self._finished = False
        self._closed = False

    @property
    def text(self) -> str:
        """The text so far, special tokens left out."""
        return "" if self._reader is None else self._reader.text

    @property
    def items(self) -> list[E]:
        """The items that have arrived so far."""
        return [] if self._reader is None else list(self._reader.items)

    @property
    def meta(self) -> Meta:
        """Status, headers and timings; filled in as the stream is read."""
        return self._meta if self._exchange is None else self._exchange.meta

    @property
    def closed(self) -> bool:
        """Whether the stream has ended, failed, or been closed: it holds no connection."""
        return self._closed or self._finished or self._error is not None

    def _begin(self) -> Exchange[A, E]:
        if self._exchange is None:
            self._exchange = self._start()
        return self._exchange

    def _end(self) -> None:
        """The final event has been handed out."""
        self._finished = True
        exchange, reader = self._exchange, self._reader
        if exchange is None or reader is None:
            return
        exchange.meta.usage = usage_of(reader.latest)
        exchange.ended()

    def _cancelled(self) -> CancelledGenerationError:
        count = 0 if self._reader is None else self._reader.count
        error = CancelledGenerationError(
            f"The stream was closed after {count} event{'s' * (count != 1)}, before its final one"
        )
        error.partial = Partial() if self._reader is None else self._reader.partial
        if self._exchange is not None:
            self._exchange.described(error)
        return error

    def _whole(self) -> A:
        """The answer that the items amount to; raises what the stream ended in."""
        if self._error is not None:
            raise self._error
        if not self._finished or self._exchange is None or self._reader is None:
            raise self._cancelled()
        fold = self._exchange.operation.fold
        assert fold is not None, "a stream's operation says how to fold it"
        answer = fold(self._reader.items)
        meta = self._exchange.meta
        parse = self._exchange.operation.parse
        if parse is not None:
            try:
                object.__setattr__(answer, "_parsed", parse(answer))
            except TextGenerationError as error:
                error.partial = self._reader.partial
                raise self._exchange.described(error) from error.__cause__
        attach(answer, meta)
        return answer


def usage_of(items: Sequence[Any]) -> Mapping[str, Any] | None:
    """The token counts that the last items of a stream report."""
    for item in reversed(items):
        usage, details = getattr(item, "usage", None), getattr(item, "details", None)
        if isinstance(usage, dict):
            return usage
        if details is not None:
            return {"prompt_tokens": details.input_length, "completion_tokens": details.generated_tokens}
    return None
