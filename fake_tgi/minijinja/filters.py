"""minijinja's built-in filters, one table at the end. A filter gets its value as the first argument."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Final

from ..whitespace import WHITESPACE
from .arguments import Converter, Keywords, boolean, integer_of, optional, printed, take, text, value
from .display import display, pretty
from .errors import UNDEFINED_VALUE, Failure, invalid_operation
from .escaping import escape, safe_json
from .operators import add, to_integer
from .sequences import SEQUENCE_FILTERS
from .state import State
from .texts import capitalized, lines, pieces, titled
from .values import (
    ABSENT,
    UNDEFINED,
    Iterable,
    MapLike,
    Safe,
    Value,
    item,
    iterate,
    kind,
    length,
    truth,
)

__all__ = ["FILTERS"]

Filter = Callable[[State, Sequence[Value]], Value]

_WHOLE = re.compile(r"[+-]?[0-9]+")
_REAL = re.compile(
    r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE
)
_I128_MAX: Final = 2**127 - 1


def _filter(function: Callable[..., Value], *converters: Converter, keywords: bool = False) -> Filter:
    return lambda state, given: function(*take(given, *converters, keywords=keywords))


def _escaped(state: State, given: Sequence[Value]) -> Value:
    (escaped,) = take(given, value)
    if isinstance(escaped, Safe):
        return escaped
    mode = state.escape if state.escape != "none" else state.root_escape
    return Safe(escape(escaped, "html" if mode == "none" else mode))


def _length(given: Value) -> int:
    size = length(given)
    if size is None:
        raise invalid_operation(f"cannot calculate length of value of type {kind(given)}")
    return size


def _trimmed(given: str, chars: str | None) -> str:
    return given.strip(WHITESPACE if chars is None else chars)


def _joined(given: Value, joiner: str | None) -> str:
    """The joiner stands only where something was printed before."""
    if given is None or given is UNDEFINED:
        return ""
    if not isinstance(given, (str, list, MapLike, Iterable)):
        raise invalid_operation(f"cannot join value of type {kind(given)}")
    joined = ""
    for part in iterate(given):
        joined += (joiner or "" if joined else "") + display(part)
    return joined


def _split(given: str, separator: str | None, splits: int | None) -> Iterable:
    return Iterable(lambda: pieces(given, separator, splits))


def _default(given: Value, other: Value) -> Value:
    if given is not UNDEFINED:
        return given
    return "" if other is None else other


def _absolute(given: Value) -> Value:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise invalid_operation("cannot get absolute value")
    return abs(given)


def _rounded(given: Value, precision: int | None) -> Value:
    if isinstance(given, bool) or not isinstance(given, (int, float)):
        raise invalid_operation(f"cannot round value ({kind(given)})")
    if isinstance(given, int):
        return given
    try:
        scale = 10.0 ** (precision or 0)
    except OverflowError:
        scale = math.inf
    scaled = scale * given
    if not math.isfinite(scaled):
        return _quotient(scaled, scale)
    whole = math.floor(abs(scaled))
    if abs(scaled) - whole >= 0.5:  # halves go away from zero
        whole += 1
    return _quotient(math.copysign(whole, scaled), scale)


def _quotient(dividend: float, divisor: float) -> float:
    if divisor == 0 or (math.isinf(dividend) and math.isinf(divisor)):
        return math.nan
    return dividend / divisor


def _saturated(number: float) -> int:
    if math.isnan(number):
        return 0
    if math.isinf(number):
        return _I128_MAX if number > 0 else -_I128_MAX - 1
    return max(-_I128_MAX - 1, min(_I128_MAX, int(number)))


def _parsed(given: str) -> float:
    if not given:
        raise invalid_operation("cannot parse float from empty string")
    if _REAL.fullmatch(given) is None:
        raise invalid_operation("invalid float literal")
    return float(given)


def _whole(given: Value) -> Value:
    if given is None or given is UNDEFINED:
        return 0
    if isinstance(given, float):
        return _saturated(given)
    if isinstance(given, (bool, int)):
        return int(given)
    if isinstance(given, str):
        if _WHOLE.fullmatch(given) and -_I128_MAX - 1 <= int(given) <= _I128_MAX:
            return int(given)
        return _saturated(_parsed(given))
    raise invalid_operation(f"cannot convert {kind(given)} to integer")


def _real(given: Value) -> Value:
    if given is None or given is UNDEFINED:
        return 0.0
    if isinstance(given, (bool, int, float)):
        return float(given)
    if isinstance(given, str):
        return _parsed(given)
    raise invalid_operation(f"cannot convert {kind(given)} to float")


def _sum(given: Value) -> Value:
    total: Value = 0
    for number in iterate(given):
        if number is UNDEFINED:
            continue
        if kind(number) != "number":
            raise invalid_operation(f"can only sum numbers, got {kind(number)}")
        total = add(total, number)
    return total


def _attribute(given: Value, key: Value) -> Value:
    if given is UNDEFINED:
        raise Failure(UNDEFINED_VALUE)
    found = item(given, key)
    return UNDEFINED if found is ABSENT else found


def _string(given: Value) -> Value:
    return given if isinstance(given, str) else display(given)


def _json(given: Value, indent: Value, keywords: Keywords) -> Value:
    if indent is None:
        indent = keywords.get("indent", optional(value))
    spaces: int | None = None
    if isinstance(indent, bool):
        spaces = 2 if indent else None
    elif indent is not None:
        spaces = to_integer(indent, "usize")
    keywords.check_all_used()
    return safe_json(given, spaces)


def _indented(given: str, width: int, first: bool | None, blank: bool | None) -> str:
    prefix = " " * width
    parts = _without_line_end(given).split("\n")
    out: list[str] = [] if first else [parts.pop(0)]
    out += [prefix + line if line or blank else "" for line in parts]
    return _without_line_end("\n".join(out) + "\n")


def _without_line_end(given: str) -> str:
    return given.removesuffix("\n").removesuffix("\r")


_ESCAPE: Final = _escaped
_LENGTH: Final = _filter(_length, value)
_DEFAULT: Final = _filter(_default, value, optional(value))

FILTERS: Final[dict[str, Filter]] = {
    "safe": _filter(Safe, printed),
    "escape": _ESCAPE,
    "e": _ESCAPE,
    "lower": _filter(str.lower, printed),
    "upper": _filter(str.upper, printed),
    "title": _filter(titled, printed),
    "capitalize": _filter(capitalized, printed),
    "replace": _filter(str.replace, printed, printed, printed),
    "length": _LENGTH,
    "count": _LENGTH,
    "trim": _filter(_trimmed, printed, optional(printed)),
    "join": _filter(_joined, value, optional(printed)),
    "split": _filter(_split, text, optional(text), optional(integer_of("i64"))),
    "lines": _filter(lines, text),
    "default": _DEFAULT,
    "d": _DEFAULT,
    "round": _filter(_rounded, value, optional(integer_of("i32"))),
    "abs": _filter(_absolute, value),
    "int": _filter(_whole, value),
    "float": _filter(_real, value),
    "sum": _filter(_sum, value),
    "attr": _filter(_attribute, value, value),
    "string": _filter(_string, value),
    "bool": _filter(truth, value),
    "tojson": _filter(_json, value, optional(value), keywords=True),
    "indent": _filter(_indented, printed, integer_of("usize"), optional(boolean), optional(boolean)),
    "pprint": _filter(pretty, value),
    **SEQUENCE_FILTERS,
}
