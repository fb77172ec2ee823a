"""Byte strings that begin alike and end alike, kept in little more room than what tells them apart.

The events of a stream are of this kind, but for the last, which is kept as it is. With a thousand streams in
flight, and the last thousand answers in a journal, most of all bytes would be those that never change.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import accumulate

__all__ = ["Packed"]


class Packed:
    """Byte strings in their order. `size`: how many bytes they are."""

    __slots__ = ("_begin", "_data", "_end", "_ends", "_last", "size")

    def __init__(self, parts: Iterable[bytes]) -> None:
        *most, last = parts
        self._begin, self._end, bare = _told_apart(most)
        self._last: bytes | None = last
        self._data = b"".join(bare)
        self._ends = array("I", list(accumulate(map(len, bare))))
        """Where in the data that of each ends."""
        self.size = self._size() + len(last)

    def __len__(self) -> int:
        return len(self._ends) + (self._last is not None)

    def __getitem__(self, index: int) -> bytes:
        """The string at `index`, from 0. Raises IndexError."""
        ends = self._ends
        if index < len(ends):
            return self._begin + self._data[ends[index - 1] if index else 0 : ends[index]] + self._end
        if index > len(ends) or self._last is None:
            raise IndexError(index)
        return self._last

    def __iter__(self) -> Iterator[bytes]:
        return map(self.__getitem__, range(len(self)))

    def cut(self, count: int) -> None:
        """Forgets all but the first `count`."""
        if count < len(self):
            self._last = None
            del self._ends[count:]
            self._data = self._data[: self._ends[-1] if count else 0]
            self.size = self._size()

    def _size(self) -> int:
        return len(self._data) + len(self._ends) * (len(self._begin) + len(self._end))


def _told_apart(parts: list[bytes]) -> tuple[bytes, bytes, list[bytes]]:
    """What all begin with, what all end with, and what each has in between."""
    if len(parts) < 2 or not all(parts):
        return b"", b"", parts
    whole = b"".join(parts)
    for some in (parts[:: len(parts) // 2], parts):  # a few tell it of all, but where one is odd
        begin = reduce(_common, some)
        first = len(begin)
        end = reduce(_common, [part[first:][::-1] for part in some])[::-1]
        behind = -len(end) or None
        bare = [part[first:behind] for part in parts]
        if begin + (end + begin).join(bare) + end == whole:
            return begin, end, bare
    return b"", b"", parts


def _common(one: bytes, other: bytes) -> bytes:
    """What both begin with."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one[:middle] == other[:middle]:
            least = middle
        else:
            most = middle - 1
    return one[:least]
