"""Randomness for each request: from the server's seed, what was asked, and how often it was asked before.

So the same seed gives the same chances whatever else was asked in between, and whoever asked it; asking
again gives other ones, so that a retry may succeed.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random

from .seeds import key_of
from .tallies import LocalTally, Tally

__all__ = ["Chances"]


class Chances:
    """Generators of one server. `tally` keeps how often what was asked; None: one of its own."""

    def __init__(self, seed: int, tally: Tally | None = None) -> None:
        self._key = key_of(seed)
        self._seen = tally or LocalTally()

    def ticket(self, asked: bytes) -> bytes:
        """What stands for this asking of `asked`: no two askings on one server share it."""
        found = blake2b(asked, digest_size=16, key=self._key).digest()
        times = self._seen.next(found)
        return found + times.to_bytes(8, "little")

    def random(self, ticket: bytes, purpose: bytes = b"") -> Random:
        """A generator for one `purpose` of one asking; others do not disturb it."""
        digest = blake2b(ticket + purpose, digest_size=16, key=self._key).digest()
        return Random(int.from_bytes(digest, "little"))  # noqa: S311  repeatable on purpose

    def clear(self) -> None:
        """Forgets what was asked."""
        self._seen.clear()
