"""An answer while it goes past: what of it is passed on, and what is written down of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ..frames import RawHeaders
from ..hop_headers import HOP_HEADERS
from .recording import Ended
from .upstream import Answer

__all__ = ["GRACE", "Passing", "passed_on"]

# Many clients go once they have seen the last event, a moment before the server has closed the answer.
GRACE: Final = 0.05
"""Seconds that an answer may take to end when its client has left."""

# The server in front of us sends its own.
_NOT_PASSED_ON: Final = HOP_HEADERS | {"date", "server"}


@dataclass(slots=True)
class Passing:
    """An answer while it goes past."""

    answer: Answer | None = None
    pieces: list[bytes] = field(default_factory=list)
    chunks: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    ended: Ended = "client_left"

    def piece(self, data: bytes, is_end: bool, seconds: float) -> None:
        if data:
            self.pieces.append(data)
        if is_end or (data and not self._chunked):
            self.chunk(seconds)

    def chunk(self, seconds: float) -> None:
        if self.pieces:
            self.chunks.append(b"".join(self.pieces))
            self.times.append(round(seconds, 6))
            self.pieces.clear()

    def close(self, seconds: float) -> None:
        """What stands between two ends of chunks counts as one; a body that is not chunked is one."""
        self.chunk(seconds)
        if not self._chunked and len(self.chunks) > 1:
            self.chunks, self.times = [b"".join(self.chunks)], self.times[-1:]

    @property
    def _chunked(self) -> bool:
        return self.answer is not None and self.answer.chunked


def passed_on(answer: Answer) -> RawHeaders:
    """The headers that a client gets."""
    return tuple(
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers
        if name not in _NOT_PASSED_ON
    )
