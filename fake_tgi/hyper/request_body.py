"""The body of a request, as its bytes come in: cut anywhere, framed by a length or in chunks.

Chunks are read as hyper 1.6 reads them: blanks and extensions behind a size mean nothing, trailers are read
and dropped, and with them the connection; anything else is a body that broke off.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

__all__ = ["Body", "BrokenBody", "Chunked", "Sized"]

_SIZE: Final = re.compile(rb"(0*[0-9A-Fa-f]{1,16})[ \t]*(?:;(?P<extension>[^\r\n]*))?\r\n")
_BEGUN_SIZE: Final = re.compile(rb"(?:0*[0-9A-Fa-f]{1,16}(?:[ \t]*(?:;(?P<extension>[^\r\n]*))?\r?)?)?")
_TRAILERS: Final = re.compile(rb"(?:[^\r]+\r\n)*\r\n")
_BEGUN_TRAILERS: Final = re.compile(rb"(?:[^\r]+\r\n)*[^\r]*\r?")
_TRAILER: Final = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+:[^\x00-\x08\x0a-\x1f\x7f]*")
_LONGEST_EXTENSIONS: Final = 16_383
"""Bytes of all extensions of a body, without the semicolon before each."""
_LONGEST_TRAILERS: Final = 16_383
"""Bytes of all trailers with the empty line behind them."""
_MOST_TRAILERS: Final = 99
_LONGEST_LINE: Final = 65_536
"""Bytes of a size with zeros and blanks, for which hyper knows no end."""


class BrokenBody(Exception):
    """What came is not what the head has announced."""


class Body(Protocol):
    """Takes a body's bytes as they come."""

    done: bool
    """Whether the body is complete."""
    last: bool
    """Whether nothing is read behind it."""
    drained: int
    """Bytes of it, with the head before it, that are read to keep a connection where nobody wants it."""

    def feed(self, data: bytes) -> tuple[bytes, bytes]:
        """What `data` has of the body, and what is left over: behind its end, or to be fed again with what
        comes next. Raises BrokenBody, after which nothing may be fed."""
        ...


class Sized:
    """A body of `length` bytes."""

    __slots__ = ("_left", "done")
    last = False
    drained = 32_768  # two reads

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

    __slots__ = ("_begun", "_ending", "_extensions", "_left", "_trailing", "done", "drained", "last")

    def __init__(self) -> None:
        self._left = 0
        self._extensions = 0
        self._begun = False  # there was a chunk
        self._ending = False  # a chunk is over, but for its line end
        self._trailing = False
        self.done = self.last = False
        self.drained = 16_384  # one read, if it has all of the body as one chunk

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
                found = _TRAILERS.match(data, at)
                if found is None:
                    if _BEGUN_TRAILERS.fullmatch(data, at) is None or len(data) - at > _LONGEST_TRAILERS:
                        raise BrokenBody
                    break
                at = found.end()
                self.done = True
                self.last = found[0] != b"\r\n"
                if self.last:
                    _check_trailers(found[0])
            else:
                size = _SIZE.match(data, at)
                begun = size or _BEGUN_SIZE.fullmatch(data, at)
                if begun is None:
                    raise BrokenBody
                extensions = self._extensions + len(begun["extension"] or b"")
                if extensions > _LONGEST_EXTENSIONS:
                    raise BrokenBody
                if size is None:
                    if len(data) - at > _LONGEST_LINE:
                        raise BrokenBody
                    break
                self._extensions = extensions
                at = size.end()
                self._left = int(size[1], 16)
                self._trailing = not self._left
                if self._left and self._begun:
                    self.drained = 0
                self._begun = True
        return b"".join(pieces), data[at:]


def _check_trailers(data: bytes) -> None:
    """Raises BrokenBody where these are not trailers; `data` ends with an empty line."""
    lines = data[:-4].split(b"\r\n")
    if len(data) > _LONGEST_TRAILERS or len(lines) > _MOST_TRAILERS:
        raise BrokenBody
    if not all(map(_TRAILER.fullmatch, lines)):
        raise BrokenBody
