"""The filters that sort, choose, cut and group items; merged into the table of all filters.

`select`, `reject` and their kin name a test, and `map` another filter, which it finds through the state.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from .arguments import Converter, Keywords, boolean, integer_of, optional, printed, take, text, value
from .comparison import compare, ordered
from .errors import MISSING_ARGUMENT, TOO_MANY_ARGUMENTS, UNDEFINED_VALUE, Failure, invalid_operation
from .state import State
from .tests import TESTS
from .values import (
    ABSENT,
    UNDEFINED,
    Group,
    Iterable,
    Kwargs,
    Map,
    MapLike,
    Value,
    canonical,
    item,
    iterate,
    kind,
    path,
    truth,
)

__all__ = ["SEQUENCE_FILTERS"]

Filter = Callable[[State, Sequence[Value]], Value]

_ASCII_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def _filter(function: Callable[..., Value], *converters: Converter, keywords: bool = False) -> Filter:
    return lambda state, given: function(*take(given, *converters, keywords=keywords))


def _comparable(given: Value, case_sensitive: Value) -> Value:
    """What `given` is sorted by: letters of ASCII count as one, upper or lower, unless told otherwise."""
    return given.translate(_ASCII_LOWER) if isinstance(given, str) and not case_sensitive else given


def _listed(given: Value) -> list[Value]:
    if not isinstance(given, (str, list, MapLike, Iterable)) and given is not None and given is not UNDEFINED:
        raise invalid_operation("cannot convert value to list")
    return list(iterate(given))


def _dict_sorted(given: Value, keywords: Keywords) -> Value:
    if not isinstance(given, MapLike):
        raise invalid_operation("cannot convert value into pair list")
    by_value = keywords.get("by", optional(text)) == "value"
    case_sensitive = keywords.get("case_sensitive", optional(boolean))
    pairs = ordered(list(given.pairs()), lambda pair: _comparable(pair[int(by_value)], case_sensitive))
    if keywords.get("reverse", optional(boolean)):
        pairs.reverse()
    keywords.check_all_used()
    return [list(pair) for pair in pairs]


def _items(given: Value) -> Value:
    if not isinstance(given, MapLike):
        raise invalid_operation("cannot convert value into pairs")
    return Iterable(lambda: [list(pair) for pair in given.pairs()], lambda: len(given.keys()))


def reversed_value(given: Value) -> Value:
    """The same backwards. Raises `Failure` for what has no order."""
    if given is None or given is UNDEFINED:
        return given
    if isinstance(given, str):
        return given[::-1]
    if type(given) is Map:  # minijinja forgets to turn a plain map's keys round
        return Iterable.over(given.keys())
    if isinstance(given, (list, MapLike, Iterable)):
        return Iterable.over(list(iterate(given))[::-1])
    raise invalid_operation(f"cannot reverse values of type {kind(given)}")


def _first(given: Value) -> Value:
    if not isinstance(given, (str, list, MapLike, Iterable)):
        raise invalid_operation("cannot get first item from value")
    return next(iterate(given), UNDEFINED)


def _last(given: Value) -> Value:
    if not isinstance(given, (str, list, Iterable)):
        raise invalid_operation("cannot get last item from value")
    items = list(iterate(given))
    return items[-1] if items else UNDEFINED


def _least(given: Value) -> Value:
    items = _listed(given)
    return ordered(items, lambda found: found)[0] if items else UNDEFINED


def _greatest(given: Value) -> Value:
    items = _listed(given)
    return ordered(items, lambda found: found)[-1] if items else UNDEFINED


def _sorted(given: Value, keywords: Keywords) -> Value:
    items = _listed(given)
    case_sensitive = keywords.get("case_sensitive", optional(boolean))
    attribute = keywords.get("attribute", optional(text))
    if attribute is None:
        items = ordered(items, lambda found: _comparable(found, case_sensitive))
    else:
        items = ordered(items, lambda found: _comparable(path(found, str(attribute)), case_sensitive))
    if keywords.get("reverse", optional(boolean)):
        items.reverse()
    keywords.check_all_used()
    return items


def _sliced(given: Value, count: int, filler: Value) -> Value:
    """`count` slices of as equal a size as possible, the longer ones first."""
    if count == 0:
        raise invalid_operation("count cannot be 0")
    items = list(iterate(given))
    each, longer = divmod(len(items), count)
    slices: list[Value] = []
    start = 0
    for place in range(count):
        end = start + each + (place < longer)
        cut = items[start:end]
        if filler is not None and place >= longer:
            cut.append(filler)
        slices.append(cut)
        start = end
    return slices


def _batched(given: Value, count: int, filler: Value) -> Value:
    if count == 0:
        raise invalid_operation("count cannot be 0")
    items = list(iterate(given))
    batches = [items[start : start + count] for start in range(0, len(items), count)]
    if batches and filler is not None:
        batches[-1] += [filler] * (count - len(batches[-1]))
    return list[Value](batches)


def _chosen(wanted: bool, by_attribute: bool) -> Filter:
    def choose(state: State, given: Sequence[Value]) -> Value:
        fixed = 2 + by_attribute
        converters = (value, printed, optional(printed)) if by_attribute else (value, optional(printed))
        *head, name = take(given[:fixed], *converters)
        test = None
        if name is not None:
            test = TESTS.get(str(name))
            if test is None:
                raise Failure("unknown test")
        chosen: list[Value] = []
        for found in iterate(head[0]):
            tested = path(found, str(head[1])) if by_attribute else found
            passed = truth(tested) if test is None else test([tested, *given[fixed:]])
            if passed == wanted:
                chosen.append(found)
        return chosen

    return choose


def _mapped(state: State, given: Sequence[Value]) -> Value:
    if not given:
        raise Failure(MISSING_ARGUMENT)
    items = given[0]
    rest = list(given[1:])
    *arguments, keywords = take(rest, *[value] * (len(rest) - _has_keywords(rest)), keywords=True)
    assert isinstance(keywords, Keywords)
    attribute = keywords.get("attribute", optional(value))
    if attribute is not None:
        if arguments:
            raise Failure(TOO_MANY_ARGUMENTS)
        default = keywords.get("default", value) if keywords.has("default") else UNDEFINED
        mapped = [_mapped_attribute(found, attribute, default) for found in iterate(items)]
        keywords.check_all_used()
        return mapped
    if not arguments:
        raise invalid_operation("filter name is required")
    if not isinstance(arguments[0], str):
        raise invalid_operation("filter name must be a string")
    function = state.filters.get(arguments[0])
    if function is None:
        raise Failure("unknown filter")
    return [function(state, [found, *arguments[1:]]) for found in iterate(items)]


def _has_keywords(given: Sequence[Value]) -> bool:
    return bool(given) and isinstance(given[-1], Kwargs)


def _mapped_attribute(found: Value, attribute: Value, default: Value) -> Value:
    try:
        if isinstance(attribute, str):
            got = path(found, attribute)
        elif found is UNDEFINED:
            raise Failure(UNDEFINED_VALUE)
        else:
            got = item(found, attribute)
    except Failure:
        if default is UNDEFINED:
            raise
        return default
    return default if got is ABSENT or got is UNDEFINED else got


def _path_or_default(given: Value, attribute: str, default: Value) -> Value:
    try:
        found = path(given, attribute)
    except Failure:
        return default
    return default if found is UNDEFINED else found


def _grouped(given: Value, attribute: str | None, keywords: Keywords) -> Value:
    default = keywords.get("default", optional(value))
    if default is None:
        default = UNDEFINED
    case_sensitive = keywords.get("case_sensitive", optional(boolean))
    name = str(keywords.get("attribute", text)) if attribute is None else attribute

    def grouper(found: Value) -> Value:
        return _path_or_default(found, name, default)

    items = ordered(list(iterate(given)), lambda found: _comparable(grouper(found), case_sensitive))
    keywords.check_all_used()
    groups: list[tuple[Value, list[Value]]] = []
    for found in items:
        key = grouper(found)
        same = groups and not compare(
            _comparable(groups[-1][0], case_sensitive), _comparable(key, case_sensitive)
        )
        if same:
            groups[-1] = (key, [*groups[-1][1], found])
        else:
            groups.append((key, [found]))
    return [Group([key, Iterable.over(members)]) for key, members in groups]


def _unique(given: Value, keywords: Keywords) -> Value:
    attribute = keywords.get("attribute", optional(text))
    case_sensitive = keywords.get("case_sensitive", optional(boolean))
    keywords.check_all_used()
    seen: set[Value] = set()
    kept: list[Value] = []
    for found in iterate(given):
        compared = found if attribute is None else _path_or_default(found, str(attribute), UNDEFINED)
        if isinstance(compared, str) and not case_sensitive:
            compared = compared.lower()
        place = canonical(compared)
        if place not in seen:
            seen.add(place)
            kept.append(found)
    return kept


SEQUENCE_FILTERS: Final[dict[str, Filter]] = {
    "dictsort": _filter(_dict_sorted, value, keywords=True),
    "items": _filter(_items, value),
    "reverse": _filter(reversed_value, value),
    "first": _filter(_first, value),
    "last": _filter(_last, value),
    "min": _filter(_least, value),
    "max": _filter(_greatest, value),
    "sort": _filter(_sorted, value, keywords=True),
    "list": _filter(_listed, value),
    "slice": _filter(_sliced, value, integer_of("usize"), optional(value)),
    "batch": _filter(_batched, value, integer_of("usize"), optional(value)),
    "select": _chosen(True, False),
    "reject": _chosen(False, False),
    "selectattr": _chosen(True, True),
    "rejectattr": _chosen(False, True),
    "map": _mapped,
    "groupby": _filter(_grouped, value, optional(text), keywords=True),
    "unique": _filter(_unique, value, keywords=True),
}
