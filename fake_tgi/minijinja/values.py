"""The values that templates compute with, and what holds for all of them: kind, truth, items, lookup.

Undefined, none, booleans, numbers, strings and lists are `UNDEFINED` and Python's own None, bool, int,
float, str and list. Everything with keys is a `MapLike` and enumerates them in order; `Iterable` is what
can be gone through but may not know its length. Nothing here is changed once made, but namespaces.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Iterable as PythonIterable
from typing import Final

from .errors import UNDEFINED_VALUE, Failure, invalid_operation

__all__ = [
    "ABSENT",
    "UNDEFINED",
    "Function",
    "Group",
    "Iterable",
    "Kwargs",
    "Map",
    "MapLike",
    "Namespace",
    "Safe",
    "Value",
    "attribute",
    "canonical",
    "integer",
    "item",
    "iterate",
    "kind",
    "length",
    "path",
    "size_hint",
    "truth",
]

Value = object


class _Undefined:
    __slots__ = ()

    def __bool__(self) -> bool:
        return False


class _Absent:
    __slots__ = ()


UNDEFINED: Final = _Undefined()
ABSENT: Final = _Absent()
"""What a lookup finds when there is nothing, not even an undefined value."""


class Safe(str):
    """A string that autoescaping leaves alone."""

    __slots__ = ()


class MapLike:
    """Anything with keys. `get` gives ABSENT for what it does not have."""

    __slots__ = ()

    def get(self, key: Value) -> Value:
        """The value at `key`."""
        raise NotImplementedError

    def keys(self) -> Sequence[Value]:
        """The keys in their order."""
        raise NotImplementedError

    def pairs(self) -> Iterator[tuple[Value, Value]]:
        """Keys and values in order."""
        for key in self.keys():
            found = self.get(key)
            yield key, UNDEFINED if found is ABSENT else found


class Map(MapLike):
    """A map: `values` by canonical key, in the order of the keys, and `keys` if any key is no string."""

    __slots__ = ("_keys", "_values")

    def __init__(self, values: dict[Value, Value], keys: dict[Value, Value] | None = None) -> None:
        self._values = values
        self._keys = keys

    def get(self, key: Value) -> Value:
        return self._values.get(key if isinstance(key, str) else canonical(key), ABSENT)

    def keys(self) -> Sequence[Value]:
        return list(self._values if self._keys is None else self._keys.values())


class Kwargs(Map):
    """The keyword arguments of a call, which travel as its last argument."""

    __slots__ = ()


class Namespace(MapLike):
    """What `namespace()` makes: the one thing whose attributes a template may set."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    def get(self, key: Value) -> Value:
        return self.values.get(key, ABSENT) if isinstance(key, str) else ABSENT

    def keys(self) -> Sequence[Value]:
        return sorted(self.values)


class Iterable:
    """What `make` goes through, again each time. `size` is how many there are, None where nothing says so."""

    __slots__ = ("make", "size")

    def __init__(
        self, make: Callable[[], PythonIterable[Value]], size: Callable[[], int | None] = lambda: None
    ) -> None:
        self.make = make
        self.size = size

    @classmethod
    def over(cls, items: Sequence[object]) -> Iterable:
        """Through items that are there already."""
        return cls(lambda: items, lambda: len(items))


class Group(list[Value]):
    """One group of `groupby`: a list of the grouper and its items, which also have names."""

    __slots__ = ()


class Function:
    """A function that templates may call; it prints as `name`."""

    __slots__ = ("call", "name")

    def __init__(self, name: str, call: Callable[..., Value]) -> None:
        self.name = name
        self.call = call


_KINDS: Final[dict[type, str]] = {
    _Undefined: "undefined",
    type(None): "none",
    bool: "bool",
    int: "number",
    float: "number",
    str: "string",
    Safe: "string",
    list: "sequence",
    Group: "sequence",
    Map: "map",
    Iterable: "iterator",
    Function: "plain object",
}


def kind(value: Value) -> str:
    """How messages call this kind of value."""
    return _KINDS.get(type(value), "map")


def canonical(key: Value) -> Value:
    """What two keys share exactly when they are one key: numbers compare as numbers, true is not 1."""
    if isinstance(key, str):
        return key
    if isinstance(key, bool):
        return ("bool", key)
    if isinstance(key, (int, float)):
        return key
    if isinstance(key, (list, Iterable)):
        return (kind(key), tuple(map(canonical, iterate(key))))
    if isinstance(key, MapLike):
        return ("map", tuple((canonical(name), canonical(value)) for name, value in key.pairs()))
    return (kind(key), id(key))


def truth(value: Value) -> bool:
    """Whether the value counts as true: not when it is empty, zero, none or undefined."""
    if isinstance(value, MapLike):
        return bool(value.keys())
    if isinstance(value, Iterable):
        return value.size() != 0
    return bool(value)


def length(value: Value) -> int | None:
    """How many characters, items or keys; None where there is no telling."""
    if isinstance(value, (str, list)):
        return len(value)
    if isinstance(value, MapLike):
        return len(value.keys())
    return value.size() if isinstance(value, Iterable) else None


def size_hint(value: Value) -> int | None:
    """What a loop over `value` can know of its length: as `length`, but nothing about a string."""
    if value is None or value is UNDEFINED or value == "":
        return 0
    return None if isinstance(value, str) else length(value)


def iterate(value: Value) -> Iterator[Value]:
    """The characters, items or keys of `value`; none of none and undefined. Raises `Failure` for the rest."""
    if isinstance(value, (str, list)):
        return iter(value)
    if value is None or value is UNDEFINED:
        return iter(())
    if isinstance(value, Iterable):
        return iter(value.make())
    if isinstance(value, MapLike):
        return iter(value.keys())
    raise invalid_operation(f"{kind(value)} is not iterable")


def attribute(value: Value, name: str) -> Value:
    """`value.name`, or ABSENT."""
    if isinstance(value, MapLike):
        return value.get(name)
    if isinstance(value, Group):
        return _group_item(value, name)
    return ABSENT


def item(value: Value, key: Value) -> Value:
    """`value[key]`, or ABSENT."""
    if isinstance(value, MapLike):
        return value.get(key)
    if isinstance(value, Group):
        return _group_item(value, key)
    index = integer(key)
    if index is None:
        return ABSENT
    if isinstance(value, (str, list)):
        if -len(value) <= index < len(value):
            return str(value[index]) if isinstance(value, str) else value[index]
        return ABSENT
    if isinstance(value, Iterable):
        if index < 0:
            size = value.size()
            if size is None or size + index < 0:
                return ABSENT
            index += size
        for place, found in enumerate(value.make()):
            if place == index:
                return found
    return ABSENT


def _group_item(group: Group, key: Value) -> Value:
    if key == "grouper":
        return group[0]
    if key == "list":
        return group[1]
    index = integer(key)
    return group[index] if index in (-2, -1, 0, 1) else ABSENT


def integer(value: Value) -> int | None:
    """`value` as a whole number, if it is one: true is 1 and 2.0 is 2."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and abs(value) < 2**63 and value == int(value):
        return int(value)
    return None


def path(value: Value, dotted: str) -> Value:
    """The value at `a.b.0` in `value`; undefined where there is none. Raises `Failure` inside undefined."""
    for part in dotted.split("."):
        if value is UNDEFINED:
            raise Failure(UNDEFINED_VALUE)
        number = part.removeprefix("+")
        found = item(value, int(number)) if number.isascii() and number.isdigit() else attribute(value, part)
        value = UNDEFINED if found is ABSENT else found
    return value
