"""GIF: a screen, then blocks up to the end of the first picture; in the words of the crate `gif` 0.13."""

from __future__ import annotations

from .errors import CUT_OFF, ImageError, broken

__all__ = ["size_of_gif"]


def size_of_gif(data: bytes) -> tuple[int, int]:
    """Height and width of the screen in pixels. Raises ImageError."""
    if len(data) < 6:
        raise ImageError(CUT_OFF)
    if data[:6] not in (b"GIF87a", b"GIF89a"):
        raise broken("Gif", "malformed GIF header")
    flags = _bytes(data, 10, 1)[0]
    position = _behind_colors(13, flags)
    while True:
        kind = _bytes(data, position, 1)[0]
        if kind == 0x21:
            position = _behind_blocks(data, position + 2)
        elif kind == 0x2C:
            flags = _bytes(data, position + 9, 1)[0]
            position = _behind_colors(position + 10, flags)
            if _bytes(data, position, 1)[0] > 11:
                raise broken("Gif", "invalid minimal code size")
            _behind_blocks(data, position + 1, last=True)
            width, height = data[6:8], data[8:10]
            return int.from_bytes(height, "little"), int.from_bytes(width, "little")
        elif kind == 0x3B:
            raise ImageError(CUT_OFF)
        else:
            raise broken("Gif", "unknown block type encountered")


def _bytes(data: bytes, position: int, count: int) -> bytes:
    found = data[position : position + count]
    if len(found) < count:
        raise ImageError(CUT_OFF)
    return found


def _behind_colors(position: int, flags: int) -> int:
    return position + (3 << (flags & 7) + 1 if flags & 0x80 else 0)


def _behind_blocks(data: bytes, position: int, *, last: bool = False) -> int:
    """The position behind a list of blocks; of the `last` one the end need not be there."""
    while length := _bytes(data, position, 1)[0]:
        _bytes(data, position + 1, length)
        position += 1 + length
        if last and position == len(data):
            break
    return position + 1
