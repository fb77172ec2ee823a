"""What generations that run side by side cost the model together.

The router asks the model for a batch at a time. Of the generations that one request starts, the first is
prefilled alone, all others behind it in one call, and from then on each call is a step of all of them
(backends/v3/src/backend.rs). So a batch takes as many steps as its longest generation.
"""

from __future__ import annotations

from .quick_values import dataclass

__all__ = ["Batch", "Calls"]


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of the model that one generation adds to those of its batch, and how many of them succeed.

    `joined` is the number of generations that its prefill took up behind the first one; 0: none.
    """

    prefills: int
    prefilled: int
    decodes: int
    decoded: int
    joined: int = 0


class Batch:
    """The generations of one request. `size` is how many they are."""

    __slots__ = ("_booked", "_decoded", "_decodes", "_size")

    def __init__(self, size: int) -> None:
        self._size = size
        self._booked = self._decodes = self._decoded = 0

    def calls(self, tokens: int, failed: bool) -> Calls:
        """What a generation of so many tokens adds; `failed`: one more call, which fails."""
        place, self._booked = self._booked, self._booked + 1
        decodes, decoded = max(tokens + failed - 1, 0), max(tokens - 1, 0)
        more, good = max(decodes - self._decodes, 0), max(decoded - self._decoded, 0)
        self._decodes, self._decoded = self._decodes + more, self._decoded + good
        prefills = int(place < 2)
        return Calls(
            prefills, prefills if tokens else 0, more, good, joined=self._size - 1 if place == 1 else 0
        )
