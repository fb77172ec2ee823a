"""What a shape can ask of the value it decodes, wherever that comes from, and serde's words for refusals.

There are two sources, as serde has two deserializers: JSON text being read (`text`) and a value that
was buffered before (`buffer`). Both offer the same steps, so that a shape is written once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

from ..quick_values import dataclass
from ..rust_text import debug_string, format_f64
from .reader import Content, DecodeError

__all__ = [
    "Decodable",
    "Elements",
    "Entries",
    "Source",
    "Tags",
    "invalid_length",
    "invalid_type",
    "unexpected",
]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


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
    return "map" if isinstance(value, tuple) else "sequence"


def invalid_type(found: str, expecting: str) -> DecodeError:
    """A value of the wrong kind; `found` is what `unexpected` calls it."""
    return DecodeError(f"invalid type: {found}, expected {expecting}")


def invalid_length(length: int, expecting: str) -> DecodeError:
    """An array with too few or too many elements."""
    return DecodeError(f"invalid length {length}, expected {expecting}")
