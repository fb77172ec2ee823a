"""WebP: a RIFF file with one of three kinds of first chunk; in the words of the crate `image-webp` 0.2."""

from __future__ import annotations

from .errors import NOT_FILLED, ImageError, broken

__all__ = ["size_of_webp"]


def size_of_webp(data: bytes) -> tuple[int, int]:
    """Height and width in pixels. Raises ImageError."""
    if len(data) < 4:
        raise ImageError(NOT_FILLED)
    if data[:4] != b"RIFF":
        raise broken("WebP", f"Invalid Chunk header: {_shown(b'RIFF')}")
    if len(data) < 12:
        raise ImageError(NOT_FILLED)
    if data[8:12] != b"WEBP":
        raise broken("WebP", f"Invalid WebP signature: {_shown(data[8:12])}")
    kind, length = data[12:16], int.from_bytes(data[16:20], "little")
    read = _KINDS.get(kind)
    if len(data) < 20:
        raise ImageError(NOT_FILLED)
    if read is None:
        raise broken("WebP", f"Invalid Chunk header: {_shown(kind)}")
    return read(data[20:], length)


def _lossy(content: bytes, length: int) -> tuple[int, int]:
    if len(content) < 10:
        raise ImageError(NOT_FILLED)
    if content[3:6] != b"\x9d\x01\x2a":
        raise broken("WebP", f"Invalid VP8 magic: {_shown(content[3:6])}")
    if len(content) < length - 2:  # the last bytes of a frame fill it up
        raise broken("WebP", "Corrupt bitstream")
    width, height = (int.from_bytes(content[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    return height, width


def _lossless(content: bytes, length: int) -> tuple[int, int]:
    if len(content) < 5:
        raise ImageError(NOT_FILLED)
    bits = int.from_bytes(content[1:5], "little")
    if content[0] != 0x2F:
        raise broken("WebP", f"Invalid lossless signature: {content[0]:x}")
    if bits >> 29:
        raise broken("WebP", f"Invalid lossless version number: {bits >> 29}")
    if len(content) < length:
        raise broken("WebP", "Corrupt bitstream")
    return (bits >> 14 & 0x3FFF) + 1, (bits & 0x3FFF) + 1


def _extended(content: bytes, length: int) -> tuple[int, int]:
    if len(content) < 10:
        raise ImageError(NOT_FILLED)
    position = length + length % 2
    while position < len(content):
        kind = content[position : position + 4]
        held = content[
            position + 8 : position + 8 + int.from_bytes(content[position + 4 : position + 8], "little")
        ]
        whole = position + 8 + int.from_bytes(content[position + 4 : position + 8], "little")
        if kind in (b"VP8 ", b"VP8L", b"ANMF"):
            if not held:
                raise ImageError(NOT_FILLED)
            if len(content) < whole - 3:
                raise broken("WebP", "Corrupt bitstream")
            width, height = (int.from_bytes(content[at : at + 3], "little") + 1 for at in (4, 7))
            return height, width
        position = whole + whole % 2
    raise broken("WebP", "An expected chunk was missing")


def _shown(data: bytes) -> str:
    return f"[{', '.join(f'{byte:x}' for byte in data)}]"


_KINDS = {b"VP8 ": _lossy, b"VP8L": _lossless, b"VP8X": _extended}
