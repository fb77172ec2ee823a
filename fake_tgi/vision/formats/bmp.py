"""BMP: two headers, then rows; in the words of the library `image` itself."""

from __future__ import annotations

from .errors import NOT_FILLED, ImageError, broken

__all__ = ["size_of_bmp"]

_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)


def size_of_bmp(data: bytes) -> tuple[int, int]:
    """Height and width in pixels. Raises ImageError."""
    if len(data) < 18:
        raise ImageError(NOT_FILLED)
    pixels, header = int.from_bytes(data[10:14], "little"), int.from_bytes(data[14:18], "little")
    if header not in _HEADERS:
        raise ImageError(
            "The decoder for Bmp does not support the format features "
            f"Unknown bitmap header type (size={header})"
        )
    if len(data) < 14 + header:
        raise ImageError(NOT_FILLED)
    if header == 12:
        width, height = int.from_bytes(data[18:20], "little"), int.from_bytes(data[20:22], "little")
        bits, packed = int.from_bytes(data[24:26], "little"), 0
    else:
        width = int.from_bytes(data[18:22], "little", signed=True)
        height = int.from_bytes(data[22:26], "little", signed=True)
        bits, packed = int.from_bytes(data[28:30], "little"), int.from_bytes(data[30:34], "little")
    if width < 0:
        raise broken("Bmp", f"Negative width ({width})")
    height = abs(height)  # rows from top to bottom
    if packed in (0, 3) and len(data) < pixels + (width * bits + 31) // 32 * 4 * height:
        raise ImageError(NOT_FILLED)
    return height, width
