"""What goes wrong in an image, in the words of the Rust library `image`."""

from __future__ import annotations

from typing import Final

__all__ = ["CUT_OFF", "NOT_FILLED", "ImageError", "broken"]

CUT_OFF: Final = "unexpected end of file"
NOT_FILLED: Final = "failed to fill whole buffer"


class ImageError(Exception):
    """The data is no image that can be read; the message is that of `image::ImageError`."""


def broken(format_name: str, detail: str) -> ImageError:
    """An error inside a format, e.g. `Format error decoding Png: Invalid PNG signature.`"""
    return ImageError(f"Format error decoding {format_name}: {detail}")
