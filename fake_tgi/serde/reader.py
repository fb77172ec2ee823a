"""Arrays, objects and whole values of a JSON text, read one step at a time as serde_json 1.0.140 reads them.

Whoever reads decides what comes next, so that an error is the first one in the text, of whatever kind. What
is skipped is checked for syntax only: it may be nested to any depth.
"""

from __future__ import annotations

from typing import TypeAlias

from .cursor import (
    EOF_LIST,
    EOF_OBJECT,
    EXPECTED_COLON,
    EXPECTED_LIST_COMMA_OR_END,
    EXPECTED_OBJECT_COMMA_OR_END,
    EXPECTED_VALUE,
    KEY_MUST_BE_A_STRING,
    RECURSION_LIMIT,
    TRAILING_CHARACTERS,
    TRAILING_COMMA,
    DecodeError,
    JsonCursor,
    JsonSyntaxError,
)
from .numbers import read_number, skip_number
from .strings import read_string, skip_string

__all__ = ["MAX_DEPTH", "TRAILING_CHARACTERS", "Content", "DecodeError", "JsonReader", "JsonSyntaxError"]

MAX_DEPTH = 127
"""Arrays and objects that are read may be nested this deep."""

Content: TypeAlias = "bool | int | float | str | list[Content] | tuple[tuple[str, Content], ...] | None"
"""Any JSON value as serde buffers it. An object is a tuple of its (key, value) pairs as written, repeated
keys included; an array is a list. Ints are -2**63 to 2**64-1; what is beyond is a float."""

_QUOTE, _COMMA, _COLON = b'",:'
_LIST, _LIST_END, _OBJECT, _OBJECT_END = b"[]{}"
_NUMBER_START = frozenset(b"-0123456789")


class JsonReader(JsonCursor):
    """A cursor and the way to it: `path` holds the keys (str), indices (int) and unknown steps (None) that
    lead to what is being read. An error does not unwind it, so that it then tells where."""

    __slots__ = ("depth", "path")

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.depth = 0
        self.path: list[str | int | None] = []

    def enter(self) -> None:
        """Step over the bracket that opens an array or object."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.ahead(RECURSION_LIMIT)
        self.pos += 1

    def leave_list(self) -> None:
        """Step over the bracket that closes an array; anything else is an error."""
        self.depth -= 1
        byte = self.peek()
        if byte == _LIST_END:
            self.pos += 1
            return
        if byte < 0:
            raise self.ahead(EOF_LIST)
        if byte == _COMMA:
            self.pos += 1
            if self.peek() == _LIST_END:
                raise self.ahead(TRAILING_COMMA)
        raise self.ahead(TRAILING_CHARACTERS)

    def leave_object(self) -> None:
        """Step over the brace that closes an object; anything else is an error."""
        self.depth -= 1
        byte = self.peek()
        if byte == _OBJECT_END:
            self.pos += 1
            return
        if byte < 0:
            raise self.ahead(EOF_OBJECT)
        raise self.ahead(TRAILING_COMMA if byte == _COMMA else TRAILING_CHARACTERS)

    def next_element(self, first: bool) -> bool:
        """Whether an array has another element, stepping up to it."""
        byte = self.peek()
        if byte == _LIST_END:
            return False
        if byte < 0:
            raise self.ahead(EOF_LIST)
        if first:
            return True
        if byte != _COMMA:
            raise self.ahead(EXPECTED_LIST_COMMA_OR_END)
        self.pos += 1
        if self.peek_value() == _LIST_END:
            raise self.ahead(TRAILING_COMMA)
        return True

    def next_key(self, first: bool) -> str | None:
        """The next key of an object, None when there is none. Errors lie on an unknown step of the path."""
        self.path.append(None)
        byte = self.peek()
        if byte == _OBJECT_END:
            self.path.pop()
            return None
        if byte < 0:
            raise self.ahead(EOF_OBJECT)
        if not first:
            if byte != _COMMA:
                raise self.ahead(EXPECTED_OBJECT_COMMA_OR_END)
            self.pos += 1
            byte = self.peek_value()
            if byte == _OBJECT_END:
                raise self.ahead(TRAILING_COMMA)
        if byte != _QUOTE:
            raise self.ahead(KEY_MUST_BE_A_STRING)
        self.pos += 1
        key = read_string(self)
        self.path.pop()
        return key

    def colon(self) -> None:
        """Step over the colon after a key."""
        byte = self.peek()
        if byte != _COLON:
            raise self.ahead(EOF_OBJECT if byte < 0 else EXPECTED_COLON)
        self.pos += 1

    def string(self) -> str:
        """The string whose opening quote is next."""
        self.pos += 1
        return read_string(self)

    def number(self) -> int | float:
        """The number that is next."""
        return read_number(self)

    def anything(self) -> Content:
        """The next value, whatever it is."""
        byte = self.peek_value()
        if byte == _QUOTE:
            return self.string()
        if byte in _NUMBER_START:
            return read_number(self)
        path = self.path
        if byte == _LIST:
            self.enter()
            elements: list[Content] = []
            while self.next_element(not elements):
                path.append(len(elements))
                elements.append(self.anything())
                path.pop()
            self.leave_list()
            return elements
        if byte == _OBJECT:
            self.enter()
            pairs: list[tuple[str, Content]] = []
            while (key := self.next_key(not pairs)) is not None:
                self.colon()
                path.append(key)
                pairs.append((key, self.anything()))
                path.pop()
            self.leave_object()
            return tuple(pairs)
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

    def skip(self) -> None:
        """Step over the next value, checking its syntax only."""
        opened = bytearray()
        while True:
            byte = self.peek_value()
            if byte in (_LIST, _OBJECT):
                self.pos += 1
                opened.append(byte)
                self._close_all(opened, after_value=False)
            else:
                self._skip_scalar(byte)
                self._close_all(opened, after_value=True)
            if not opened:
                return
            if opened[-1] == _OBJECT:
                self._skip_key()

    def _close_all(self, opened: bytearray, *, after_value: bool) -> None:
        """Step over what closes here, and then over the comma before the next value, if one must follow."""
        while opened:
            inside = opened[-1]
            byte = self.peek()
            if byte < 0:
                raise self.ahead(EOF_LIST if inside == _LIST else EOF_OBJECT)
            if byte == (_LIST_END if inside == _LIST else _OBJECT_END):
                self.pos += 1
                opened.pop()
                after_value = True
                continue
            if after_value:
                if byte != _COMMA:
                    message = EXPECTED_LIST_COMMA_OR_END if inside == _LIST else EXPECTED_OBJECT_COMMA_OR_END
                    raise self.ahead(message)
                self.pos += 1
            return

    def _skip_key(self) -> None:
        byte = self.peek()
        if byte != _QUOTE:
            raise self.ahead(EOF_OBJECT if byte < 0 else KEY_MUST_BE_A_STRING)
        self.pos += 1
        skip_string(self)
        self.colon()

    def _skip_scalar(self, byte: int) -> None:
        if byte == _QUOTE:
            self.pos += 1
            skip_string(self)
        elif byte in _NUMBER_START:
            skip_number(self)
        else:
            self._word(byte)
