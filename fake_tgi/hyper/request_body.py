"""The body of a request, as its bytes come in: cut anywhere, framed by a length or in chunks.

Chunks are read as hyper 1.6 reads them: blanks and extensions behind a size mean nothing, trailers are read
and dropped, and anything else is a body that broke off.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

__all__ = ["Body", "BrokenBody", "Chunked", "Sized"]

_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_TRAILER: Final = re.compile(
    rb"(?:[A-Za-z0-9!#$%&'*+.^_`|~-]+:[^\x00-\x08\x0a-\x1f\x7f]*\r\n)*\r\n",
)
_LONGEST_LINE: Final = 16_384
"""Bytes of a chunk's extension, or of all trailers."""


class BrokenBody(Exception):
    """What came is not what the head has announced."""


class Body(Protocol):
    """Takes a body's bytes as they come."""

    done: bool
    """Whether the body is complete."""

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """What `data` has of the body, and what is left over: behind its end, or to be fed again with what
        comes next. Raises BrokenBody, after which nothing may be fed."""
        ...


class Sized:
    """A body of `length` bytes."""

    __slots__ = ("_left", "done")

    def __init__(self, length: int) -> None:
        self._left = length
        self.done = not length

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        taken = data[: self._left]
        self._left -= len(taken)
        self.done = not self._left
        return taken, data[len(taken) :]


class Chunked:
    """A body in chunks."""

    __slots__ = ("_ending", "_left", "_trailing", "done")

    def __init__(self) -> None:
        self._left = 0
        self._ending = False  # a chunk is over, but for its line end
        self._trailing = False
        self.done = False

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        pieces: list[bytes] = []
        at = 0
        while not self.done:
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                pieces.append(piece)
                if self._left:
                    break
                self._ending = True
            elif self._ending:
                end = data[at : at + 2]
                if not b"\r\n".startswith(end):
                    raise BrokenBody
                if len(end) < 2:
                    break
                at += 2
                self._ending = False
            elif self._trailing:
                found = _TRAILER.match(data, at)
                if found is None:
                    if b"\r\n\r\n" in data[at:] or len(data) - at > _LONGEST_LINE:
                        raise BrokenBody
                    if not _could_be_trailers(data[at:]):
                        raise BrokenBody
                    break
                at = found.end()
                self.done = True
            else:
                size = _SIZE.match(data, at)
                if size is None:
                    if not _could_be_size(data[at : at + _LONGEST_LINE]) or len(data) - at > _LONGEST_LINE:
                        raise BrokenBody
                    break
                at = size.end()
                self._left = int(size[1], 16)
                self._trailing = not self._left
        return b"".join(pieces), data[at:]


_BEGUN_SIZE: Final = re.compile(rb"(?:[0-9A-Fa-f]{1,16}(?:[ \t]*(?:;[^\r\n]*)?\r?)?)?")


def _could_be_size(data: bytes) -> bool:
    return _BEGUN_SIZE.fullmatch(data) is not None


def _could_be_trailers(data: bytes) -> bool:
    """Whether the lines that are complete are headers; the last one may not be."""
    lines = data.split(b"\r\n")[:-1]
    return all(_TRAILER.fullmatch(line + b"\r\n\r\n") for line in lines if line) and b"" not in lines
