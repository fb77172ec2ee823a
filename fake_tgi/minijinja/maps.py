"""Maps are made here: a map's keys stand in their order from the start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .comparison import ordered
from .values import Kwargs, Map, Value, canonical

__all__ = ["keywords_of", "map_of", "named"]


def map_of(pairs: Iterable[tuple[Value, Value]]) -> Map:
    """The map of `pairs`; of a repeated key the first one stays, with the last value."""
    return Map(*_sorted(pairs))


def keywords_of(pairs: Iterable[tuple[Value, Value]]) -> Kwargs:
    """The keyword arguments `pairs`."""
    return Kwargs(*_sorted(pairs))


def named(values: Mapping[str, Value]) -> Map:
    """The map of string keys `values`."""
    return Map({name: values[name] for name in sorted(values)})


def _sorted(pairs: Iterable[tuple[Value, Value]]) -> tuple[dict[Value, Value], dict[Value, Value] | None]:
    values: dict[Value, Value] = {}
    keys: dict[Value, Value] = {}
    for key, value in pairs:
        place = canonical(key)
        keys.setdefault(place, key)
        values[place] = value
    if all(isinstance(place, str) for place in keys):
        return {name: values[name] for name in sorted(map(str, keys))}, None
    order = ordered(list(keys), lambda place: keys[place])
    return {place: values[place] for place in order}, {place: keys[place] for place in order}
