"""What operators do with values. Whole numbers have 128 bits: what does not fit is an error, not a float."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import Final

from .comparison import compare, equal
from .display import display
from .errors import Failure, invalid_operation
from .values import (
    ABSENT,
    UNDEFINED,
    Iterable,
    MapLike,
    Value,
    integer,
    iterate,
    kind,
    length,
    truth,
)

__all__ = [
    "OPERATORS",
    "add",
    "contains",
    "cut",
    "folded",
    "negated",
    "to_integer",
]

_MAX: Final = 2**127 - 1
_MIN: Final = -(2**127)
_I64_MAX: Final = 2**63 - 1


def _numbers(left: Value, right: Value) -> tuple[int, int] | tuple[float, float] | None:
    """Both as whole numbers, or both as floats; a boolean is 0 or 1. None if one is no number."""
    if not (isinstance(left, (bool, int, float)) and isinstance(right, (bool, int, float))):
        return None
    if isinstance(left, float) or isinstance(right, float):
        return float(left), float(right)
    if left > _MAX or right > _MAX:
        return None
    return int(left), int(right)


def _impossible(operator: str, left: Value, right: Value) -> Failure:
    return invalid_operation(
        f"tried to use {operator} operator on unsupported types {kind(left)} and {kind(right)}"
    )


def _failed(operator: str, left: Value, right: Value) -> Failure:
    return invalid_operation(f"unable to calculate {display(left)} {operator} {display(right)}")


def _arithmetic(
    operator: str,
    whole: Callable[[int, int], int | None],
    real: Callable[[float, float], float],
) -> Callable[[Value, Value], Value]:
    def calculate(left: Value, right: Value) -> Value:
        numbers = _numbers(left, right)
        if numbers is None:
            raise _impossible(operator, left, right)
        one, other = numbers
        if isinstance(one, float) or isinstance(other, float):
            return real(one, other)
        result = whole(one, other)
        if result is None or not _MIN <= result <= _MAX:
            raise _failed(operator, left, right)
        return result

    return calculate


def _rem_float(left: float, right: float) -> float:
    """The remainder with the sign of the dividend."""
    if right == 0 or math.isinf(left) or math.isnan(left) or math.isnan(right):
        return math.nan
    return math.fmod(left, right)


def _floor_float(left: float, right: float) -> float:
    """Division whose remainder is never negative."""
    quotient = _divide(left, right)
    if math.isnan(quotient) or math.isinf(quotient):
        return quotient
    whole = float(math.trunc(quotient)) if quotient else quotient
    if _rem_float(left, right) < 0:
        return whole - 1.0 if right > 0 else whole + 1.0
    return math.copysign(whole, quotient)


def _divide(left: float, right: float) -> float:
    if right == 0:
        if left == 0 or math.isnan(left):
            return math.nan
        return math.copysign(math.inf, left) * math.copysign(1.0, right)
    return left / right


def _power_float(left: float, right: float) -> float:
    try:
        result = left**right
    except OverflowError:
        odd = right == int(right) and int(right) % 2 == 1
        return -math.inf if left < 0 and odd else math.inf
    except ZeroDivisionError:
        odd = right == int(right) and int(right) % 2 == 1
        return math.copysign(math.inf, left) if odd else math.inf
    return math.nan if isinstance(result, complex) else float(result)


def _floor_whole(left: int, right: int) -> int | None:
    return None if right == 0 else (left - left % abs(right)) // right


def _rem_whole(left: int, right: int) -> int | None:
    return None if right == 0 else left % abs(right)


def _power_whole(left: int, right: int) -> int | None:
    if right < 0 or right >= 2**32:
        return None
    if abs(left) > 1 and right > 127:
        return None
    result: int = left**right
    return result


_sum = _arithmetic("+", lambda left, right: left + right, lambda left, right: left + right)


def add(left: Value, right: Value) -> Value:
    """Numbers are added, strings and sequences joined."""
    if isinstance(left, str) and isinstance(right, str):
        return str(left) + str(right)
    if isinstance(left, (list, Iterable)) and isinstance(right, (list, Iterable)):
        return Iterable(lambda: chain(iterate(left), iterate(right)), lambda: _joint_length(left, right))
    return _sum(left, right)


def _joint_length(left: Value, right: Value) -> int | None:
    one, other = length(left), length(right)
    return None if one is None or other is None else one + other


_product = _arithmetic("*", lambda left, right: left * right, lambda left, right: left * right)


def multiply(left: Value, right: Value) -> Value:
    """Numbers are multiplied, a string or sequence is repeated."""
    for repeated, times in ((left, right), (right, left)):
        if isinstance(repeated, str):
            return str(repeated) * _times(times, "strings")
    for repeated, times in ((left, right), (right, left)):
        if isinstance(repeated, (list, Iterable)):
            return _repeated(repeated, _times(times, "sequences and iterables"))
        if isinstance(repeated, MapLike):
            break
    return _product(left, right)


def _times(value: Value, what: str) -> int:
    count = integer(value)
    if count is None or count < 0:
        raise invalid_operation(f"{what} can only be multiplied with integers")
    return count


def _repeated(items: list[Value] | Iterable, times: int) -> Value:
    size = length(items)
    if size is None:
        raise invalid_operation("cannot repeat unsized iterables")

    def make() -> Iterator[Value]:
        for _ in range(times):
            yield from iterate(items)

    return Iterable(make, lambda: size * times)


def divide(left: Value, right: Value) -> Value:
    """Always a float."""
    if not (isinstance(left, (bool, int, float)) and isinstance(right, (bool, int, float))):
        raise _impossible("/", left, right)
    return _divide(float(left), float(right))


def concatenate(left: Value, right: Value) -> Value:
    """Both as they print."""
    return display(left) + display(right)


def contains(container: Value, value: Value) -> bool:
    """Whether `value` is in `container`: a part of a string, an item, a key."""
    if container is UNDEFINED:
        return False
    if isinstance(container, str):
        return display(value) in container
    if isinstance(container, MapLike):
        return container.get(value) is not ABSENT
    if isinstance(container, (list, Iterable)):
        return any(equal(item, value) for item in iterate(container))
    if kind(container) == "plain object":
        return False
    raise invalid_operation("cannot perform a containment check on this value")


def negated(value: Value) -> Value:
    """`-value`."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Failure("invalid operation")
    if isinstance(value, float):
        return -value
    if value == 2**127:
        return value
    if value > _MAX:
        raise Failure("invalid operation")
    if value == _MIN:
        raise invalid_operation("overflow")
    return -value


OPERATORS: Final[dict[str, Callable[[Value, Value], Value]]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": lambda left, right: compare(left, right) < 0,
    "<=": lambda left, right: compare(left, right) <= 0,
    ">": lambda left, right: compare(left, right) > 0,
    ">=": lambda left, right: compare(left, right) >= 0,
    "+": add,
    "-": _arithmetic("-", lambda left, right: left - right, lambda left, right: left - right),
    "*": multiply,
    "/": divide,
    "//": _arithmetic("//", _floor_whole, _floor_float),
    "%": _arithmetic("%", _rem_whole, _rem_float),
    "**": _arithmetic("**", _power_whole, _power_float),
    "~": concatenate,
    "in": lambda value, container: contains(container, value),
}


def folded(operator: str, left: Value, right: Value) -> Value:
    """`and` and `or` between constants, which are decided while compiling and with other results."""
    if operator == "and":
        return right if truth(left) and truth(right) else False
    return left if truth(left) else right


def cut(value: Value, start: Value, stop: Value, step: Value) -> Value:
    """`value[start:stop:step]`. A place before the beginning is not the beginning, as it is in Python."""
    first = 0 if start is None else to_integer(start, "i64")
    last = None if stop is None else to_integer(stop, "i64")
    stride = 1 if step is None else to_integer(step, "u64")
    if stride == 0:
        raise invalid_operation("cannot slice by step size of 0")
    if isinstance(value, str):
        begin, end = _bounds(first, last, len(value))
        return str(value)[begin:end:stride]
    if value is None or value is UNDEFINED:
        return []
    if not isinstance(value, (list, Iterable)):
        raise invalid_operation(f"value of type {kind(value)} cannot be sliced")

    def make() -> Iterator[Value]:
        begin, end = _bounds(first, last, length(value) or 0)
        return islice(iterate(value), begin, end, stride)

    def size() -> int | None:
        known = length(value)
        if known is None:
            return None
        begin, end = _bounds(first, last, known)
        return len(range(known)[begin:end:stride])

    return Iterable(make, size)


def _bounds(start: int, stop: int | None, size: int) -> tuple[int, int]:
    """Where a slice of `size` items begins and ends; a place before the beginning wraps round to infinity."""
    beyond = 2**62
    begin = start if start >= 0 else start + size if start + size >= 0 else beyond
    if stop is None:
        end = size
    elif stop >= 0:
        end = stop
    else:
        end = stop + size if stop + size >= 0 else beyond
    return begin, max(begin, end)


_RANGES: Final = {
    "i32": (-(2**31), 2**31 - 1),
    "u32": (0, 2**32 - 1),
    "i64": (-(2**63), _I64_MAX),
    "u64": (0, 2**64 - 1),
    "usize": (0, 2**64 - 1),
}


def to_integer(value: Value, type_name: str) -> int:
    """`value` as the Rust integer `type_name`. Raises `Failure` for what is none or does not fit."""
    number = integer(value)
    low, high = _RANGES[type_name]
    if number is None or not low <= number <= high:
        raise invalid_operation(f"cannot convert {kind(value)} to {type_name}")
    return number
