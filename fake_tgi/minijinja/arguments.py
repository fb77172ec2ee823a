"""How filters, tests, functions and methods take their arguments: by position, converted, and counted.

A signature is a list of converters, one for each parameter in order. Keyword arguments travel as one last
value; only a callable that asks for `Keywords` sees them as such.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .display import display
from .errors import MISSING_ARGUMENT, TOO_MANY_ARGUMENTS, Failure, invalid_operation
from .operators import to_integer
from .values import ABSENT, UNDEFINED, Kwargs, Value, kind

__all__ = [
    "Converter",
    "Keywords",
    "boolean",
    "integer_of",
    "optional",
    "printed",
    "take",
    "text",
    "value",
]

Converter = Callable[[Value], Value]
T = TypeVar("T")


def value(given: Value) -> Value:
    """Any value."""
    return given


def printed(given: Value) -> str:
    """Any value, as it prints."""
    if isinstance(given, str):
        return str(given)
    if isinstance(given, Kwargs):
        raise invalid_operation("cannot convert kwargs to string")
    return display(given)


def text(given: Value) -> str:
    """A string."""
    if not isinstance(given, str):
        raise invalid_operation("value is not a string")
    return str(given)


def boolean(given: Value) -> bool:
    """True or false."""
    if not isinstance(given, bool):
        raise invalid_operation(f"cannot convert {kind(given)} to bool")
    return given


def integer_of(type_name: str) -> Converter:
    """A Rust integer."""
    return lambda given: to_integer(given, type_name)


class _Optional:
    """A parameter that may be left out, or be none or undefined: then it is None."""

    __slots__ = ("convert",)

    def __init__(self, convert: Converter) -> None:
        self.convert = convert

    def __call__(self, given: Value) -> Value:
        return None if given is None or given is UNDEFINED else self.convert(given)


optional = _Optional


def take(given: Sequence[Value], *converters: Converter, keywords: bool = False) -> list[Value]:
    """`given` by the signature, with a `Keywords` at the end if there are to be `keywords`."""
    named: list[Value] = []
    if keywords:
        if given and isinstance(given[-1], Kwargs):
            named, given = [Keywords(given[-1])], given[:-1]
        else:
            named = [Keywords(Kwargs({}))]
    taken: list[Value] = []
    for place, convert in enumerate(converters):
        if place < len(given):
            taken.append(convert(given[place]))
        elif isinstance(convert, _Optional):
            taken.append(None)
        else:
            raise Failure(MISSING_ARGUMENT)
    if len(given) > len(converters):
        raise Failure(TOO_MANY_ARGUMENTS)
    return taken + named


class Keywords:
    """The keyword arguments of one call, and which of them were asked for."""

    __slots__ = ("_given", "_used")

    def __init__(self, given: Kwargs) -> None:
        self._given = given
        self._used: set[Value] = set()

    def has(self, name: str) -> bool:
        """Whether the argument was given."""
        return self._given.get(name) is not ABSENT

    def get(self, name: str, convert: Converter) -> Value:
        """The argument `name`. Raises `Failure` if it is missing and not optional."""
        if self.has(name):
            self._used.add(name)
            return convert(self._given.get(name))
        if isinstance(convert, _Optional):
            return None
        raise Failure(MISSING_ARGUMENT, f"missing keyword argument '{name}'")

    def pairs(self) -> Iterator[tuple[Value, Value]]:
        """All of them, by name."""
        return self._given.pairs()

    def check_all_used(self) -> None:
        """Raises `Failure` for an argument that nobody asked for."""
        for name, _ in self._given.pairs():
            if name not in self._used:
                raise Failure(TOO_MANY_ARGUMENTS, f"unknown keyword argument '{display(name)}'")
