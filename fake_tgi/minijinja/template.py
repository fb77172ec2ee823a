"""A template from source to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from .compiled_statements import StatementCompiler
from .filters import FILTERS
from .functions import functions
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
        self._run = StatementCompiler().body(parsed)
        self._functions: Mapping[str, Value] = functions(now)

    def render(self, context: MapLike) -> str:
        """The text for `context`. Raises `Failure`."""
        state = State(context, self._functions, FILTERS)
        self._run(state)
        return state.text()
