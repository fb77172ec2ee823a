"""Macros: functions written in the template, which give back what they print."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .display import Printable
from .errors import TOO_MANY_ARGUMENTS, Failure
from .state import Closure, State
from .values import ABSENT, UNDEFINED, Kwargs, MapLike, Value

__all__ = ["Macro"]

Run = Callable[[State, "Closure | None", list[Value], Value], str]


class Macro(MapLike, Printable):
    """A macro called `name`. `run` renders it with its closure, its arguments and its caller.

    `takes_caller`: it names `caller`, and so accepts what a call block passes.
    """

    __slots__ = ("_closure", "_name", "_parameters", "_run", "_takes_caller")

    def __init__(
        self, name: str, parameters: tuple[str, ...], takes_caller: bool, closure: Closure | None, run: Run
    ) -> None:
        self._name = name
        self._parameters = parameters
        self._takes_caller = takes_caller
        self._closure = closure
        self._run = run

    def keys(self) -> Sequence[Value]:
        return ("name", "arguments", "caller")

    def get(self, key: Value) -> Value:
        if key == "name":
            return self._name
        if key == "arguments":
            return list(self._parameters)
        return self._takes_caller if key == "caller" else ABSENT

    def printed(self) -> str:
        return f"<macro {self._name}>"

    def call(self, state: State, given: Sequence[Value]) -> Value:
        """What the macro prints. Raises `Failure` for arguments that it does not have."""
        named = Kwargs({})
        if given and isinstance(given[-1], Kwargs):
            named, given = given[-1], given[:-1]
        if len(given) > len(self._parameters):
            raise Failure(TOO_MANY_ARGUMENTS)
        used: set[Value] = set()
        values: list[Value] = []
        for place, name in enumerate(self._parameters):
            by_name = named.get(name)
            if place < len(given):
                if by_name is not ABSENT:
                    raise Failure(TOO_MANY_ARGUMENTS, f"duplicate argument `{name}`")
                values.append(given[place])
            elif by_name is not ABSENT:
                used.add(name)
                values.append(by_name)
            else:
                values.append(UNDEFINED)
        caller: Value = ABSENT
        if self._takes_caller:
            used.add("caller")
            caller = named.get("caller")
            if caller is ABSENT:
                caller = UNDEFINED
        for key, _ in named.pairs():
            if isinstance(key, str) and key not in used:
                raise Failure(TOO_MANY_ARGUMENTS, f"unknown keyword argument `{key}`")
        return state.as_value(self._run(state, self._closure, values, caller))
