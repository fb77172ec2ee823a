"""Equality and order of values, as minijinja has them.

Values of one kind are compared as that kind; numbers by value, whole or not. Values of different kinds are
never equal, but for true and 1 and for lists and iterators, and are ordered by kind.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import cmp_to_key
from itertools import zip_longest
from typing import Any, Final, TypeVar

from .display import display
from .values import ABSENT, UNDEFINED, Iterable, MapLike, Value, iterate, kind, length

__all__ = ["compare", "equal", "ordered"]

T = TypeVar("T")

_RANKS: Final = {
    name: rank
    for rank, name in enumerate(
        (
            "undefined",
            "none",
            "bool",
            "number",
            "string",
            "bytes",
            "sequence",
            "map",
            "iterator",
            "plain object",
        )
    )
}
_END: Final = object()


def equal(left: Value, right: Value) -> bool:
    """Whether two values are equal."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if left is None or left is UNDEFINED or right is None or right is UNDEFINED:
        return left is right
    if isinstance(left, (bool, int, float)) and isinstance(right, (bool, int, float)):
        return left == right
    if isinstance(left, (list, Iterable)) and isinstance(right, (list, Iterable)):
        return left is right or _equal_items(iterate(left), iterate(right))
    if isinstance(left, MapLike) and isinstance(right, MapLike):
        return left is right or _equal_maps(left, right)
    return kind(left) == kind(right) == "plain object" and display(left) == display(right)


def _equal_items(left: Iterator[Value], right: Iterator[Value]) -> bool:
    for one, other in zip_longest(left, right, fillvalue=_END):
        if one is _END or other is _END or not equal(one, other):
            return False
    return True


def _equal_maps(left: MapLike, right: MapLike) -> bool:
    if length(left) != length(right):
        return False
    for key, value in left.pairs():
        other = right.get(key)
        if other is ABSENT or not equal(value, other):
            return False
    return True


def compare(left: Value, right: Value) -> int:
    """Negative, zero or positive: `left` comes before, with or after `right`."""
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    difference = _RANKS[kind(left)] - _RANKS[kind(right)]
    if difference:
        return difference
    if isinstance(left, (bool, int, float)) and isinstance(right, (bool, int, float)):
        return _compare_numbers(left, right)
    if isinstance(left, MapLike) and isinstance(right, MapLike):
        return _compare_items(_flat(left), _flat(right))
    if isinstance(left, (list, Iterable)) and isinstance(right, (list, Iterable)):
        return _compare_items(iterate(left), iterate(right))
    if kind(left) == "plain object":
        one, other = display(left), display(right)
        return (one > other) - (one < other)
    return 0


def _compare_numbers(left: float, right: float) -> int:
    if isinstance(left, float) or isinstance(right, float):
        # Total order: not a number lies beyond infinity, and -0.0 below 0.0.
        one, other = _total(float(left)), _total(float(right))
        return (one > other) - (one < other)
    return (left > right) - (left < right)


def _total(number: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", number))[0]
    return bits if bits >= 0 else bits ^ 0x7FFF_FFFF_FFFF_FFFF


def _flat(value: MapLike) -> Iterator[Value]:
    for key, item in value.pairs():
        yield key
        yield item


def _compare_items(left: Iterator[Value], right: Iterator[Value]) -> int:
    for one, other in zip_longest(left, right, fillvalue=_END):
        if one is _END:
            return -1
        if other is _END:
            return 1
        if difference := compare(one, other):
            return difference
    return 0


def ordered(items: list[T], key: Callable[[T], Value]) -> list[T]:
    """`items` sorted by what `key` gives for each; equals keep their places."""

    def difference(one: T, other: T) -> int:
        return compare(key(one), key(other))

    order: Any = cmp_to_key(difference)
    return sorted(items, key=order)
