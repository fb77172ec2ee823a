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

    __slots__ = ("_expected", "_seen", "_step")

    def __init__(self) -> None:
        super().__init__()
        self._seen = 0
        self._expected: int | None = -1  # the next index; None where the server gives none
        self._step = 0

    def see(self, items: Sequence[Any]) -> int:
        """Look at some items; how many of them belong to the stream. What is out of order does not."""
        expected, step = self._expected, self._step
        for count, item in enumerate(items, start=1):
            if item.index == expected:
                if step:
                    expected += step  # type: ignore[operator]
            else:
                self._expected = expected
                if not self._fits(item.index, self._seen + count):
                    return count - 1
                expected, step = self._expected, self._step
            if item.details is not None or item.generated_text is not None:
                self.complete = self.last = True
                return count
        self._expected = expected
        self._seen += len(items)
        return len(items)

    def _fits(self, index: int | None, count: int) -> bool:
        """Whether this index, which is not the expected one, may be that of the item in this place."""
        expected = self._expected
        if count == 1:
            counts = index == 0 or index == 1
            self._step = 1 if counts else 0
            self._expected = index + 1 if counts and index is not None else index
            return True
        if expected is None:  # one that did not count in the beginning
            return True
        if index is None:
            self._expected = expected + self._step
            return True
        if count == 2 and index == expected - self._step:  # the first index again: it does not count
            self._expected, self._step = index, 0
            return True
        self.wrong = (
            f"The stream's events do not count up from 1: event {count} has the index {index}, after "
            f"{expected - self._step}. One came twice, late or not at all, so the text is not the server's. "
            "Look at what stands between the server and this client."
        )
        return False


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
