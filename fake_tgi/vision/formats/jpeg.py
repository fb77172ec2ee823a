"""JPEG: segments behind FF D8, up to the first scan; in the words of the crate `zune-jpeg` 0.4.

A scan may be cut off or damaged: the decoder makes up what is missing.
"""

from __future__ import annotations

from typing import Final

from .errors import ImageError, broken

__all__ = ["size_of_jpeg"]

_NO_MORE: Final = '"No more bytes"'
_NOT_READ: Final = '"Could not read {}\\nCould not read into the whole buffer"'
_SYMBOLS: Final = _NOT_READ.format("symbols into the buffer")
_COMPONENTS: Final = _NOT_READ.format("component data")

_BARE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length."""


def size_of_jpeg(data: bytes) -> tuple[int, int]:
    """Height and width in pixels. Raises ImageError."""
    start = _number(data, 0)
    if start != 0xFFD8:
        raise broken("Jpeg", f"Error parsing image. Illegal start bytes:{start:X}")
    position, size = 2, None
    while True:
        while _byte(data, position) != 0xFF:
            position += 1
        while _byte(data, position) == 0xFF:
            position += 1
        marker, position = data[position], position + 1
        if marker == 0xD9:
            raise broken("Jpeg", '"Premature End of image"')
        if marker in _BARE or marker == 0:
            continue
        length = _number(data, position)
        content = data[position + 2 : position + length]
        if marker in (0xC0, 0xC1, 0xC2):
            size = _frame(data, position)
        elif marker == 0xC4:
            _each(content, length, 17, _SYMBOLS, lambda table: sum(table[1:17]))
        elif marker == 0xDB:
            _each(content, length, 1, _SYMBOLS, lambda table: 128 if table[0] >> 4 else 64)
        elif len(content) < length - 2:
            raise broken("Jpeg", _NO_MORE)
        if marker == 0xDA:
            if size is None:
                raise broken("Jpeg", '"Premature End of image"')
            return size
        position += length


def _byte(data: bytes, position: int) -> int:
    if position >= len(data):
        raise broken("Jpeg", _NO_MORE)
    return data[position]


def _number(data: bytes, position: int) -> int:
    return _byte(data, position) << 8 | _byte(data, position + 1)


def _frame(data: bytes, position: int) -> tuple[int, int]:
    """The size in a frame's header, whose length stands at `position`."""
    precision, components = _byte(data, position + 2), _byte(data, position + 7)
    if precision != 8:
        raise _segment(
            "SOF", f"The library can only parse 8-bit images, the image has {precision} bits of precision"
        )
    height, width = _number(data, position + 3), _number(data, position + 5)
    if not height or not width:
        raise _segment("SOF", "Image height or width is set to zero, cannot continue")
    if not components:
        raise broken("Jpeg", '"Error decoding SOF Marker, Number of components cannot be zero."')
    if len(data) < position + 8 + 3 * components:
        raise broken("Jpeg", _COMPONENTS)
    return height, width


def _segment(name: str, reason: str) -> ImageError:
    return broken("Jpeg", f"Error parsing {name} segment. Reason:{reason}")


def _each(content: bytes, length: int, head: int, cut: str, more: object) -> None:
    """Tables that fill a segment: `head` bytes, then as many as they say."""
    assert callable(more)
    position = 0
    while position < length - 2:
        table = content[position : position + head]
        if not table:
            raise broken("Jpeg", _NO_MORE)
        if len(table) < head:
            raise broken("Jpeg", "Exhausted data in the image")
        size = head + more(table)
        if position + size > len(content):
            raise broken("Jpeg", cut)
        position += size
