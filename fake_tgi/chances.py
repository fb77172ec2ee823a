"""Randomness for each request: from the server's seed, what was asked, and how often it was asked before.

So the same seed gives the same chances whatever else was asked in between, and whoever asked it; asking
again gives other ones, so that a retry may succeed.
"""

from __future__ import annotations

from hashlib import blake2b
from random import Random

from .caches import BoundedCache
from .seeds import key_of

__all__ = ["Chances"]


class Chances:
    """Generators of one server. The counts of the last 100,000 different requests or so are kept."""

    def __init__(self, seed: int) -> None:
        self._key = key_of(seed)
        self._seen: BoundedCache[bytes, int] = BoundedCache(entries=100_000, size=100_000)

    def ticket(self, asked: bytes) -> bytes:
        """What stands for this asking of `asked`: no two askings on one server share it."""
        found = blake2b(asked, digest_size=16, key=self._key).digest()
        times = self._seen.get(found) or 0
        self._seen.put(found, times + 1)
        return found + times.to_bytes(8, "little")

    def random(self, ticket: bytes, purpose: bytes = b"") -> Random:
        """A generator for one `purpose` of one asking; others do not disturb it."""
        digest = blake2b(ticket + purpose, digest_size=16, key=self._key).digest()
        return Random(int.from_bytes(digest, "little"))  # noqa: S311  repeatable on purpose

    def clear(self) -> None:
        """Forgets what was asked."""
        self._seen.clear()
