"""TIFF: a directory of tags somewhere in the file; in the words of the crate `tiff` 0.9."""

from __future__ import annotations

from typing import Final, Literal

from .errors import NOT_FILLED, ImageError, broken

__all__ = ["size_of_tiff"]

_BYTES: Final = {1: 1, 3: 2, 4: 4}
"""Type of a tag's values that are unsigned integers: their size in bytes."""

_WIDTH, _HEIGHT, _STRIPS, _STRIP_SIZES = 256, 257, 273, 279


def size_of_tiff(data: bytes) -> tuple[int, int]:
    """Height and width in pixels. Raises ImageError."""
    if data[:2] not in (b"II", b"MM"):
        raise broken("Tiff", "Format error: TIFF signature not found.")
    order: Literal["little", "big"] = "little" if data[:1] == b"I" else "big"

    def number(position: int, count: int) -> int:
        found = data[position : position + count]
        if len(found) < count:
            raise ImageError(NOT_FILLED)
        return int.from_bytes(found, order)

    if number(2, 2) != 42:
        raise broken("Tiff", "Format error: TIFF signature invalid.")
    start = number(4, 4)
    tags = {number(entry, 2): entry for entry in range(start + 2, start + 2 + 12 * number(start, 2), 12)}

    def values(tag: int) -> list[int]:
        if tag not in tags:
            return []
        entry = tags[tag]
        size, count = _BYTES.get(number(entry + 2, 2), 0), number(entry + 4, 4)
        if not size:
            return []
        at = entry + 8 if size * count <= 4 else number(entry + 8, 4)
        if at + size * count > len(data):
            raise ImageError(NOT_FILLED)
        return [number(at + size * index, size) for index in range(count)]

    sizes: list[int] = []
    for tag, name in (_WIDTH, "ImageWidth"), (_HEIGHT, "ImageLength"):
        found = values(tag)
        if not found:
            raise broken("Tiff", f"Format error: Required tag `{name}` not found.")
        sizes.append(found[0])
    for strip, length in zip(values(_STRIPS), values(_STRIP_SIZES), strict=False):
        if strip + length > len(data):
            raise ImageError(NOT_FILLED)
    return sizes[1], sizes[0]
