"""Strings in a JSON text, as serde_json reads and as it skips them.

What is read must be UTF-8 with its surrogates in pairs; what is skipped need not be. Neither may hold a
control character or an unknown escape.
"""

from __future__ import annotations

import re

from .cursor import (
    CONTROL_CHARACTER,
    EOF_STRING,
    INVALID_CODE_POINT,
    INVALID_ESCAPE,
    LONE_SURROGATE,
    UNEXPECTED_END_OF_HEX_ESCAPE,
    JsonCursor,
)

__all__ = ["read_string", "skip_string"]

_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_QUOTE, _BACKSLASH, _UNICODE = b'"\\u'
_SIMPLE_ESCAPES = dict(zip(b'"\\/bfnrt', (b'"', b"\\", b"/", b"\b", b"\f", b"\n", b"\r", b"\t"), strict=True))


def read_string(cursor: JsonCursor) -> str:
    """The string whose opening quote was just read."""
    data, start = cursor.data, cursor.pos
    _skip_plain(cursor)
    if cursor.pos < cursor.size and data[cursor.pos] == _QUOTE:
        raw = data[start : cursor.pos]
        cursor.pos += 1
    else:
        raw = _with_escapes(cursor, start)
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise cursor.here(INVALID_CODE_POINT) from None


def _with_escapes(cursor: JsonCursor, start: int) -> bytes:
    """The bytes of the string that began at `start` and is plain up to the cursor."""
    parts = [cursor.data[start : cursor.pos]]
    while True:
        byte = _next(cursor)
        if byte == _QUOTE:
            return b"".join(parts)
        if byte != _BACKSLASH:
            raise cursor.here(CONTROL_CHARACTER)
        parts.append(_escape(cursor))
        start = cursor.pos
        _skip_plain(cursor)
        parts.append(cursor.data[start : cursor.pos])


def _escape(cursor: JsonCursor) -> bytes:
    byte = _next(cursor)
    if byte in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[byte]
    if byte != _UNICODE:
        raise cursor.here(INVALID_ESCAPE)
    unit = _four_hex_digits(cursor)
    if 0xDC00 <= unit <= 0xDFFF:
        raise cursor.here(LONE_SURROGATE)
    if 0xD800 <= unit <= 0xDBFF:
        if _next(cursor) != _BACKSLASH or _next(cursor) != _UNICODE:
            raise cursor.here(UNEXPECTED_END_OF_HEX_ESCAPE)
        low = _four_hex_digits(cursor)
        if not 0xDC00 <= low <= 0xDFFF:
            raise cursor.here(LONE_SURROGATE)
        unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
    return chr(unit).encode()


def skip_string(cursor: JsonCursor) -> None:
    """Step over the string whose opening quote was just read."""
    while True:
        _skip_plain(cursor)
        byte = _next(cursor)
        if byte == _QUOTE:
            return
        if byte != _BACKSLASH:
            cursor.pos -= 1
            raise cursor.here(CONTROL_CHARACTER)
        escape = _next(cursor)
        if escape == _UNICODE:
            _four_hex_digits(cursor)
        elif escape not in _SIMPLE_ESCAPES:
            raise cursor.here(INVALID_ESCAPE)


def _skip_plain(cursor: JsonCursor) -> None:
    cursor.pos = _PLAIN.match(cursor.data, cursor.pos).end()  # type: ignore[union-attr]


def _next(cursor: JsonCursor) -> int:
    if cursor.pos == cursor.size:
        raise cursor.here(EOF_STRING)
    cursor.pos += 1
    return cursor.data[cursor.pos - 1]


def _four_hex_digits(cursor: JsonCursor) -> int:
    if cursor.size - cursor.pos < 4:
        cursor.pos = cursor.size
        raise cursor.here(EOF_STRING)
    digits = cursor.data[cursor.pos : cursor.pos + 4]
    cursor.pos += 4
    if _HEX.fullmatch(digits) is None:
        raise cursor.here(INVALID_ESCAPE)
    return int(digits, 16)
