"""The tests behind `is`, with minijinja's names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import fmod
from typing import Final

from .arguments import Converter, printed, take, text, value
from .comparison import compare, equal
from .errors import Failure
from .operators import contains
from .values import UNDEFINED, Iterable, MapLike, Safe, Value, integer, kind

__all__ = ["TESTS"]

Test = Callable[[Sequence[Value]], bool]


def _test(check: Callable[..., bool], *converters: Converter) -> Test:
    return lambda given: check(*take(given, *converters))


def _parity(remainder: int) -> Callable[[Value], bool]:
    def check(given: Value) -> bool:
        number = integer(given)
        return number is not None and number % 2 == remainder

    return check


def _divisible(number: Value, by: Value) -> bool:
    if not (isinstance(number, (bool, int, float)) and isinstance(by, (bool, int, float))):
        return False
    if by == 0:
        return False
    if isinstance(number, float) or isinstance(by, float):
        return fmod(number, by) == 0.0
    return number % by == 0


def _iterable(given: Value) -> bool:
    return given is None or given is UNDEFINED or isinstance(given, (str, list, MapLike, Iterable))


def _in(given: Value, container: Value) -> bool:
    try:
        return contains(container, given)
    except Failure:
        return False


def _same(given: Value, other: Value) -> bool:
    compound = (list, MapLike, Iterable)
    if isinstance(given, compound) or isinstance(other, compound):
        return given is other
    return kind(given) == kind(other) and _whole(given) == _whole(other) and equal(given, other)


def _whole(given: Value) -> bool:
    return isinstance(given, int) and not isinstance(given, bool)


def _order(accept: Callable[[int], bool]) -> Test:
    return _test(lambda given, other: accept(compare(given, other)), value, value)


_EQUAL = _test(equal, value, value)
_UNEQUAL = _test(lambda given, other: not equal(given, other), value, value)
_LESS, _LESS_EQUAL = _order(lambda order: order < 0), _order(lambda order: order <= 0)
_GREATER, _GREATER_EQUAL = _order(lambda order: order > 0), _order(lambda order: order >= 0)
_SAFE = _test(lambda given: isinstance(given, Safe), value)
_INTEGER = _test(_whole, value)

TESTS: Final[dict[str, Test]] = {
    "undefined": _test(lambda given: given is UNDEFINED, value),
    "defined": _test(lambda given: given is not UNDEFINED, value),
    "none": _test(lambda given: given is None, value),
    "safe": _SAFE,
    "escaped": _SAFE,
    "boolean": _test(lambda given: isinstance(given, bool), value),
    "odd": _test(_parity(1), value),
    "even": _test(_parity(0), value),
    "divisibleby": _test(_divisible, value, value),
    "number": _test(lambda given: kind(given) == "number", value),
    "integer": _INTEGER,
    "int": _INTEGER,
    "float": _test(lambda given: isinstance(given, float), value),
    "string": _test(lambda given: isinstance(given, str), value),
    "sequence": _test(lambda given: isinstance(given, list), value),
    "iterable": _test(_iterable, value),
    "mapping": _test(lambda given: isinstance(given, MapLike), value),
    "startingwith": _test(lambda given, start: given.startswith(start), printed, printed),
    "endingwith": _test(lambda given, end: given.endswith(end), printed, printed),
    "lower": _test(lambda given: all(map(str.islower, given)), text),
    "upper": _test(lambda given: all(map(str.isupper, given)), text),
    "sameas": _test(_same, value, value),
    "eq": _EQUAL,
    "equalto": _EQUAL,
    "==": _EQUAL,
    "ne": _UNEQUAL,
    "!=": _UNEQUAL,
    "lt": _LESS,
    "lessthan": _LESS,
    "<": _LESS,
    "le": _LESS_EQUAL,
    "<=": _LESS_EQUAL,
    "gt": _GREATER,
    "greaterthan": _GREATER,
    ">": _GREATER,
    "ge": _GREATER_EQUAL,
    ">=": _GREATER_EQUAL,
    "in": _test(_in, value, value),
    "true": _test(lambda given: given is True, value),
    "false": _test(lambda given: given is False, value),
}
