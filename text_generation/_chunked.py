"""The chunked transfer coding (RFC 9112, 7.1): bytes cut anywhere in, the body out. No I/O.

It exists because going through http.client costs three calls for every chunk, and a token is a chunk.
"""

from __future__ import annotations

__all__ = ["ChunkedDecoder", "MalformedChunk"]


class MalformedChunk(ValueError):
    """The bytes are not in the chunked coding."""


# Sizes as TGI writes them: upper case, nothing before or after.
_SIZES = tuple(b"%X" % number for number in range(4096))


class ChunkedDecoder:
    """Feed it bytes; `done` is set when the last chunk and its trailers have been read.

    `feed` raises MalformedChunk, but not before it has handed out what came before.
    """

    __slots__ = ("_failure", "_held", "_left", "_trailers", "done")

    def __init__(self) -> None:
        self._held = b""  # the start of a line or of a chunk's closing CRLF
        self._left = 0  # bytes still to come of the current chunk, its CRLF included
        self._trailers = False
        self._failure: MalformedChunk | None = None
        self.done = False

    def feed(self, data: bytes) -> bytes:
        """The part of the body in these bytes."""
        body: list[bytes] = []
        if self._failure is None:
            try:
                self._feed(data, body)
            except MalformedChunk as failure:
                self._failure = failure
        if self._failure is not None and not body:
            raise self._failure
        return body[0] if len(body) == 1 else b"".join(body)

    def _feed(self, data: bytes, body: list[bytes]) -> None:
        left = self._left
        position = 0
        if left > 2:  # in the middle of a chunk
            piece = data[: left - 2]
            body.append(piece)
            left -= len(piece)
            position = len(piece)
            if left > 2:
                self._left = left
                return
        if self._held:
            data = self._held + data[position:]
            position = 0
            self._held = b""
        size = len(data)
        while True:
            if left:  # the CRLF that closes a chunk
                if size - position < left:
                    break
                if data[position : position + left] != b"\r\n"[2 - left :]:
                    raise MalformedChunk(
                        f"expected CRLF after a chunk, got {data[position : position + 8]!r}"
                    )
                position += left
                left = 0
            if size - position > 1024 and not self._trailers:
                position = _whole_chunks(data, position, body)
            end = data.find(b"\n", position)
            if end < 0:
                if size - position > 8192:
                    raise MalformedChunk("a chunk header of more than 8,192 bytes")
                break
            line = data[position:end]
            position = end + 1
            if self._trailers:
                if line in (b"\r", b""):
                    self.done = True
                    break
                continue
            try:
                length = int(line, 16) if b";" not in line else int(line.partition(b";")[0], 16)
            except ValueError:
                raise MalformedChunk(f"expected a chunk size, got {line[:40]!r}") from None
            if length < 0:
                raise MalformedChunk(f"expected a chunk size, got {line[:40]!r}")
            if not length:
                self._trailers = True
                continue
            piece = data[position : position + length]
            body.append(piece)
            position += len(piece)
            left = length - len(piece) + 2
            if left > 2:
                break
        self._left = left
        if position < size and not self.done:
            self._held = data[position:]


def _whole_chunks(data: bytes, position: int, body: list[bytes]) -> int:
    """Append the chunks that are complete from here on, as far as they are written the plain way; where to
    go on. Whatever is not plain (a CRLF in a chunk, an extension, the last chunk) is left to the caller."""
    pieces = data[position:].split(b"\r\n")
    count = len(pieces) // 2 * 2
    if len(pieces) % 2 == 0:  # a chunk that is not complete
        count -= 2
    found = pieces[1:count:2]
    if b"" in found:
        count = 2 * found.index(b"")
        del found[count // 2 :]
    try:
        if not found or [_SIZES[size] for size in map(len, found)] != pieces[0:count:2]:
            return position
    except IndexError:
        return position
    body += found
    return position + sum(map(len, pieces[:count])) + 2 * count
