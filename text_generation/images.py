"""Images for prompts: from a URL, a file, bytes, or a PIL image.

`image(...)` is a part for the content of a chat message; `markdown(...)` is what `generate` prompts hold for
models that see, as TGI finds images: `![](data:image/png;base64,...)`.
"""

from __future__ import annotations

import io
from base64 import b64encode
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import ConfigurationError

if TYPE_CHECKING:
    from .types import Chunk

__all__ = ["image", "markdown"]

# How the formats that TGI can decode begin.
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
)


def image(source: str | PathLike[str] | bytes | Any) -> Chunk:
    """A message part: `{"type": "image_url", "image_url": {"url": ...}}`.

    A text is a URL (http, https, data) or a path; anything with a `save` method is written as PNG.
    Raises ConfigurationError for a file that is no image that TGI can decode.
    """
    from .types import Chunk

    return Chunk(type="image_url", image_url={"url": _url(source)})


def markdown(source: str | PathLike[str] | bytes | Any) -> str:
    """The image as `generate` prompts hold it. See `image` for what it can be made of."""
    return f"![]({_url(source)})"


def _url(source: Any) -> str:
    if isinstance(source, str) and source.partition(":")[0].lower() in ("http", "https", "data"):
        return source
    if isinstance(source, bytes | bytearray | memoryview):
        return _data(bytes(source), "bytes")
    if isinstance(source, str | PathLike):
        path = Path(source).expanduser()
        try:
            return _data(path.read_bytes(), str(path))
        except OSError as problem:
            raise ConfigurationError(f"image: {path} cannot be read: {problem}") from problem
    if hasattr(source, "save"):
        written = io.BytesIO()
        source.save(written, format="PNG")
        return _data(written.getvalue(), "image")
    raise ConfigurationError(
        f"image: expected a URL, a path, bytes or a PIL image; got {type(source).__name__}"
    )


def _data(content: bytes, name: str) -> str:
    kind = next((kind for start, kind in _SIGNATURES if content.startswith(start)), None)
    if kind is None and content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        kind = "image/webp"
    if kind is None:
        raise ConfigurationError(f"image: {name} is no PNG, JPEG, GIF, WebP or TIFF")
    return f"data:{kind};base64,{b64encode(content).decode()}"
