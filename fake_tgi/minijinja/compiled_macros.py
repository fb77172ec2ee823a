"""Macros, blocks and references to other templates become functions of the state.

A macro sees the template's context and the variables that it encloses, nothing else. There are no other
templates: whatever wants one fails as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from . import nodes
from .compiled_expressions import Evaluate
from .compiled_loops import LoopCompiler, Step
from .display import debug
from .errors import Failure, invalid_operation
from .macros import Macro
from .state import TOO_DEEP, Closure, Frame, State
from .undeclared import enclosed_by
from .values import ABSENT, UNDEFINED, Iterable, MapLike, Value, iterate

__all__ = ["MacroCompiler"]

_MACRO_COST: Final = 4
_NOT_FOUND: Final = "template not found"


class MacroCompiler(LoopCompiler):
    """Compiles what has a name in the template."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: dict[str, Step] = {}

    def macro_definition(self, node: nodes.Macro) -> Step:
        """`{% macro %}`."""
        make = self.macro(node)
        name = node.name

        def run(state: State) -> None:
            state.store(name, make(state))

        return run

    def macro(self, node: nodes.Macro) -> Callable[[State], Macro]:
        self.line = node.line
        defaults: list[tuple[str, Evaluate | None]] = []
        given = list(node.defaults)
        for parameter in reversed(node.parameters):
            defaults.append((parameter.name, self.expression(given.pop()) if given else None))
        body = self.body(node.body)
        names = enclosed_by(node)
        takes_caller = "caller" in names
        names.discard("caller")
        closed_over, parameters = tuple(sorted(names)), tuple(part.name for part in node.parameters)

        def run(state: State, closure: Closure | None, values: list[Value], caller: Value) -> str:
            context = state.frames[0].context
            assert context is not None
            inner = State(context, state.globals, state.filters)
            inner.escape, inner.root_escape = state.escape, state.root_escape
            inner.push(Frame(closure))
            if caller is not ABSENT:
                inner.store("caller", caller)
            inner.depth = state.depth + len(state.frames) + _MACRO_COST
            inner.check_depth()
            for (name, default), value in zip(defaults, reversed(values), strict=True):
                inner.store(name, default(inner) if value is UNDEFINED and default is not None else value)
            try:
                body(inner)
            except RecursionError:
                raise invalid_operation(TOO_DEEP) from None
            return inner.text()

        return lambda state: Macro(node.name, parameters, takes_caller, state.enclosed(closed_over), run)

    def block(self, node: nodes.Block) -> Step:
        """`{% block %}`, which prints where it stands."""
        self.line = node.line
        body = self.body(node.body)
        name = node.name

        def run(state: State) -> None:
            outer, state.block = state.block, name
            state.push(Frame())
            body(state)
            state.frames.pop()
            state.block = outer

        self._blocks[name] = run
        return run

    def block_call(self, name: str) -> Evaluate:
        blocks = self._blocks

        def call(state: State) -> Value:
            block = blocks.get(name)
            if block is None:  # the one failure to which minijinja adds no line
                raise Failure("unknown block", f"block '{name}' not found")
            state.begin_capture()
            block(state)
            return state.end_capture()

        return call

    def load(self, node: nodes.Load) -> Step:
        """`{% include %}` and its kin."""
        self.line = node.line
        evaluate = self.expression(node.expression)
        line, how, ignore_missing = node.line, node.how, node.ignore_missing

        def run(state: State) -> None:
            failure = _not_found(evaluate(state), how)
            if failure is not None and not (ignore_missing and failure.kind == _NOT_FOUND):
                raise failure.at(line)

        return run


def _not_found(name: Value, how: str) -> Failure | None:
    """Why another template cannot be had: there is only this one. None if no name was given."""
    names = (
        list(iterate(name)) if how != "extends" and isinstance(name, (list, MapLike, Iterable)) else [name]
    )
    for each in names:
        if not isinstance(each, str):
            return invalid_operation("template name was not a string")
    if how == "extends":
        return Failure(_NOT_FOUND, f"template {debug(name)} does not exist")
    if len(names) == 1:
        return Failure(_NOT_FOUND, f"tried to include non-existing template {debug(names[0])}")
    if not names:
        return None
    return Failure(
        _NOT_FOUND,
        f"tried to include one of multiple templates, none of which existed {debug(names)}",
    )
