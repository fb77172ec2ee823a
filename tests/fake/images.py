"""Small images, made here, in each format that is read."""

from __future__ import annotations

import base64
import struct
import zlib

__all__ = ["SAMPLES", "data_uri", "png"]


def png(width: int, height: int) -> bytes:
    """A black image."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\0" * ((width + 7) // 8)) * height
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        )
    )


def _jpeg() -> bytes:
    def segment(marker: int, data: bytes) -> bytes:
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"),
            segment(0xDB, b"\0" + b"\1" * 64),
            segment(0xC0, struct.pack(">BHHBBBB", 8, 5, 7, 1, 1, 0x11, 0)),
            segment(0xC4, b"\0" + b"\1" + b"\0" * 15 + b"\0"),
            segment(0xDA, b"\1\1\0\0\x3f\0"),
            b"\0\0\xff\xd9",
        )
    )


def _tiff() -> bytes:
    tags = ((256, 3, 1, 7), (257, 3, 1, 5), (273, 4, 1, 62), (279, 4, 1, 5))
    directory = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + directory + b"\0" * 4 + b"\0" * 5


def _webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(data)) + data for kind, data in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


_LOSSY = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 7, 5) + b"\0" * 10
_LOSSLESS = b"\x2f" + struct.pack("<I", 6 | 4 << 14) + b"\0" * 11

SAMPLES: dict[str, tuple[str, bytes]] = {
    "png": ("image/png", png(7, 5)),
    "jpeg": ("image/jpeg", _jpeg()),
    "gif": (
        "image/gif",
        b"GIF89a\7\0\5\0\x80\0\0\0\0\0\xff\xff\xff" + b"!\xf9\4\0\0\0\0\0" + b",\0\0\0\0\7\0\5\0\0\2\1D\0;",
    ),
    "webp, lossy": ("image/webp", _webp((b"VP8 ", _LOSSY))),
    "webp, lossless": ("image/webp", _webp((b"VP8L", _LOSSLESS))),
    "webp, extended": (
        "image/webp",
        _webp((b"VP8X", b"\0" * 4 + b"\6\0\0\4\0\0"), (b"VP8L", _LOSSLESS)),
    ),
    "tiff": ("image/tiff", _tiff()),
    "bmp": (
        "image/bmp",
        b"BM" + struct.pack("<IIIIiiHHIIIIII", 74, 0, 54, 40, 7, -5, 1, 1, 0, 0, 0, 0, 0, 0) + b"\0" * 20,
    ),
}
"""Name: media type and data. Each is 7 pixels wide and 5 high."""


def data_uri(data: bytes, mime: str = "image/png") -> str:
    """`![](data:…)`, as images stand in prompts."""
    return f"![](data:{mime};base64,{base64.b64encode(data).decode()})"
