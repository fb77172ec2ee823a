"""JSON text read byte by byte as serde_json 1.0.140 reads it, error for error.

A reader only moves forward, and every error carries the offset that serde_json would report: some are
reported where the reader stands, some one byte further, and that difference is part of the contract. Numbers
become floats by serde_json's own arithmetic (feature `float_roundtrip` is off in the router), which is not
always the nearest double. What an ignored value may contain is looser than what is read: no depth limit, no
UTF-8 check, no range check.
"""

from __future__ import annotations

import re
from typing import TypeAlias

__all__ = [
    "MAX_DEPTH",
    "Content",
    "DecodeError",
    "JsonReader",
    "JsonSyntaxError",
    "Pairs",
    "float_from_parts",
]

MAX_DEPTH = 127
"""Arrays and objects may be nested this deep; one more is refused."""

U64_MAX = 2**64 - 1
_I64_MIN = -(2**63)
_I32_MAX = 2**31 - 1

_SPACE = re.compile(rb"[ \n\t\r]*")
_DIGITS = re.compile(rb"[0-9]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_SIMPLE_ESCAPES = {
    0x22: b'"',
    0x5C: b"\\",
    0x2F: b"/",
    0x62: b"\b",
    0x66: b"\f",
    0x6E: b"\n",
    0x72: b"\r",
    0x74: b"\t",
}
_NEGATIVE_DIGIT = frozenset(b"-0123456789")
_DIGIT = frozenset(b"0123456789")
_EXPONENT = (b"e", b"E")
_POW10 = [float(f"1e{exponent}") for exponent in range(309)]

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


class Pairs(tuple[tuple[str, "Content"], ...]):
    """An object as it was written: (key, value) pairs in order, repeated keys included."""

    __slots__ = ()


Content: TypeAlias = "bool | int | float | str | list[Content] | Pairs | None"
"""Any JSON value as serde buffers it. Ints are -2**63 to 2**64-1; what is beyond is a float."""


class DecodeError(Exception):
    """The value has the wrong shape. `offset` is None until something knows where the reader stands."""

    def __init__(self, message: str, offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


class JsonSyntaxError(DecodeError):
    """The text is not JSON, or not JSON that serde_json reads."""


class JsonReader:
    """A position in `data`, and the way to it: `path` holds the keys (text), indices (int) and unknown
    steps (None) that lead to what is being read. It is not unwound by an error, so it then tells where."""

    __slots__ = ("data", "depth", "path", "pos", "size")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.size = len(data)
        self.pos = 0
        self.depth = MAX_DEPTH + 1
        self.path: list[str | int | None] = []

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

    def enter(self) -> None:
        """Step over the bracket that opens an array or object."""
        self.depth -= 1
        if self.depth == 0:
            raise self.ahead(RECURSION_LIMIT)
        self.pos += 1

    def leave_list(self) -> None:
        """Step over the bracket that closes an array; anything else is an error."""
        self.depth += 1
        byte = self.peek()
        if byte == 0x5D:
            self.pos += 1
            return
        if byte < 0:
            raise self.ahead(EOF_LIST)
        if byte == 0x2C:
            self.pos += 1
            if self.peek() == 0x5D:
                raise self.ahead(TRAILING_COMMA)
        raise self.ahead(TRAILING_CHARACTERS)

    def leave_object(self) -> None:
        """Step over the brace that closes an object; anything else is an error."""
        self.depth += 1
        byte = self.peek()
        if byte == 0x7D:
            self.pos += 1
            return
        if byte < 0:
            raise self.ahead(EOF_OBJECT)
        raise self.ahead(TRAILING_COMMA if byte == 0x2C else TRAILING_CHARACTERS)

    def next_element(self, first: bool) -> bool:
        """Whether an array has another element, stepping up to it."""
        byte = self.peek()
        if byte == 0x5D:
            return False
        if byte < 0:
            raise self.ahead(EOF_LIST)
        if first:
            return True
        if byte != 0x2C:
            raise self.ahead(EXPECTED_LIST_COMMA_OR_END)
        self.pos += 1
        byte = self.peek()
        if byte == 0x5D:
            raise self.ahead(TRAILING_COMMA)
        if byte < 0:
            raise self.ahead(EOF_VALUE)
        return True

    def next_key(self, first: bool) -> str | None:
        """The next key of an object, None when there is none. Errors lie on an unknown step of the path."""
        self.path.append(None)
        byte = self.peek()
        if byte == 0x7D:
            self.path.pop()
            return None
        if byte < 0:
            raise self.ahead(EOF_OBJECT)
        if not first:
            if byte != 0x2C:
                raise self.ahead(EXPECTED_OBJECT_COMMA_OR_END)
            self.pos += 1
            byte = self.peek()
            if byte == 0x7D:
                raise self.ahead(TRAILING_COMMA)
            if byte < 0:
                raise self.ahead(EOF_VALUE)
        if byte != 0x22:
            raise self.ahead(KEY_MUST_BE_A_STRING)
        self.pos += 1
        key = self.string()
        self.path.pop()
        return key

    def colon(self) -> None:
        """Step over the colon after a key."""
        byte = self.peek()
        if byte == 0x3A:
            self.pos += 1
            return
        raise self.ahead(EOF_OBJECT if byte < 0 else EXPECTED_COLON)

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

    def string(self) -> str:
        """The string whose opening quote was just read."""
        data, start = self.data, self.pos
        end = _PLAIN.match(data, start).end()  # type: ignore[union-attr]
        self.pos = end
        if end < self.size and data[end] == 0x22:
            self.pos = end + 1
            raw = data[start:end]
        else:
            raw = self._escaped_string(start)
        try:
            return raw.decode()
        except UnicodeDecodeError:
            raise self.here(INVALID_CODE_POINT) from None

    def _escaped_string(self, start: int) -> bytes:
        data, size = self.data, self.size
        parts = [data[start : self.pos]]
        while True:
            if self.pos == size:
                raise self.here(EOF_STRING)
            byte = data[self.pos]
            self.pos += 1
            if byte == 0x22:
                return b"".join(parts)
            if byte != 0x5C:
                raise self.here(CONTROL_CHARACTER)
            parts.append(self._escape())
            end = _PLAIN.match(data, self.pos).end()  # type: ignore[union-attr]
            parts.append(data[self.pos : end])
            self.pos = end

    def _escape(self) -> bytes:
        byte = self._string_byte()
        self.pos += 1
        simple = _SIMPLE_ESCAPES.get(byte)
        if simple is not None:
            return simple
        if byte != 0x75:
            raise self.here(INVALID_ESCAPE)
        unit = self._hex_escape()
        if 0xDC00 <= unit <= 0xDFFF:
            raise self.here(LONE_SURROGATE)
        if 0xD800 <= unit <= 0xDBFF:
            for expected in b"\\u":
                found = self._string_byte()
                self.pos += 1
                if found != expected:
                    raise self.here(UNEXPECTED_END_OF_HEX_ESCAPE)
            low = self._hex_escape()
            if not 0xDC00 <= low <= 0xDFFF:
                raise self.here(LONE_SURROGATE)
            unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)
        return chr(unit).encode()

    def _string_byte(self) -> int:
        if self.pos == self.size:
            raise self.here(EOF_STRING)
        return self.data[self.pos]

    def _hex_escape(self) -> int:
        if self.size - self.pos < 4:
            self.pos = self.size
            raise self.here(EOF_STRING)
        digits = self.data[self.pos : self.pos + 4]
        self.pos += 4
        if _HEX.fullmatch(digits) is None:
            raise self.here(INVALID_ESCAPE)
        return int(digits, 16)

    def number(self) -> int | float:
        """The number that begins here. -0 is a float, as is an integer beyond 64 bits."""
        data = self.data
        negative = data[self.pos] == 0x2D
        if negative:
            self.pos += 1
        if self.pos == self.size:
            raise self.here(EOF_VALUE)
        if data[self.pos] not in _DIGIT:
            self.pos += 1
            raise self.here(INVALID_NUMBER)
        digits = self._digits()
        if len(digits) > 1 and digits[0] == 0x30:
            self.pos -= len(digits) - 1
            raise self.ahead(INVALID_NUMBER)
        significand, used = _significand(0, digits)
        exponent = len(digits) - used
        following = data[self.pos : self.pos + 1]
        if following == b".":
            significand, exponent = self._fraction(significand, exponent)
            following = data[self.pos : self.pos + 1]
        elif following not in _EXPONENT and exponent == 0:
            return self._integer(significand, negative)
        if following in _EXPONENT:
            return self._with_exponent(negative, significand, exponent)
        return self._float(negative, significand, exponent)

    def _digits(self) -> bytes:
        start = self.pos
        self.pos = _DIGITS.match(self.data, start).end()  # type: ignore[union-attr]
        return self.data[start : self.pos]

    def _integer(self, significand: int, negative: bool) -> int | float:
        if not negative:
            return significand
        if significand == 0 or -significand < _I64_MIN:
            return -float(significand)
        return -significand

    def _fraction(self, significand: int, exponent: int) -> tuple[int, int]:
        self.pos += 1
        digits = self._digits()
        if not digits:
            raise self.ahead(EOF_VALUE if self.pos == self.size else INVALID_NUMBER)
        # Digits that no longer fit 64 bits are dropped.
        significand, used = _significand(significand, digits)
        return significand, exponent - used

    def _with_exponent(self, negative: bool, significand: int, exponent: int) -> float:
        data = self.data
        self.pos += 1
        grows = True
        if self.pos < self.size and data[self.pos] in b"+-":
            grows = data[self.pos] == 0x2B
            self.pos += 1
        if self.pos == self.size:
            raise self.here(EOF_VALUE)
        if data[self.pos] not in _DIGIT:
            self.pos += 1
            raise self.here(INVALID_NUMBER)
        digits = self._digits()
        significant = digits.lstrip(b"0")
        if len(significant) > 10 or int(significant or b"0") > _I32_MAX:
            if significand and grows:
                too_long = 10 if int(significant[:10]) > _I32_MAX else 11
                self.pos -= len(significant) - too_long
                raise self.here(OUT_OF_RANGE)
            return -0.0 if negative else 0.0
        step = int(significant or b"0")
        return self._float(negative, significand, exponent + (step if grows else -step))

    def _float(self, negative: bool, significand: int, exponent: int) -> float:
        value = float_from_parts(significand, exponent)
        if value is None:
            raise self.here(OUT_OF_RANGE)
        return -value if negative else value

    def anything(self) -> Content:
        """The next value, whatever it is."""
        byte = self.peek_value()
        if byte == 0x22:
            self.pos += 1
            return self.string()
        if byte in _NEGATIVE_DIGIT:
            return self.number()
        path = self.path
        if byte == 0x5B:
            self.enter()
            elements: list[Content] = []
            while self.next_element(not elements):
                path.append(len(elements))
                elements.append(self.anything())
                path.pop()
            self.leave_list()
            return elements
        if byte == 0x7B:
            self.enter()
            pairs: list[tuple[str, Content]] = []
            while (key := self.next_key(not pairs)) is not None:
                self.colon()
                path.append(key)
                pairs.append((key, self.anything()))
                path.pop()
            self.leave_object()
            return Pairs(pairs)
        return self._word(byte)

    def _word(self, byte: int) -> bool | None:
        if byte == 0x6E:
            self.ident(b"ull")
            return None
        if byte == 0x74:
            self.ident(b"rue")
            return True
        if byte == 0x66:
            self.ident(b"alse")
            return False
        raise self.ahead(EXPECTED_VALUE)

    def ignore(self) -> None:
        """Step over the next value, checking its syntax only."""
        opened = bytearray()
        while True:
            byte = self.peek_value()
            if byte == 0x5B or byte == 0x7B:
                self.pos += 1
                opened.append(byte)
                after_value = False
            else:
                self._ignore_scalar(byte)
                after_value = True
            # Close what ends here, then step over the comma, if there is one.
            while opened:
                inside = opened[-1]
                byte = self.peek()
                if byte < 0:
                    raise self.ahead(EOF_LIST if inside == 0x5B else EOF_OBJECT)
                if byte == inside + 2:
                    self.pos += 1
                    opened.pop()
                    after_value = True
                    continue
                if after_value:
                    if byte != 0x2C:
                        raise self.ahead(
                            EXPECTED_LIST_COMMA_OR_END if inside == 0x5B else EXPECTED_OBJECT_COMMA_OR_END
                        )
                    self.pos += 1
                break
            if not opened:
                return
            if opened[-1] == 0x7B:
                self._ignore_key()

    def _ignore_key(self) -> None:
        byte = self.peek()
        if byte != 0x22:
            raise self.ahead(EOF_OBJECT if byte < 0 else KEY_MUST_BE_A_STRING)
        self.pos += 1
        self._ignore_string()
        self.colon()

    def _ignore_scalar(self, byte: int) -> None:
        if byte == 0x22:
            self.pos += 1
            self._ignore_string()
        elif byte in _NEGATIVE_DIGIT:
            self._ignore_number()
        else:
            self._word(byte)

    def _ignore_string(self) -> None:
        data, size = self.data, self.size
        while True:
            self.pos = _PLAIN.match(data, self.pos).end()  # type: ignore[union-attr]
            if self.pos == size:
                raise self.here(EOF_STRING)
            byte = data[self.pos]
            if byte == 0x22:
                self.pos += 1
                return
            if byte != 0x5C:
                raise self.here(CONTROL_CHARACTER)
            self.pos += 1
            escape = self._string_byte()
            self.pos += 1
            if escape == 0x75:
                self._hex_escape()
            elif escape not in _SIMPLE_ESCAPES:
                raise self.here(INVALID_ESCAPE)

    def _ignore_number(self) -> None:
        data, size = self.data, self.size
        if data[self.pos] == 0x2D:
            self.pos += 1
        self._first_digit()
        if data[self.pos - 1] == 0x30:
            if self.pos < size and data[self.pos] in _DIGIT:
                raise self.ahead(INVALID_NUMBER)
        else:
            self._digits()
        if self.pos < size and data[self.pos] == 0x2E:
            self.pos += 1
            if not self._digits():
                raise self.ahead(INVALID_NUMBER)
        if self.pos < size and data[self.pos] in b"eE":
            self.pos += 1
            if self.pos < size and data[self.pos] in b"+-":
                self.pos += 1
            self._first_digit()
            self._digits()

    def _first_digit(self) -> None:
        if self.pos == self.size:
            raise self.here(INVALID_NUMBER)
        self.pos += 1
        if self.data[self.pos - 1] not in _DIGIT:
            raise self.here(INVALID_NUMBER)


def _significand(start: int, digits: bytes) -> tuple[int, int]:
    """`start` followed by as many `digits` as 64 bits hold, and how many that was."""
    zeros = len(digits) - len(digits.lstrip(b"0")) if start == 0 else 0
    used = zeros
    for byte in digits[zeros : zeros + 20]:
        longer = start * 10 + byte - 0x30
        if longer > U64_MAX:
            break
        start = longer
        used += 1
    return start, used


def float_from_parts(significand: int, exponent: int) -> float | None:
    """`significand` (64 bits) times ten to the `exponent`, rounded as serde_json rounds; None on overflow."""
    value = float(significand)
    while abs(exponent) > 308:
        if value == 0.0:
            return value
        if exponent > 0:
            return None
        value /= 1e308
        exponent += 308
    if exponent < 0:
        return value / _POW10[-exponent]
    value *= _POW10[exponent]
    return None if value == float("inf") else value
