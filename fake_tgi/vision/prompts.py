"""A prompt with images becomes what the router counts and what the model gets (router/src/validation.rs).

An image is `![](…)` anywhere in the final prompt: a data URI or an http address. Counted is the text that the
model's type puts in its place; the model gets the image itself, as a data URI. Loading it blocks.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from .base64_text import Base64Error, decoded
from .fetching import FetchError, fetch
from .formats import ImageError, guess, named, size_of
from .models import VisionModel

__all__ = ["ImageRefused", "Looked", "looked_at", "shows_images"]

_IMAGE: Final = re.compile(r"!\[\]\([^)]*\)")


class ImageRefused(Exception):
    """The message is what the router says behind `Input validation error: `."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A prompt whose images were loaded: `counted` is what has tokens, `inputs` what the model gets."""

    counted: str
    inputs: str

    def __add__(self, text: str) -> Looked:
        """The same with `text` behind it."""
        return Looked(self.counted + text, self.inputs + text)


def shows_images(inputs: str) -> bool:
    """Whether there is an image in a prompt."""
    return _IMAGE.search(inputs) is not None


def looked_at(
    inputs: str, model: VisionModel, most: int, load: Callable[[str, int], bytes] = fetch
) -> Looked:
    """`inputs` with its images loaded, each of at most `most` bytes where it is fetched. Raises ImageRefused.

    `load` fetches an address. It raises FetchError.
    """
    counted: list[str] = []
    given: list[str] = []
    start = 0
    for found in _IMAGE.finditer(inputs):
        data, mime, (height, width) = _loaded(found[0], most, load)
        text = inputs[start : found.start()]
        counted += text, model.tokens(height, width)
        given += text, f"![](data:{mime};base64,{base64.b64encode(data).decode()})"
        start = found.end()
    rest = inputs[start:]
    return Looked(model.joined("".join((*counted, rest))), "".join((*given, rest)))


def _loaded(image: str, most: int, load: Callable[[str, int], bytes]) -> tuple[bytes, str, tuple[int, int]]:
    """Data, media type and size of what stands in `![](…)`."""
    address = image[4:-1]
    try:
        if address.startswith(("http://", "https://")):
            data = load(address, most)
            format_ = guess(data)
            return data, format_.mime, size_of(data, format_)
        if address.startswith("data:"):
            return _embedded(address.removeprefix("data:"))
    except FetchError as error:
        raise ImageRefused(str(error)) from None
    except ImageError as error:
        raise ImageRefused(f"invalid image: {error}") from None
    raise ImageRefused(f"invalid image content: {image}")


def _embedded(content: str) -> tuple[bytes, str, tuple[int, int]]:
    mime, *rest = content.split(";")
    if len(rest) != 1:
        raise ImageRefused(f"invalid image content: {content}")
    if not rest[0].startswith("base64,"):
        raise ImageRefused(f"invalid image content: {rest[0]}")
    try:
        data = decoded(rest[0].removeprefix("base64,").encode())
    except Base64Error as error:
        raise ImageRefused(f"base64 encoding is invalid: {error}") from None
    return data, mime, size_of(data, named(mime) or guess(data))
