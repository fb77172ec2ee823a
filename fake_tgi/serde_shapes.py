"""The shapes that a request is made of, each decoding itself from a source and refusing in serde's words.

These are the rules that serde's derive generates for TGI's types: structs from objects or from arrays in
field order, aliases, defaults, options, flattened fields, and the three kinds of tagged enum. What a request
has in which order is in `request_shapes`; nothing here knows of TGI.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NoReturn, TypeVar

from .json_reader import Content, DecodeError, Pairs
from .requests import JsonValue
from .serde_sources import (
    BufferedSource,
    Decodable,
    Elements,
    Entries,
    Source,
    Tags,
    invalid_length,
    invalid_type,
    unexpected,
)

__all__ = [
    "REQUIRED",
    "AdjacentlyTagged",
    "AnyJson",
    "Boolean",
    "Converted",
    "Field",
    "Float32",
    "Integer",
    "InternallyTagged",
    "ListOf",
    "Null",
    "Optional",
    "Shape",
    "Struct",
    "Text",
    "Untagged",
    "Variant",
    "nearest_f32",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
U = TypeVar("U")


class Shape(Generic[T_co]):
    """What a value must look like. `decode` returns it or raises DecodeError."""

    __slots__ = ()

    def decode(self, source: Source, /) -> T_co:
        raise NotImplementedError

    def absent(self, name: str) -> T_co:
        """The value when the field `name` is not there and has no default."""
        raise DecodeError(f"missing field `{name}`")


@dataclass(frozen=True, slots=True)
class Text(Shape[str]):
    """A string."""

    def decode(self, source: Source, /) -> str:
        return source.text("a string")


@dataclass(frozen=True, slots=True)
class Boolean(Shape[bool]):
    """true or false, nothing else."""

    def decode(self, source: Source, /) -> bool:
        return source.boolean("a boolean")


@dataclass(frozen=True, slots=True)
class Null(Shape[None]):
    """null."""

    def decode(self, source: Source, /) -> None:
        if not source.null():
            raise invalid_type(unexpected(source.anything()), "unit variant")


@dataclass(frozen=True, slots=True)
class Integer(Shape[int]):
    """A Rust integer called `name`, from `low` to `high`. `1.0` is none."""

    name: str
    low: int
    high: int

    def decode(self, source: Source, /) -> int:
        return source.number(self._accept, self.name)

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


@dataclass(frozen=True, slots=True)
class AnyJson(Shape[JsonValue]):
    """Any JSON value."""

    def decode(self, source: Source, /) -> JsonValue:
        return _plain(source.anything())


@dataclass(frozen=True, slots=True)
class _Buffered(Shape[Content]):
    def decode(self, source: Source, /) -> Content:
        return source.anything()


@dataclass(frozen=True, slots=True)
class Optional(Shape["T | None"], Generic[T]):
    """`shape`, or None for null. Absent is None too."""

    shape: Decodable[T]

    def decode(self, source: Source, /) -> T | None:
        return None if source.null() else self.shape.decode(source)

    def absent(self, name: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class ListOf(Shape["tuple[T, ...]"], Generic[T]):
    """An array of `shape`."""

    shape: Decodable[T]

    def decode(self, source: Source, /) -> tuple[T, ...]:
        return source.array(self._visit, "a sequence")

    def _visit(self, elements: Elements) -> tuple[T, ...]:
        return tuple(_all(elements, self.shape))


@dataclass(frozen=True, slots=True)
class Converted(Shape[U], Generic[T, U]):
    """`shape`, then `convert`, which may raise DecodeError."""

    shape: Shape[T]
    convert: Callable[[T], U]

    def decode(self, source: Source, /) -> U:
        return self.convert(self.shape.decode(source))

    def absent(self, name: str) -> U:
        return self.convert(self.shape.absent(name))


class _Required:
    """No default."""


REQUIRED = _Required()


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a struct. With a `default` it may be left out of an object and of the end of an array;
    without one an Optional may still be left out of an object."""

    name: str
    shape: Shape[Any]
    default: Any = REQUIRED
    aliases: tuple[str, ...] = ()

    def missing(self) -> Any:
        return self.shape.absent(self.name) if self.default is REQUIRED else self.default


@dataclass(frozen=True, slots=True)
class Struct(Shape[T], Generic[T]):
    """A struct: an object with `fields`, others ignored, or an array of them in order.

    `kind` is how messages call it. `flattened`, if set, is decoded from the object of all other fields; then
    (as always with `arrays` False) an array is refused.
    """

    kind: str
    build: Callable[..., T]
    fields: Sequence[Field]
    flattened: Field | None = None
    arrays: bool = True
    _by_key: dict[str, Field] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_key = {key: each for each in self.fields for key in (each.name, *each.aliases)}
        object.__setattr__(self, "_by_key", by_key)

    def decode(self, source: Source, /) -> T:
        if self.arrays and self.flattened is None:
            return source.array_or_object(self._visit_array, self._visit_object, self.kind)
        return source.object(self._visit_object, self.kind)

    def _visit_array(self, elements: Elements) -> T:
        values = {}
        for index, each in enumerate(self.fields):
            element = elements.next(each.shape)
            if element is not None:
                values[each.name] = element[0]
            elif each.default is not REQUIRED:
                values[each.name] = each.default
            else:
                count = len(self.fields)
                raise invalid_length(index, f"{self.kind} with {count} element{'s' if count > 1 else ''}")
        return self.build(**values)

    def _visit_object(self, entries: Entries) -> T:
        values: dict[str, Any] = {}
        others: list[tuple[str, Content]] = []
        while (key := entries.next_key()) is not None:
            each = self._by_key.get(key)
            if each is not None:
                if each.name in values:
                    raise DecodeError(f"duplicate field `{each.name}`")
                values[each.name] = entries.next_value(each.shape)
            elif self.flattened is not None:
                others.append((key, entries.next_value(_BUFFERED)))
            else:
                entries.skip()
        for each in self.fields:
            if each.name not in values:
                values[each.name] = each.missing()
        if self.flattened is not None:
            values[self.flattened.name] = self.flattened.shape.decode(BufferedSource(Pairs(others)))
        return self.build(**values)


@dataclass(frozen=True, slots=True)
class Untagged(Shape[T], Generic[T]):
    """The first of `variants` that fits; why the others did not is never said."""

    name: str
    variants: Sequence[Decodable[T]]

    def decode(self, source: Source, /) -> T:
        content = source.anything()
        for variant in self.variants:
            try:
                return variant.decode(BufferedSource(content))
            except DecodeError:
                continue
        raise DecodeError(f"data did not match any variant of untagged enum {self.name}")


@dataclass(frozen=True, slots=True)
class Variant(Generic[T_co]):
    """A variant of a tagged enum: its names (the first is its own, the others aliases) and its content."""

    names: tuple[str, ...]
    shape: Shape[T_co]


def _tags(variants: Sequence[Variant[Any]]) -> Tags:
    return Tags({name: index for index, variant in enumerate(variants) for name in variant.names})


@dataclass(frozen=True, slots=True)
class _Identifier(Shape[int]):
    tags: Tags

    def decode(self, source: Source, /) -> int:
        return source.identifier(self.tags)


@dataclass(frozen=True, slots=True)
class _UnitVariant(Shape[int]):
    tags: Tags

    def decode(self, source: Source, /) -> int:
        return source.unit_variant(self.tags)


@dataclass(frozen=True, slots=True)
class InternallyTagged(Shape[T], Generic[T]):
    """An object whose field `tag` names the variant and whose other fields are it; or an array, tag first."""

    name: str
    tag: str
    variants: Sequence[Variant[T]]
    _identifier: _Identifier = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_identifier", _Identifier(_tags(self.variants)))

    def decode(self, source: Source, /) -> T:
        index, content = source.array_or_object(
            self._visit_array, self._visit_object, f"internally tagged enum {self.name}"
        )
        return self.variants[index].shape.decode(BufferedSource(content))

    def _visit_array(self, elements: Elements) -> tuple[int, Content]:
        tag = elements.next(self._identifier)
        if tag is None:
            raise DecodeError(f"missing field `{self.tag}`")
        return tag[0], _all(elements, _BUFFERED)

    def _visit_object(self, entries: Entries) -> tuple[int, Content]:
        index: int | None = None
        others: list[tuple[str, Content]] = []
        while (key := entries.next_key()) is not None:
            if key != self.tag:
                others.append((key, entries.next_value(_BUFFERED)))
            elif index is None:
                index = entries.next_value(self._identifier)
            else:
                raise DecodeError(f"duplicate field `{self.tag}`")
        if index is None:
            raise DecodeError(f"missing field `{self.tag}`")
        return index, Pairs(others)


@dataclass(frozen=True, slots=True)
class AdjacentlyTagged(Shape[T], Generic[T]):
    """An object with the variant's name in `tag` and the variant in `content`, in either order, other fields
    ignored; or an array of the two."""

    name: str
    tag: str
    content: str
    variants: Sequence[Variant[T]]
    _identifier: _Identifier = field(init=False, repr=False)
    _unit_variant: _UnitVariant = field(init=False, repr=False)

    def __post_init__(self) -> None:
        tags = _tags(self.variants)
        object.__setattr__(self, "_identifier", _Identifier(tags))
        object.__setattr__(self, "_unit_variant", _UnitVariant(tags))

    @property
    def kind(self) -> str:
        """How messages call it."""
        return f"adjacently tagged enum {self.name}"

    def decode(self, source: Source, /) -> T:
        return source.array_or_object(self._visit_array, self._visit_object, self.kind)

    def _visit_array(self, elements: Elements) -> T:
        tag = elements.next(self._identifier)
        if tag is None:
            raise invalid_length(0, self.kind)
        content = elements.next(self.variants[tag[0]].shape)
        if content is None:
            raise invalid_length(1, self.kind)
        return content[0]

    def _visit_object(self, entries: Entries) -> T:
        first = self._next_own_key(entries)
        if first == self.tag:
            shape = self.variants[entries.next_value(self._unit_variant)].shape
            second = self._next_own_key(entries)
            if second is None:
                return shape.absent(self.content)
            if second == first:
                self._duplicate(second)
            value = entries.next_value(shape)
        elif first == self.content:
            buffered = entries.next_value(_BUFFERED)
            second = self._next_own_key(entries)
            if second is None:
                raise DecodeError(f"missing field `{self.tag}`")
            if second == first:
                self._duplicate(second)
            index = entries.next_value(self._unit_variant)
            value = self.variants[index].shape.decode(BufferedSource(buffered))
        else:
            raise DecodeError(f"missing field `{self.tag}`")
        third = self._next_own_key(entries)
        if third is not None:
            self._duplicate(third)
        return value

    def _next_own_key(self, entries: Entries) -> str | None:
        while (key := entries.next_key()) is not None:
            if key == self.tag or key == self.content:
                return key
            entries.skip()
        return None

    def _duplicate(self, key: str) -> NoReturn:
        raise DecodeError(f"duplicate field `{key}`")


_BUFFERED = _Buffered()


def _all(elements: Elements, shape: Decodable[U]) -> list[U]:
    values = []
    while (element := elements.next(shape)) is not None:
        values.append(element[0])
    return values


def _plain(content: Content) -> JsonValue:
    if isinstance(content, Pairs):
        return {key: _plain(value) for key, value in content}
    if isinstance(content, list):
        return [_plain(value) for value in content]
    return content


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
        (rounded,) = struct.unpack("f", struct.pack("f", value))
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return float(rounded)
