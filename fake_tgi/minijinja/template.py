"""A template from source to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from .compiled_statements import StatementCompiler
from .filters import FILTERS
from .functions import functions
from .printed import only_prints
from .state import State
from .statements import parse
from .undeclared import undeclared
from .values import MapLike, Value

__all__ = ["Template"]


class Template:
    """A template ready to render. Raises `Failure` if `source` is none.

    `now` gives the local time for `strftime_now`.
    """

    def __init__(self, source: str, now: Callable[[], datetime]) -> None:
        parsed = parse(source)
        self.undeclared = frozenset(undeclared(parsed))
        """The variables it takes from its context, dotted where only attributes of them are used."""
        self._parsed = parsed
        self._run = StatementCompiler().body(parsed)
        self._functions: Mapping[str, Value] = functions(now)

    def only_prints(self, items: str, key: str, known: frozenset[str]) -> bool:
        """Whether `key` of the things in the list `items` is printed as it is and makes no other difference;
        `known` are the members of those things that may make one."""
        return only_prints(self._parsed, items, key, known)

    def render(self, context: MapLike) -> str:
        """The text for `context`. Raises `Failure`."""
        state = State(context, self._functions, FILTERS)
        self._run(state)
        return state.text()
