"""JSON text as a source: read in order, up to the first fault, and every error has a place.

An error that has no place yet gets it from the innermost value being read, after an attempt to close that
value: this is why a missing field is reported behind the closing brace, and a duplicate one before its colon.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .cursor import EOF_OBJECT, EOF_VALUE, EXPECTED_VALUE
from .reader import Content, DecodeError, JsonReader
from .source import Decodable, Elements, Entries, Tags, invalid_type, unexpected

__all__ = ["JsonSource"]

T = TypeVar("T")
A = TypeVar("A")


class JsonSource:
    """The next value of a JSON text."""

    __slots__ = ("reader",)

    def __init__(self, reader: JsonReader) -> None:
        self.reader = reader

    def anything(self) -> Content:
        return self.reader.anything()

    def boolean(self, expecting: str, /) -> bool:
        if self.reader.peek_value() not in b"tf":
            raise self._mismatch(expecting)
        return self.reader.anything() is True

    def number(self, accept: Callable[[int | float], T], expecting: str, /) -> T:
        if self.reader.peek_value() not in b"-0123456789":
            raise self._mismatch(expecting)
        value = self.reader.number()
        try:
            return accept(value)
        except DecodeError as error:
            raise self._placed(error) from None

    def text(self, expecting: str, /) -> str:
        reader = self.reader
        if reader.peek_value() != 0x22:
            raise self._mismatch(expecting)
        return reader.string()

    def null(self) -> bool:
        reader = self.reader
        if reader.peek() != 0x6E:
            return False
        reader.ident(b"ull")
        return True

    def array(self, visit: Callable[[Elements], T], expecting: str, /) -> T:
        if self.reader.peek_value() != 0x5B:
            raise self._mismatch(expecting)
        return self._inside(visit, JsonElements(self), self.reader.leave_list)

    def object(self, visit: Callable[[Entries], T], expecting: str, /) -> T:
        if self.reader.peek_value() != 0x7B:
            raise self._mismatch(expecting)
        return self._inside(visit, JsonEntries(self), self.reader.leave_object)

    def array_or_object(
        self, visit_array: Callable[[Elements], T], visit_object: Callable[[Entries], T], expecting: str, /
    ) -> T:
        if self.reader.peek_value() == 0x5B:
            return self.array(visit_array, expecting)
        return self.object(visit_object, expecting)

    def identifier(self, tags: Tags, /) -> int:
        return self._named(tags)[1]

    def unit_variant(self, tags: Tags, /) -> int:
        reader = self.reader
        byte = reader.peek()
        if byte == 0x22:
            return self.identifier(tags)
        if byte != 0x7B:
            raise reader.ahead(EOF_VALUE if byte < 0 else EXPECTED_VALUE)
        reader.enter()
        name, index = self._named(tags)
        reader.colon()
        reader.path.append(name)
        if reader.peek_value() != 0x6E:
            raise self._mismatch("unit")
        reader.ident(b"ull")
        reader.path.pop()
        reader.depth += 1
        byte = reader.peek()
        if byte != 0x7D:
            raise reader.here(EOF_OBJECT if byte < 0 else EXPECTED_VALUE)
        reader.pos += 1
        return index

    def _named(self, tags: Tags) -> tuple[str, int]:
        name = self.text("variant identifier")
        try:
            return name, tags.by_name(name)
        except DecodeError as error:
            raise self._placed(error) from None

    def _inside(self, visit: Callable[[A], T], access: A, leave: Callable[[], None]) -> T:
        self.reader.enter()
        try:
            value = visit(access)
        except DecodeError as error:
            if error.offset is None:
                try:
                    leave()
                except DecodeError:
                    pass  # the first error is the one to report; this one only moved the place
                self._placed(error)
            raise
        leave()
        return value

    def _mismatch(self, expecting: str) -> DecodeError:
        """The error about the next value. It is placed behind a scalar, but before an array or object."""
        byte = self.reader.data[self.reader.pos]
        if byte == 0x5B:
            found = "sequence"
        elif byte == 0x7B:
            found = "map"
        else:
            found = unexpected(self.reader.anything())
        return self._placed(invalid_type(found, expecting))

    def _placed(self, error: DecodeError) -> DecodeError:
        error.offset = self.reader.pos
        return error


class JsonElements:
    """The elements of the array that `source` is in."""

    __slots__ = ("count", "source")

    def __init__(self, source: JsonSource) -> None:
        self.source = source
        self.count = 0

    def next(self, shape: Decodable[T], /) -> tuple[T] | None:
        reader = self.source.reader
        if not reader.next_element(self.count == 0):
            return None
        reader.path.append(self.count)
        self.count += 1
        value = shape.decode(self.source)
        reader.path.pop()
        return (value,)


class JsonEntries:
    """The entries of the object that `source` is in."""

    __slots__ = ("first", "key", "source")

    def __init__(self, source: JsonSource) -> None:
        self.source = source
        self.first = True
        self.key = ""

    def next_key(self) -> str | None:
        key = self.source.reader.next_key(self.first)
        self.first = False
        if key is not None:
            self.key = key
        return key

    def next_value(self, shape: Decodable[T], /) -> T:
        reader = self.source.reader
        reader.colon()
        reader.path.append(self.key)
        value = shape.decode(self.source)
        reader.path.pop()
        return value

    def skip(self) -> None:
        reader = self.source.reader
        reader.colon()
        reader.path.append(self.key)
        reader.skip()
        reader.path.pop()
