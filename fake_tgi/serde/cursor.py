"""A place in a JSON text that only moves forward, and the errors of serde_json 1.0.140 with their offsets.

Every error carries the offset that serde_json would report. Some are reported where the cursor stands, some
one byte further, and that difference is part of the contract.
"""

from __future__ import annotations

import re

__all__ = ["DecodeError", "JsonCursor", "JsonSyntaxError"]

_SPACE = re.compile(rb"[ \n\t\r]*")
_DIGITS = re.compile(rb"[0-9]*")

EOF_LIST = "EOF while parsing a list"
EOF_OBJECT = "EOF while parsing an object"
EOF_STRING = "EOF while parsing a string"
EOF_VALUE = "EOF while parsing a value"
EXPECTED_COLON = "expected `:`"
EXPECTED_LIST_COMMA_OR_END = "expected `,` or `]`"
EXPECTED_OBJECT_COMMA_OR_END = "expected `,` or `}`"
EXPECTED_IDENT = "expected ident"
EXPECTED_VALUE = "expected value"
INVALID_ESCAPE = "invalid escape"
INVALID_NUMBER = "invalid number"
OUT_OF_RANGE = "number out of range"
INVALID_CODE_POINT = "invalid unicode code point"
CONTROL_CHARACTER = "control character (\\u0000-\\u001F) found while parsing a string"
KEY_MUST_BE_A_STRING = "key must be a string"
LONE_SURROGATE = "lone leading surrogate in hex escape"
UNEXPECTED_END_OF_HEX_ESCAPE = "unexpected end of hex escape"
TRAILING_COMMA = "trailing comma"
TRAILING_CHARACTERS = "trailing characters"
RECURSION_LIMIT = "recursion limit exceeded"


class DecodeError(Exception):
    """The value has the wrong shape. `offset` is None until something knows where the cursor stands."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class JsonSyntaxError(DecodeError):
    """The text is not JSON, or not JSON that serde_json reads."""


class JsonCursor:
    """The offset `pos` in `data`, which is `size` bytes long."""

    __slots__ = ("data", "pos", "size")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.pos = 0

    def here(self, message: str) -> JsonSyntaxError:
        """An error about the byte just read."""
        return JsonSyntaxError(message, self.pos)

    def ahead(self, message: str) -> JsonSyntaxError:
        """An error about the next byte, which counts as read unless the text ends here."""
        return JsonSyntaxError(message, min(self.size, self.pos + 1))

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Line from 1, and bytes since the line began."""
        start = self.data.rfind(b"\n", 0, offset) + 1
        return 1 + self.data.count(b"\n", 0, start), offset - start

    def peek(self) -> int:
        """The next byte after white space, which is skipped, or -1 at the end."""
        data, pos = self.data, self.pos
        if pos < self.size:
            byte = data[pos]
            if byte > 0x20:
                return byte
            self.pos = pos = _SPACE.match(data, pos).end()  # type: ignore[union-attr]
            if pos < self.size:
                return data[pos]
        return -1

    def peek_value(self) -> int:
        """As `peek`, where a value must begin."""
        byte = self.peek()
        if byte < 0:
            raise self.ahead(EOF_VALUE)
        return byte

    def following(self) -> bytes:
        """The very next byte, empty at the end."""
        return self.data[self.pos : self.pos + 1]

    def digits(self) -> bytes:
        """Step over digits, as many as there are."""
        start = self.pos
        self.pos = _DIGITS.match(self.data, start).end()  # type: ignore[union-attr]
        return self.data[start : self.pos]

    def ident(self, rest: bytes) -> None:
        """Step over the first letter of null, true or false, which was seen, and over the `rest`."""
        self.pos += 1
        if self.data.startswith(rest, self.pos):
            self.pos += len(rest)
            return
        for expected in rest:
            if self.pos == self.size:
                raise self.here(EOF_VALUE)
            self.pos += 1
            if self.data[self.pos - 1] != expected:
                raise self.here(EXPECTED_IDENT)
