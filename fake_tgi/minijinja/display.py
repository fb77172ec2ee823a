"""Values as text: printed on their own, printed inside lists and maps, and spread over lines."""

from __future__ import annotations

from decimal import Decimal
from math import isinf, isnan

from ..rust_text import debug_string
from .values import UNDEFINED, Function, Iterable, MapLike, Value, iterate, length

__all__ = [
    "Printable",
    "debug",
    "display",
    "pretty",
]


def display(value: Value) -> str:
    """What `{{ value }}` prints."""
    if isinstance(value, str):
        return str(value)
    if value is UNDEFINED:
        return ""
    if isinstance(value, float):
        return _plain_float(value)
    return debug(value)


def debug(value: Value) -> str:
    """What `value` looks like inside a list or map: strings are quoted, undefined has a name."""
    if isinstance(value, str):
        return debug_string(value)
    if value is None:
        return "none"
    if value is UNDEFINED:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _debug_float(value)
    if isinstance(value, Printable):
        return value.printed()
    if isinstance(value, MapLike):
        return "{" + ", ".join(f"{debug(key)}: {debug(item)}" for key, item in value.pairs()) + "}"
    if isinstance(value, Function):
        return value.name
    if isinstance(value, Iterable) and length(value) is None:
        return "<iterator>"
    return "[" + ", ".join(map(debug, iterate(value))) + "]"


class Printable:
    """Something with keys that does not print as a map."""

    __slots__ = ()

    def printed(self) -> str:
        """How it prints."""
        raise NotImplementedError


def pretty(value: Value, indent: str = "") -> str:
    """`debug` with one item a line."""
    inner = indent + "    "
    if isinstance(value, MapLike) and not isinstance(value, Printable):
        lines = [f"{inner}{pretty(key, inner)}: {pretty(item, inner)},\n" for key, item in value.pairs()]
        return "{\n" + "".join(lines) + indent + "}" if lines else "{}"
    if isinstance(value, (list, Iterable)) and length(value) is not None:
        lines = [f"{inner}{pretty(item, inner)},\n" for item in iterate(value)]
        return "[\n" + "".join(lines) + indent + "]" if lines else "[]"
    return debug(value)


def _plain_float(number: float) -> str:
    """Never an exponent, always a point."""
    if isnan(number):
        return "NaN"
    if isinf(number):
        return "inf" if number > 0 else "-inf"
    text = repr(number)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text if "." in text else text + ".0"


def _debug_float(number: float) -> str:
    """An exponent from 1e16 on and below 1e-4."""
    if isnan(number) or isinf(number):
        return _plain_float(number)
    if number and not 1e-4 <= abs(number) < 1e16:
        significand, _, exponent = repr(number).partition("e")
        if not exponent:
            significand, _, exponent = f"{Decimal(significand):e}".partition("e")
        return f"{significand.removesuffix('.0')}e{int(exponent)}"
    return _plain_float(number)
