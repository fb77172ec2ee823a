"""When a stream is over, by what its items say; and whether none of them is missing on the way. No I/O.

A generation stream ends with the only item that has a text or details. Its items count up from 1 (TGI:
router/src/server.rs, `generate_stream_internal`; some others count from 0): what comes twice, late or never
breaks the row, and the text would be another than the server's. A server that gives every item the same
index, or none, does not count, and is believed. Chat and completion streams count nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ._streams import End

__all__ = ["ChoicesEnd", "GenerationEnd"]


class GenerationEnd(End):
    """The end of a generation stream, and the order of its items."""

    __slots__ = ("_next", "_seen", "_step")

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0
        self._next: int | None = -1  # the next index; None where the server gives none
        self._step = 0  # by which it grows; 0 where the server does not count

    def see(self, items: Sequence[Any]) -> int:
        """Look at some items; how many of them belong to the stream. What is out of order does not."""
        expected = self._next
        if self._step and expected is not None:
            for item in items:
                if item.index != expected or item.generated_text is not None or item.details is not None:
                    break
                expected += 1
            else:
                self._next = expected
                self._seen += len(items)
                return len(items)
        return self._see_closely(items)

    def _see_closely(self, items: Sequence[Any]) -> int:
        """The same, for what is not one ordinary item after the other."""
        for count, item in enumerate(items, start=1):
            if not self._fits(item.index):
                return count - 1
            self._seen += 1
            if item.details is not None or item.generated_text is not None:
                self.complete = self.last = True
                return count
        return len(items)

    def _fits(self, index: int | None) -> bool:
        """Whether this index may be that of the next item."""
        expected, seen = self._next, self._seen
        if not seen:
            self._step = 1 if index in (0, 1) else 0
            self._next = index if index is None else index + self._step
        elif expected is None:  # one that did not count in the beginning
            pass
        elif index == expected or index is None:
            self._next = expected + self._step
        elif seen == 1 and index == expected - self._step:  # the first index again: it does not count
            self._next, self._step = index, 0
        else:
            self.wrong = (
                f"The stream's events do not count up from 1: event {seen + 1} has the index {index}, "
                f"after {expected - self._step}. One came twice, late or not at all, so the text is not the "
                "server's. Look at what stands between the server and this client."
            )
            return False
        return True


class ChoicesEnd(End):
    """The end of a chat or completion stream: `expected` choices have each given a finish reason.

    What follows may still be of use (usage), so only `[DONE]` or the end of the bytes is the last of it.
    """

    __slots__ = ("_expected", "_finished", "_seen")

    def __init__(self, expected: int) -> None:
        super().__init__()
        self._expected = expected
        self._seen: set[int] = set()
        self._finished: set[int] = set()

    def see(self, items: Sequence[Any]) -> int:
        """Look at some chunks."""
        for item in items:
            for choice in item.choices:
                self._seen.add(choice.index)
                if choice.finish_reason:
                    self._finished.add(choice.index)
                    if len(self._finished) >= max(self._expected, len(self._seen)):
                        self.complete = True
        return len(items)
