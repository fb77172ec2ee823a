"""A value at hand as a source: all of it is there, so nothing has a place, and a tag may be an index.

serde buffers a value before it tries the variants of an untagged enum, before it knows the variant of a
tagged one, and to collect the fields that a flattened struct is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from .reader import Content, DecodeError
from .source import Decodable, Elements, Entries, Tags, invalid_length, invalid_type, unexpected

__all__ = ["BufferedSource"]

T = TypeVar("T")


class BufferedSource:
    """A value that was read before. Without `tags_by_index` it takes no more than JSON text would."""

    __slots__ = ("tags_by_index", "value")

    def __init__(self, value: Content, tags_by_index: bool = True) -> None:
        self.value = value
        self.tags_by_index = tags_by_index

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
        elements = BufferedElements(self.value, self.tags_by_index)
        value = visit(elements)
        if elements.count < len(self.value):
            seen = elements.count
            expecting = "1 element in sequence" if seen == 1 else f"{seen} elements in sequence"
            raise invalid_length(len(self.value), expecting)
        return value

    def object(self, visit: Callable[[Entries], T], expecting: str, /) -> T:
        if not isinstance(self.value, tuple):
            raise self._mismatch(expecting)
        return visit(BufferedEntries(self.value, self.tags_by_index))

    def array_or_object(
        self, visit_array: Callable[[Elements], T], visit_object: Callable[[Entries], T], expecting: str, /
    ) -> T:
        if isinstance(self.value, list):
            return self.array(visit_array, expecting)
        return self.object(visit_object, expecting)

    def identifier(self, tags: Tags, /) -> int:
        if isinstance(self.value, str):
            return tags.by_name(self.value)
        if self.tags_by_index and type(self.value) is int and self.value >= 0:
            return tags.by_index(self.value)
        raise self._mismatch("variant identifier")

    def unit_variant(self, tags: Tags, /) -> int:
        if isinstance(self.value, str):
            return tags.by_name(self.value)
        if not isinstance(self.value, tuple):
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

    __slots__ = ("count", "tags_by_index", "values")

    def __init__(self, values: list[Content], tags_by_index: bool) -> None:
        self.values = values
        self.tags_by_index = tags_by_index
        self.count = 0

    def next(self, shape: Decodable[T], /) -> tuple[T] | None:
        if self.count == len(self.values):
            return None
        value = self.values[self.count]
        self.count += 1
        return (shape.decode(BufferedSource(value, self.tags_by_index)),)


class BufferedEntries:
    """The entries of a buffered object."""

    __slots__ = ("pairs", "tags_by_index", "value")

    def __init__(self, pairs: tuple[tuple[str, Content], ...], tags_by_index: bool) -> None:
        self.pairs: Iterator[tuple[str, Content]] = iter(pairs)
        self.tags_by_index = tags_by_index
        self.value: Content = None

    def next_key(self) -> str | None:
        entry = next(self.pairs, None)
        if entry is None:
            return None
        key, self.value = entry
        return key

    def next_value(self, shape: Decodable[T], /) -> T:
        return shape.decode(BufferedSource(self.value, self.tags_by_index))

    def skip(self) -> None:
        pass
