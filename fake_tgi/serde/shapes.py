"""Shapes of values: scalars, options and lists, each decoding itself and refusing in serde's words.

A shape is decoded from a source. `plain` is the same in a hurry, for JSON text that was scanned whole: what
it returns is what `decode` would have returned from that text, but it may refuse what `decode` takes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import field
from typing import Generic, TypeVar

from ..caches import BoundedCache
from ..quick_values import dataclass
from ..requests import JsonValue
from .buffer import BufferedSource
from .reader import Content, DecodeError
from .source import Decodable, Elements, Source, invalid_type, unexpected

__all__ = [
    "BUFFERED",
    "AnyJson",
    "Boolean",
    "Converted",
    "Float32",
    "Integer",
    "Interned",
    "ListOf",
    "Null",
    "Optional",
    "Shape",
    "Text",
    "nearest_f32",
    "not_plain",
    "take_all",
]

_MOST_FIELDS = 12

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Shape(Generic[T_co]):
    """What a value must look like."""

    __slots__ = ()

    def decode(self, source: Source, /) -> T_co:
        """The value at `source`. Raises DecodeError."""
        raise NotImplementedError

    def plain(self, value: Content, /) -> T_co:
        """What `decode` makes of JSON text that says `value`. Raises DecodeError, of no use as a message."""
        return self.decode(BufferedSource(value, tags_by_index=False))

    def absent(self, name: str) -> T_co:
        """The value when the field `name` is not there and has no default."""
        raise DecodeError(f"missing field `{name}`")


def not_plain() -> DecodeError:
    """The error of `Shape.plain`: decode the exact way instead."""
    return DecodeError("not plain")


@dataclass(frozen=True, slots=True)
class Text(Shape[str]):
    """A string."""

    def decode(self, source: Source, /) -> str:
        return source.text("a string")

    def plain(self, value: Content, /) -> str:
        if isinstance(value, str):
            return value
        raise not_plain()


@dataclass(frozen=True, slots=True)
class Boolean(Shape[bool]):
    """true or false, nothing else."""

    def decode(self, source: Source, /) -> bool:
        return source.boolean("a boolean")

    def plain(self, value: Content, /) -> bool:
        if value is True or value is False:
            return value
        raise not_plain()


@dataclass(frozen=True, slots=True)
class Null(Shape[None]):
    """null."""

    def decode(self, source: Source, /) -> None:
        if not source.null():
            raise invalid_type(unexpected(source.anything()), "unit")


@dataclass(frozen=True, slots=True)
class Integer(Shape[int]):
    """A Rust integer called `name`, from `low` to `high`. `1.0` is none."""

    name: str
    low: int
    high: int

    def decode(self, source: Source, /) -> int:
        return source.number(self._accept, self.name)

    def plain(self, value: Content, /) -> int:
        if type(value) is int and self.low <= value <= self.high:
            return value
        raise not_plain()

    def _accept(self, value: int | float) -> int:
        if isinstance(value, float):
            raise invalid_type(unexpected(value), self.name)
        if self.low <= value <= self.high:
            return value
        raise DecodeError(f"invalid value: {unexpected(value)}, expected {self.name}")


@dataclass(frozen=True, slots=True)
class Float32(Shape[float]):
    """Any number, as the nearest 32-bit float."""

    def decode(self, source: Source, /) -> float:
        return source.number(nearest_f32, "f32")

    def plain(self, value: Content, /) -> float:
        if type(value) is float or type(value) is int:
            return nearest_f32(value)
        raise not_plain()


@dataclass(frozen=True, slots=True)
class AnyJson(Shape[JsonValue]):
    """Any JSON value."""

    def decode(self, source: Source, /) -> JsonValue:
        return _free(source.anything())

    def plain(self, value: Content, /) -> JsonValue:
        return _free(value)


def _free(content: Content) -> JsonValue:
    if isinstance(content, tuple):
        return {key: _free(value) for key, value in content}
    if isinstance(content, list):
        return [_free(value) for value in content]
    return content


@dataclass(frozen=True, slots=True)
class Buffered(Shape[Content]):
    """Any JSON value, as it was written."""

    def decode(self, source: Source, /) -> Content:
        return source.anything()


BUFFERED = Buffered()


@dataclass(frozen=True, slots=True)
class Optional(Shape["T | None"], Generic[T]):
    """`shape`, or None for null. Absent is None too."""

    shape: Shape[T]

    def decode(self, source: Source, /) -> T | None:
        return None if source.null() else self.shape.decode(source)

    def plain(self, value: Content, /) -> T | None:
        return None if value is None else self.shape.plain(value)

    def absent(self, name: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ListOf(Shape["tuple[T, ...]"], Generic[T]):
    """An array of `shape`."""

    shape: Shape[T]

    def decode(self, source: Source, /) -> tuple[T, ...]:
        return source.array(self._visit, "a sequence")

    def plain(self, value: Content, /) -> tuple[T, ...]:
        if isinstance(value, list):
            return tuple(map(self.shape.plain, value))
        raise not_plain()

    def _visit(self, elements: Elements) -> tuple[T, ...]:
        return tuple(take_all(elements, self.shape))


def take_all(elements: Elements, shape: Decodable[U]) -> list[U]:
    """All the elements that are left."""
    values = []
    while (element := elements.next(shape)) is not None:
        values.append(element[0])
    return values


@dataclass(frozen=True, slots=True)
class Converted(Shape[U], Generic[T, U]):
    """`shape`, then `convert`, which may raise DecodeError."""

    shape: Shape[T]
    convert: Callable[[T], U]

    def decode(self, source: Source, /) -> U:
        return self.convert(self.shape.decode(source))

    def plain(self, value: Content, /) -> U:
        return self.convert(self.shape.plain(value))

    def absent(self, name: str) -> U:
        return self.convert(self.shape.absent(name))


@dataclass(frozen=True, slots=True)
class Interned(Shape[T], Generic[T]):
    """`shape`, whose values may be shared: what was written in the same words is the same object.

    For values that clients send again and again. What is remembered is bounded, and holds no state.
    """

    shape: Shape[T]
    _known: BoundedCache[str, T] = field(
        default_factory=lambda: BoundedCache(entries=1000, size=500_000), repr=False
    )

    def decode(self, source: Source, /) -> T:
        return self.shape.decode(source)

    def plain(self, value: Content, /) -> T:
        if not isinstance(value, tuple) or len(value) > _MOST_FIELDS:
            return self.shape.plain(value)
        words = repr(value)  # tells 1 from 1.0 and from true, which are equal otherwise
        known = self._known.get(words)
        if known is None:
            known = self.shape.plain(value)
            self._known.put(words, known, len(words))
        return known

    def absent(self, name: str) -> T:
        return self.shape.absent(name)


def nearest_f32(value: int | float) -> float:
    """The 32-bit float nearest to `value`, infinite when that is beyond the largest."""
    if isinstance(value, int):
        # An integer is rounded once; by way of a double it would be rounded twice.
        excess = abs(value).bit_length() - 24
        if excess > 0:
            kept, dropped = divmod(abs(value), 1 << excess)
            half = 1 << excess >> 1
            kept += dropped > half or (dropped == half and kept & 1)
            return float((kept << excess) * (-1 if value < 0 else 1))
        return float(value)
    try:
        (rounded,) = _F32.unpack(_F32.pack(value))
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return float(rounded)


_F32 = struct.Struct("f")
