"""PNG: chunks behind a signature, the first an IHDR, the last an IEND, each with its checksum.

In the words of the crate `png` 0.17. The pixels are not unpacked; what comes behind IEND is not looked at.
"""

from __future__ import annotations

import zlib
from typing import Final

from ...rust_text import debug_string
from .errors import CUT_OFF, ImageError, broken

__all__ = ["size_of_png"]

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Color type: bits of a sample."""

_MOST_DEPTHS: Final = (1, 2, 4, 8, 16)


def size_of_png(data: bytes) -> tuple[int, int]:
    """Height and width in pixels. Raises ImageError."""
    if len(data) < 8:
        raise ImageError(CUT_OFF)
    if not data.startswith(_SIGNATURE):
        raise broken("Png", "Invalid PNG signature.")
    position, size, pixels = 8, None, False
    while True:
        length, kind = int.from_bytes(data[position : position + 4], "big"), data[position + 4 : position + 8]
        if len(kind) < 4:
            raise ImageError(CUT_OFF)
        if size is None and kind != b"IHDR":
            raise broken("Png", f"{_shown(kind)} chunk appeared before IHDR chunk")
        if kind == b"IEND":
            break
        content = data[position + 8 : position + 8 + length]
        checksum = data[position + 8 + length : position + 12 + length]
        if kind == b"IHDR" and len(content) == length:
            size = _header(content)
        if kind == b"IDAT" and not pixels and len(content) > 1:
            _check_zlib(content)
        if len(checksum) < 4:
            raise ImageError(CUT_OFF)
        _check(kind, content, int.from_bytes(checksum, "big"))
        pixels = pixels or kind == b"IDAT"
        position += 12 + length
    if not pixels:
        raise broken("Png", "IDAT or fdAT chunk is missing.")
    assert size is not None
    return size


def _header(content: bytes) -> tuple[int, int]:
    if len(content) < 13:
        raise ImageError(CUT_OFF)
    depth, color, compression, filters, interlace = content[8:13]
    if depth not in _MOST_DEPTHS:
        raise broken("Png", f"Invalid bit depth {depth}.")
    if color not in _DEPTHS:
        raise broken("Png", f"Invalid color type {color}.")
    if depth not in _DEPTHS[color]:
        raise broken("Png", f"Invalid color/depth combination in header: {color}/{depth}.")
    for name, found, most in (
        ("compression", compression, 0),
        ("filter", filters, 0),
        ("interlace", interlace, 1),
    ):
        if found > most:
            raise broken("Png", f"Unknown {name} method {found}.")
    return int.from_bytes(content[4:8], "big"), int.from_bytes(content[:4], "big")


def _check_zlib(content: bytes) -> None:
    method, flags = content[0], content[1]
    if method & 15 != 8 or method >> 4 > 7 or flags & 32 or (method << 8 | flags) % 31:
        raise broken("Png", "Corrupt deflate stream. BadZlibHeader")


def _check(kind: bytes, content: bytes, expected: int) -> None:
    if kind[0] & 32:  # a chunk that may be skipped may also be wrong
        return
    found = zlib.crc32(content, zlib.crc32(kind))
    if found != expected:
        raise broken(
            "Png", f"CRC error: expected {expected:#x} have {found:#x} while decoding {_shown(kind)} chunk."
        )


def _shown(kind: bytes) -> str:
    name = "".join(debug_string(chr(byte))[1:-1] for byte in kind)
    meanings = (
        ("critical", not kind[0] & 32),
        ("private", bool(kind[1] & 32)),
        ("reserved", bool(kind[2] & 32)),
    )
    flags = ", ".join(f"{what}: {str(value).lower()}" for what, value in meanings)
    return f"ChunkType {{ type: {name}, {flags}, safecopy: {str(bool(kind[3] & 32)).lower()} }}"
