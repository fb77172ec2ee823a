"""How large images are, and what is said of data that is none. Texts as observed on the real router."""

from __future__ import annotations

import pytest

from fake_tgi.vision.base64_text import Base64Error, decoded
from fake_tgi.vision.formats import ImageError, guess, named, size_of

from .images import SAMPLES, png

WHOLE = {name: data for name, (_, data) in SAMPLES.items()}


@pytest.mark.parametrize("data", WHOLE.values(), ids=list(WHOLE))
def test_the_size_of_an_image_is_read_whatever_its_format(data: bytes) -> None:
    assert size_of(data, guess(data)) == (5, 7)
    assert size_of(data + b"more", guess(data)) == (5, 7)


# What the decoders allow to be missing: the checksum of the last chunk, the scan, the end of a file.
SPARE = {"png": 4, "jpeg": 4, "gif": 2, "webp, lossy": 3, "webp, extended": 3}


@pytest.mark.parametrize("name", SAMPLES)
def test_an_image_that_is_cut_off_anywhere_is_refused(name: str) -> None:
    mime, data = SAMPLES[name]
    format_ = named(mime) or guess(data)
    for length in range(len(data) - SPARE.get(name, 0)):
        with pytest.raises(ImageError):
            size_of(data[:length], format_)


ODD = {
    "nothing": ("image/png", b"", "unexpected end of file"),
    "a PNG called a JPEG": (
        "image/jpeg",
        png(1, 1),
        "Format error decoding Jpeg: Error parsing image. Illegal start bytes:8950",
    ),
    "a PNG called a GIF": ("image/gif", png(1, 1), "Format error decoding Gif: malformed GIF header"),
    "a PNG called a WebP": (
        "image/webp",
        png(1, 1),
        "Format error decoding WebP: Invalid Chunk header: [52, 49, 46, 46]",
    ),
    "a PNG called a TIFF": (
        "image/tiff",
        png(1, 1),
        "Format error decoding Tiff: Format error: TIFF signature not found.",
    ),
    "a GIF called a PNG": (
        "image/png",
        SAMPLES["gif"][1],
        "Format error decoding Png: Invalid PNG signature.",
    ),
    "a JPEG of two bytes": ("image/jpeg", b"\xff\xd8", 'Format error decoding Jpeg: "No more bytes"'),
    "a JPEG cut in its tables": (
        "image/jpeg",
        SAMPLES["jpeg"][1][:50],
        'Format error decoding Jpeg: "Could not read symbols into the buffer\\n'
        'Could not read into the whole buffer"',
    ),
    "a PNG without pixels": (
        "image/png",
        png(1, 1)[:33] + png(1, 1)[-12:],
        "Format error decoding Png: IDAT or fdAT chunk is missing.",
    ),
    "a PNG with a wrong checksum": (
        "image/png",
        png(1, 1)[:32] + b"\0" + png(1, 1)[33:],
        "Format error decoding Png: CRC error: expected 0x376ef900 have 0x376ef924 while decoding ChunkType"
        " { type: IHDR, critical: true, private: false, reserved: false, safecopy: false } chunk.",
    ),
    "a PNG of an odd depth": (
        "image/png",
        png(1, 1)[:24] + b"\7" + png(1, 1)[25:],
        "Format error decoding Png: Invalid bit depth 7.",
    ),
    "another RIFF": (
        "image/webp",
        b"RIFF\0\0\0\0WAVE",
        "Format error decoding WebP: Invalid WebP signature: [57, 41, 56, 45]",
    ),
    "a WebP cut in its pixels": (
        "image/webp",
        SAMPLES["webp, lossless"][1][:-1],
        "Format error decoding WebP: Corrupt bitstream",
    ),
    "a TIFF cut in its directory": ("image/tiff", b"II*\0\x08\0\0\0", "failed to fill whole buffer"),
}


@pytest.mark.parametrize(("mime", "data", "message"), ODD.values(), ids=list(ODD))
def test_what_is_no_image_is_refused_in_the_words_of_its_decoder(
    mime: str, data: bytes, message: str
) -> None:
    format_ = named(mime)
    assert format_ is not None
    with pytest.raises(ImageError) as error:
        size_of(data, format_)
    assert str(error.value) == message


@pytest.mark.parametrize("data", [b"", b"hello", b"GIF88a", png(1, 1)[:7], b"RIFX"])
def test_data_of_no_known_format_says_so(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"^The image format could not be determined$"):
        guess(data)


@pytest.mark.parametrize(
    ("text", "data"), [("", b""), ("AA==", b"\0"), ("AAA=", b"\0\0"), ("+/+/", b"\xfb\xff\xbf")]
)
def test_base64_is_decoded(text: str, data: bytes) -> None:
    assert decoded(text.encode()) == data


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A", "Invalid input length: 1"),
        ("AAAAA", "Invalid input length: 5"),
        ("AAA", "Invalid padding"),
        ("AA=", "Invalid padding"),
        ("AAE", "Invalid padding"),
        ("AAAAAA", "Invalid padding"),
        ("@@@@", "Invalid symbol 64, offset 0."),
        ("AAAA@", "Invalid symbol 64, offset 4."),
        ("AAA@AAAA", "Invalid symbol 64, offset 3."),
        ("A A=", "Invalid symbol 32, offset 1."),
        ("AA-_", "Invalid symbol 45, offset 2."),
        ("AAAA\n", "Invalid symbol 10, offset 4."),
        ("AAAAAé", "Invalid symbol 195, offset 5."),
        ("=", "Invalid symbol 61, offset 0."),
        ("A=", "Invalid symbol 61, offset 1."),
        ("AA=A", "Invalid symbol 61, offset 2."),
        ("AA===", "Invalid symbol 61, offset 2."),
        ("AAA=AAAA", "Invalid symbol 61, offset 3."),
        ("AAAA=", "Invalid symbol 61, offset 4."),
        ("AB==", "Invalid last symbol 66, offset 1."),
        ("AAAAAB==", "Invalid last symbol 66, offset 5."),
    ],
)
def test_what_is_no_base64_is_refused_as_the_router_does(text: str, message: str) -> None:
    with pytest.raises(Base64Error) as error:
        decoded(text.encode())
    assert str(error.value) == message
