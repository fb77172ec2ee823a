"""What makes two requests the same to a model, and the seeds of those that bring none.

Everything random in the fake follows from a hash of the server's seed and of the request. The hash is the
same in every process, and Python's own is not.
"""

from __future__ import annotations

from hashlib import blake2b
from operator import attrgetter
from struct import Struct
from typing import Final

from .remembered import Remembered
from .shard import Sampling, ShardRequest
from .tallies import LocalTally, Tally

__all__ = ["SeedSource", "canonical", "key_of"]

_SAMPLING = Struct("<dqddBddB")
_fields = attrgetter(
    "temperature", "top_k", "top_p", "typical_p", "do_sample",
    "repetition_penalty", "frequency_penalty", "watermark",
)  # fmt: skip
_REST = Struct("<Bq")


def _sampling(sampling: Sampling) -> bytes:
    return _SAMPLING.pack(*_fields(sampling))


_sampled: Final = Remembered(_sampling)


def canonical(request: ShardRequest, seed: int | None) -> bytes:
    """What a model sees of a request, as bytes: limits and what is only reported are left out."""
    sampling = request.sampling
    head = _sampled(sampling.like or sampling) + _REST.pack(request.add_special_tokens, request.input_length)
    text = request.inputs if request.adapter_id is None else f"{request.adapter_id}\0{request.inputs}"
    if seed is not None:
        text = f"{seed}\0{text}"
    return head + text.encode("utf-8", "surrogatepass")


def key_of(seed: int) -> bytes:
    """A server's seed (any integer) as the key of a hash."""
    return (seed % 2**64).to_bytes(8, "little")


class SeedSource:
    """Draws the seeds of sampling requests that bring none.

    A seed follows from the server's seed, the request, and how often the same request was seen before, so
    it does not matter what else was asked in between. `tally` keeps the counts; None: one of its own.
    """

    def __init__(self, seed: int = 0, tally: Tally | None = None) -> None:
        self._seen = tally or LocalTally()
        self._key_with(seed)

    def _key_with(self, seed: int) -> None:
        self._key = key_of(seed)
        self._asked = blake2b(digest_size=16, key=self._key)  # to be copied, which costs less than a new one
        self._first = self._again(0)

    def _again(self, times: int) -> blake2b:
        return blake2b(digest_size=8, salt=times.to_bytes(16, "little"), key=self._key)

    def draw(self, request: ShardRequest) -> int:
        """A seed for `request`, 64 bits; the one it carries does not count."""
        asked = self._asked.copy()
        asked.update(canonical(request, None))
        found = asked.digest()
        times = self._seen.next(found)
        again = self._again(times) if times else self._first.copy()
        again.update(found)
        return int.from_bytes(again.digest(), "little")

    def reseed(self, seed: int) -> None:
        """Draws from another server's seed from now on."""
        self._key_with(seed)
        self.clear()

    def clear(self) -> None:
        """Forgets which requests were seen."""
        self._seen.clear()
