"""How bytes are cut on their way: what a reader of a stream must not notice.

A segmentation is a rule, not a list of places, so that it can be chosen before the bytes are known. Nothing
is lost, added or moved by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, cycle, repeat

__all__ = ["Segmentation"]


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Sizes of pieces in bytes, the first piece first.

    What is left over after the last size is one piece or, with `again`, is cut by the same sizes from the
    start. A size of 0 is an empty piece. No sizes: everything in one piece. Raises ValueError for a size
    below 0, and for sizes that would repeat for ever.
    """

    sizes: tuple[int, ...] = ()
    again: bool = False

    def __post_init__(self) -> None:
        if any(size < 0 for size in self.sizes) or (self.again and not any(self.sizes)):
            raise ValueError(f"expected sizes of at least 0, and one above 0 to repeat, got {self.sizes}")

    @classmethod
    def at(cls, offsets: Iterable[int]) -> Segmentation:
        """Cut at these offsets, in any order; each counts once, and 0 not at all."""
        places = sorted(set(offsets) - {0})
        return cls(tuple(end - start for start, end in zip([0, *places], places, strict=False)))

    def cut(self, data: bytes) -> list[bytes]:
        """`data` in pieces that together are `data`; one empty piece for no data."""
        pieces: list[bytes] = []
        at = 0
        for size in cycle(self.sizes) if self.again else chain(self.sizes, repeat(len(data), 1)):
            if at >= len(data):
                break
            pieces.append(data[at : at + size])
            at += size
        return pieces or [b""]
