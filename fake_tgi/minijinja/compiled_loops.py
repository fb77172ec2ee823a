"""Loops and assignments become functions of the state.

A loop opens one frame for all of its rounds: what is set in a round is still set in the next one. `break`
before the first round has ended counts as no round at all, so `else` runs. A condition is tried on all items
before the first round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from . import nodes
from .compiled_calls import CallCompiler
from .compiled_expressions import Evaluate
from .errors import Failure, invalid_operation
from .loops import Loop
from .state import TOO_DEEP, Frame, State
from .values import ABSENT, Iterable, MapLike, Namespace, Value, iterate, kind, truth

__all__ = ["LoopCompiler", "Step"]

Step = Callable[[State], "str | None"]
"""Runs a statement; gives back "break" or "continue" when one was met."""


class LoopCompiler(CallCompiler):
    """Compiles what gives variables their values."""

    def body(self, statements: Sequence[nodes.Statement]) -> Step:
        """All of `statements`, one after the other."""
        raise NotImplementedError

    def recurse(self, node: nodes.Call) -> Step:
        """`{{ loop(items) }}` runs the innermost loop's body again, whatever `loop` stands for."""
        self.line = node.line
        arguments = self.arguments(node.arguments)
        line = node.line

        def recurse(state: State) -> None:
            given = arguments(state)
            loop = state.loop()
            if loop is None:
                raise Failure("unknown function", "loop is unknown", line)
            if loop.recurse is None:
                raise invalid_operation("cannot recurse outside of recursive loop").at(line)
            try:
                loop.recurse(state, given[0])
            except Failure as failure:
                raise failure.at(line) from None

        return recurse

    def for_(self, node: nodes.For) -> Step:
        """`{% for %}`."""
        self.line = node.line
        if node.condition is not None:
            self.line = node.condition.line
            iterable: Evaluate = self._choose(node, node.condition)
        else:
            self.line = node.iterable.line
            iterable = self.expression(node.iterable)
        line = self.line
        assign = self.assignment(node.target)
        body = self.body(node.body)
        otherwise = self.body(node.otherwise) if node.otherwise else None

        def start(state: State, items: Value) -> Loop:
            outer = state.loop()
            depth = outer.depth + 1 if outer is not None and outer.recurse is not None else 0
            loop = Loop(items, depth, recurse if node.recursive else None)
            state.push(Frame(loop=loop))
            return loop

        def rounds(state: State, loop: Loop) -> None:
            frames = len(state.frames)
            try:
                while (value := loop.next()) is not ABSENT:
                    assign(state, value)
                    jump = body(state)
                    if jump is not None:
                        del state.frames[frames:]
                        if jump == "break":
                            return
            except RecursionError:
                raise invalid_operation(TOO_DEEP).at(line) from None

        def recurse(state: State, items: Value) -> None:
            try:
                iterate(items)
            except Failure:
                raise invalid_operation("cannot recurse because of non-iterable value") from None
            loop = start(state, items)
            rounds(state, loop)
            state.frames.pop()

        def run(state: State) -> str | None:
            items = iterable(state)
            try:
                loop = start(state, items)
            except Failure as failure:
                raise failure.at(line) from None
            rounds(state, loop)
            state.frames.pop()
            if otherwise is not None and loop.index == 0:
                return otherwise(state)
            return None

        return run

    def _choose(self, node: nodes.For, kept_if: nodes.Expression) -> Evaluate:
        """The items of a loop that its condition keeps."""
        iterable = self.expression(node.iterable)
        line = self.line
        assign = self.assignment(node.target)
        condition = self.expression(kept_if)

        def chosen(state: State) -> Value:
            items = iterable(state)
            try:
                state.push(Frame(loop=Loop(items, 0, None), shows_loop=False))
            except Failure as failure:
                raise failure.at(line) from None
            kept: list[Value] = []
            for value in iterate(items):
                assign(state, value)
                if truth(condition(state)):
                    kept.append(value)
            state.frames.pop()
            return kept

        return chosen

    def assignment(self, target: nodes.Expression) -> Callable[[State, Value], None]:
        """What gives `target` a value: a name, names to unpack into, or an attribute of a namespace."""
        if isinstance(target, nodes.Variable):
            name = target.name
            return lambda state, value: state.store(name, value)
        if isinstance(target, nodes.List):
            return self._unpacking(target)
        assert isinstance(target, nodes.Attribute)
        self.line = target.line
        owner = self.expression(target.expression)
        attribute, line = target.name, self.line

        def set_attribute(state: State, value: Value) -> None:
            namespace = owner(state)
            if not isinstance(namespace, Namespace):
                raise invalid_operation(f"can only assign to namespaces, not {kind(namespace)}").at(line)
            namespace.values[attribute] = value

        return set_attribute

    def _unpacking(self, target: nodes.List) -> Callable[[State, Value], None]:
        self.line = line = target.line
        assigns = [self.assignment(part) for part in target.items]

        def unpack(state: State, value: Value) -> None:
            if not isinstance(value, (list, Iterable, MapLike)):
                raise Failure("cannot unpack", "value is not iterable", line)
            values = list(iterate(value))
            if len(values) != len(assigns):
                raise Failure(
                    "cannot unpack",
                    f"sequence of wrong length (expected {len(assigns)}, got {len(values)})",
                    line,
                )
            for assign, part in zip(assigns, values, strict=True):
                assign(state, part)

        return unpack
