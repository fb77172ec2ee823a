"""Enums as serde's derive reads them: untagged, internally tagged and adjacently tagged.

A tag that comes from JSON text is a name; one that comes from a buffered value may also be the variant's
index. What a variant holds is buffered first wherever the variant is not known yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any, Generic, NoReturn, TypeVar

from ..quick_values import dataclass
from .buffer import BufferedSource
from .reader import Content, DecodeError
from .shapes import BUFFERED, Shape, take_all
from .source import Elements, Entries, Source, Tags, invalid_length

__all__ = ["AdjacentlyTagged", "InternallyTagged", "Untagged", "Variant"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Untagged(Shape[T], Generic[T]):
    """The first of `variants` that fits; why the others did not is never said."""

    name: str
    variants: Sequence[Shape[T]]

    def decode(self, source: Source, /) -> T:
        return self._first(BufferedSource(source.anything()))

    def _first(self, source: BufferedSource) -> T:
        for variant in self.variants:
            try:
                return variant.decode(source)
            except DecodeError:
                continue
        raise DecodeError(f"data did not match any variant of untagged enum {self.name}")

    def plain(self, value: Content, /) -> T:
        try:
            return self.variants[0].plain(value)
        except DecodeError:
            # Not plainly the first one; it may still be that one, in a form that only buffered values have.
            return self._first(BufferedSource(value))


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
        kind = f"internally tagged enum {self.name}"
        index, content = source.array_or_object(self._visit_array, self._visit_object, kind)
        return self.variants[index].shape.decode(BufferedSource(content))

    def _visit_array(self, elements: Elements) -> tuple[int, Content]:
        tag = elements.next(self._identifier)
        if tag is None:
            raise DecodeError(f"missing field `{self.tag}`")
        return tag[0], take_all(elements, BUFFERED)

    def _visit_object(self, entries: Entries) -> tuple[int, Content]:
        index: int | None = None
        others: list[tuple[str, Content]] = []
        while (key := entries.next_key()) is not None:
            if key != self.tag:
                others.append((key, entries.next_value(BUFFERED)))
            elif index is None:
                index = entries.next_value(self._identifier)
            else:
                raise DecodeError(f"duplicate field `{self.tag}`")
        if index is None:
            raise DecodeError(f"missing field `{self.tag}`")
        return index, tuple(others)


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
            buffered = entries.next_value(BUFFERED)
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
            if key in (self.tag, self.content):
                return key
            entries.skip()
        return None

    def _duplicate(self, key: str) -> NoReturn:
        raise DecodeError(f"duplicate field `{key}`")
