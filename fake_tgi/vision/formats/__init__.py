"""How large an image is, whatever its format; what is none is refused as the Rust library `image` refuses it.

Headers and structure are read. Pixels are not, as nothing asks for them; so damage in them is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .bmp import size_of_bmp
from .errors import ImageError
from .gif import size_of_gif
from .jpeg import size_of_jpeg
from .png import size_of_png
from .tiff import size_of_tiff
from .webp import size_of_webp

__all__ = ["ImageError", "ImageFormat", "guess", "named", "size_of"]


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """`read` gives height and width of such data; `mime` is its media type where the router knows one."""

    name: str
    start: re.Pattern[bytes]
    read: Callable[[bytes], tuple[int, int]]
    mime: str = "application/octet-stream"


def _unread(name: str, start: bytes) -> ImageFormat:
    def refuse(data: bytes) -> tuple[int, int]:
        raise ImageError(f"The image format {name} is not supported")

    return ImageFormat(name, re.compile(start, re.DOTALL), refuse)


def _read(name: str, start: bytes, read: Callable[[bytes], tuple[int, int]], mime: str = "") -> ImageFormat:
    pattern = re.compile(start, re.DOTALL)
    return ImageFormat(name, pattern, read, mime) if mime else ImageFormat(name, pattern, read)


_FORMATS: Final = (
    _read("Png", rb"\x89PNG\r\n\x1a\n", size_of_png, "image/png"),
    _read("Jpeg", rb"\xff\xd8\xff", size_of_jpeg, "image/jpeg"),
    _read("Gif", rb"GIF8[79]a", size_of_gif, "image/gif"),
    _read("WebP", rb"RIFF", size_of_webp, "image/webp"),
    _read("Tiff", rb"MM\x00\*|II\*\x00", size_of_tiff, "image/tiff"),
    _read("Bmp", rb"BM", size_of_bmp),
    _unread("Dds", rb"DDS "),
    _unread("Ico", rb"\x00\x00\x01\x00"),
    _unread("Hdr", rb"#\?RADIANCE"),
    _unread("Pnm", rb"P[1-7]"),
    _unread("Farbfeld", rb"farbfeld"),
    _unread("Avif", rb"....ftypavif"),
    _unread("OpenExr", rb"\x76\x2f\x31\x01"),
    _unread("Qoi", rb"qoif"),
    _unread("Pcx", rb"\x0a[\x00-\x05]"),
)
_BY_MIME: Final = {
    "image/jpg": _FORMATS[1],
    **{each.mime: each for each in _FORMATS if each.mime != "application/octet-stream"},
}


def named(mime: str) -> ImageFormat | None:
    """The format of this media type, where the router knows it; None: the data has to say."""
    return _BY_MIME.get(mime)


def guess(data: bytes) -> ImageFormat:
    """The format by the first bytes. Raises ImageError."""
    for each in _FORMATS:
        if each.start.match(data):
            return each
    raise ImageError("The image format could not be determined")


def size_of(data: bytes, format_: ImageFormat) -> tuple[int, int]:
    """Height and width in pixels of an image in this format. Raises ImageError."""
    return format_.read(data)
