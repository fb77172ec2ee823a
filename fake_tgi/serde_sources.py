"""Where values are decoded from: JSON text being read, or a value that was buffered before.

Both sources offer the same steps, so a shape is written once. They differ as serde's two deserializers do: a
JSON source reads in order, stops at the first fault and gives every error a place; a buffered source has the
whole value, gives no place, and takes an enum's tag by index too. An error that has no place yet gets it from
the innermost JSON value being read, after an attempt to close it: that is why a missing field is reported
behind the closing brace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from .json_reader import EOF_OBJECT, EOF_VALUE, EXPECTED_VALUE, Content, DecodeError, JsonReader, Pairs
from .rust_text import debug_string, format_f64

__all__ = [
    "BufferedSource",
    "Decodable",
    "Elements",
    "Entries",
    "JsonSource",
    "Source",
    "Tags",
    "invalid_length",
    "invalid_type",
    "unexpected",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
A = TypeVar("A")


class Decodable(Protocol[T_co]):
    """What can be decoded from a source."""

    def decode(self, source: Source, /) -> T_co: ...


class Elements(Protocol):
    """The elements of an array, in order."""

    def next(self, shape: Decodable[T], /) -> tuple[T] | None:
        """The next element, alone in a tuple, or None when there is none."""
        ...


class Entries(Protocol):
    """The entries of an object, in order: each key, then its value or `skip`."""

    def next_key(self) -> str | None: ...

    def next_value(self, shape: Decodable[T], /) -> T: ...

    def skip(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Tags:
    """The names of an enum's variants, in order and with aliases, each with its variant's index."""

    indexes: Mapping[str, int]

    def by_name(self, name: str) -> int:
        if name in self.indexes:
            return self.indexes[name]
        names = [f"`{known}`" for known in self.indexes]
        expected = " or ".join(names) if len(names) <= 2 else f"one of {', '.join(names)}"
        raise DecodeError(f"unknown variant `{name}`, expected {expected}")

    def by_index(self, index: int) -> int:
        count = max(self.indexes.values()) + 1
        if index < count:
            return index
        raise DecodeError(f"invalid value: integer `{index}`, expected variant index 0 <= i < {count}")


class Source(Protocol):
    """One value to decode. `expecting` is how a message names what was wanted."""

    def anything(self) -> Content: ...

    def boolean(self, expecting: str, /) -> bool: ...

    def number(self, accept: Callable[[int | float], T], expecting: str, /) -> T: ...

    def text(self, expecting: str, /) -> str: ...

    def null(self) -> bool:
        """Whether the value is null; if so it is used up."""
        ...

    def array(self, visit: Callable[[Elements], T], expecting: str, /) -> T: ...

    def object(self, visit: Callable[[Entries], T], expecting: str, /) -> T: ...

    def array_or_object(
        self, visit_array: Callable[[Elements], T], visit_object: Callable[[Entries], T], expecting: str, /
    ) -> T: ...

    def identifier(self, tags: Tags, /) -> int:
        """The index of the variant that is named here."""
        ...

    def unit_variant(self, tags: Tags, /) -> int:
        """As `identifier`; an object whose one key is the name, with null in it, will also do."""
        ...


def unexpected(value: Content) -> str:
    """How a message names a value that was not wanted."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean `true`" if value else "boolean `false`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{format_f64(value)}`"
    if isinstance(value, str):
        return f"string {debug_string(value)}"
    return "map" if isinstance(value, Pairs) else "sequence"


def invalid_type(found: str, expecting: str) -> DecodeError:
    """A value of the wrong kind; `found` is what `unexpected` calls it."""
    return DecodeError(f"invalid type: {found}, expected {expecting}")


def invalid_length(length: int, expecting: str) -> DecodeError:
    """An array with too few or too many elements."""
    return DecodeError(f"invalid length {length}, expected {expecting}")


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
        reader.pos += 1
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
        reader.ignore()
        reader.path.pop()


class BufferedSource:
    """A value that was read before."""

    __slots__ = ("value",)

    def __init__(self, value: Content) -> None:
        self.value = value

    def anything(self) -> Content:
        return self.value

    def boolean(self, expecting: str, /) -> bool:
        if isinstance(self.value, bool):
            return self.value
        raise self._mismatch(expecting)

    def number(self, accept: Callable[[int | float], T], expecting: str, /) -> T:
        if isinstance(self.value, (int, float)) and not isinstance(self.value, bool):
            return accept(self.value)
        raise self._mismatch(expecting)

    def text(self, expecting: str, /) -> str:
        if isinstance(self.value, str):
            return self.value
        raise self._mismatch(expecting)

    def null(self) -> bool:
        return self.value is None

    def array(self, visit: Callable[[Elements], T], expecting: str, /) -> T:
        if not isinstance(self.value, list):
            raise self._mismatch(expecting)
        elements = BufferedElements(self.value)
        value = visit(elements)
        if elements.count < len(self.value):
            seen = elements.count
            expecting = "1 element in sequence" if seen == 1 else f"{seen} elements in sequence"
            raise invalid_length(len(self.value), expecting)
        return value

    def object(self, visit: Callable[[Entries], T], expecting: str, /) -> T:
        if not isinstance(self.value, Pairs):
            raise self._mismatch(expecting)
        return visit(BufferedEntries(self.value))

    def array_or_object(
        self, visit_array: Callable[[Elements], T], visit_object: Callable[[Entries], T], expecting: str, /
    ) -> T:
        if isinstance(self.value, list):
            return self.array(visit_array, expecting)
        return self.object(visit_object, expecting)

    def identifier(self, tags: Tags, /) -> int:
        if isinstance(self.value, str):
            return tags.by_name(self.value)
        if isinstance(self.value, int) and not isinstance(self.value, bool) and self.value >= 0:
            return tags.by_index(self.value)
        raise self._mismatch("variant identifier")

    def unit_variant(self, tags: Tags, /) -> int:
        if isinstance(self.value, str):
            return tags.by_name(self.value)
        if not isinstance(self.value, Pairs):
            raise self._mismatch("string or map")
        if len(self.value) != 1:
            raise DecodeError("invalid value: map, expected map with a single key")
        ((name, content),) = self.value
        index = tags.by_name(name)
        if content is not None:
            raise invalid_type(unexpected(content), "unit")
        return index

    def _mismatch(self, expecting: str) -> DecodeError:
        return invalid_type(unexpected(self.value), expecting)


class BufferedElements:
    """The elements of a buffered array; `count` of them were taken."""

    __slots__ = ("count", "values")

    def __init__(self, values: list[Content]) -> None:
        self.values = values
        self.count = 0

    def next(self, shape: Decodable[T], /) -> tuple[T] | None:
        if self.count == len(self.values):
            return None
        self.count += 1
        return (shape.decode(BufferedSource(self.values[self.count - 1])),)


class BufferedEntries:
    """The entries of a buffered object."""

    __slots__ = ("pairs", "value")

    def __init__(self, pairs: Pairs) -> None:
        self.pairs: Iterator[tuple[str, Content]] = iter(pairs)
        self.value: Content = None

    def next_key(self) -> str | None:
        entry = next(self.pairs, None)
        if entry is None:
            return None
        key, self.value = entry
        return key

    def next_value(self, shape: Decodable[T], /) -> T:
        return shape.decode(BufferedSource(self.value))

    def skip(self) -> None:
        pass
