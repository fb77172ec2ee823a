"""Structs as serde's derive reads them.

A struct is an object whose unknown fields are skipped, or an array of its fields in order. A repeated key is
refused at its second occurrence, an alias being the same key; a field that is left out is looked for when the
object ends, in the order of the fields.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any, Generic, TypeVar

from ..quick_values import dataclass
from .buffer import BufferedSource
from .reader import Content, DecodeError
from .shapes import BUFFERED, Shape, not_plain
from .source import Elements, Entries, Source, invalid_length

__all__ = ["REQUIRED", "Field", "Struct"]

T = TypeVar("T")


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

    def may_be_left_out(self) -> bool:
        """Whether an object does without it."""
        try:
            self.missing()
        except DecodeError:
            return False
        return True

    def missing(self) -> Any:
        """The value when it is left out of an object. Raises DecodeError if it must not be."""
        return self.shape.absent(self.name) if self.default is REQUIRED else self.default


@dataclass(frozen=True, slots=True)
class Struct(Shape[T], Generic[T]):
    """A struct: an object with `fields`, others ignored, or an array of them in order.

    `kind` is how messages call it. `build` gets the fields by name; it must have the same defaults for those
    that may be left out, so that nobody pays for passing them. `flattened`, if set, is decoded from an object
    of all other fields; then (as always with `arrays` False) an array is refused.
    """

    kind: str
    build: Callable[..., T]
    fields: Sequence[Field]
    flattened: Field | None = None
    arrays: bool = True
    _by_key: dict[str, Field] = field(init=False, repr=False)
    _plain_by_key: dict[str, tuple[str, Callable[[Content], Any]]] = field(init=False, repr=False)
    _required: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_key = {key: each for each in self.fields for key in (each.name, *each.aliases)}
        object.__setattr__(self, "_by_key", by_key)
        plain = {key: (each.name, each.shape.plain) for key, each in by_key.items()}
        object.__setattr__(self, "_plain_by_key", plain)
        required = frozenset(each.name for each in self.fields if not each.may_be_left_out())
        object.__setattr__(self, "_required", required)

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
                others.append((key, entries.next_value(BUFFERED)))
            else:
                entries.skip()
        for each in self.fields:
            if each.name not in values:
                values[each.name] = each.missing()
        if self.flattened is not None:
            values[self.flattened.name] = self.flattened.shape.decode(BufferedSource(tuple(others)))
        return self.build(**values)

    def plain(self, value: Content, /) -> T:
        if not isinstance(value, tuple):
            return Shape.plain(self, value)
        known = self._plain_by_key
        values: dict[str, Any] = {}
        others = []
        for entry in value:
            key, content = entry
            if key in known:
                name, plain = known[key]
                values[name] = plain(content)
            else:
                others.append(entry)
        if len(values) + len(others) != len(value) or not self._required <= values.keys():
            raise not_plain()
        if self.flattened is not None:
            values[self.flattened.name] = self.flattened.shape.plain(tuple(others))
        return self.build(**values)
