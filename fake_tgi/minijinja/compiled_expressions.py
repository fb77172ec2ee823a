"""Expressions become functions of the state.

What runs a step that fails adds the step's line. minijinja numbers its instructions by the line it wrote
last, not by the expression's own, so lines are followed here in the order in which it compiles: `line` is
set where it sets it and read where it adds an instruction. Constant expressions are computed once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from . import nodes
from .arguments import take, text
from .constants import NOT_CONSTANT, constant
from .errors import UNDEFINED_VALUE, Failure
from .filters import FILTERS
from .maps import map_of
from .operators import OPERATORS, cut, negated
from .state import State
from .tests import TESTS
from .values import ABSENT, UNDEFINED, MapLike, Value, attribute, item, truth

__all__ = ["Evaluate", "ExpressionCompiler"]

Evaluate = Callable[[State], Value]


class ExpressionCompiler:
    """Compiles expressions one after the other, keeping the line that minijinja would be at."""

    def __init__(self) -> None:
        self.line = 0

    def expression(self, node: nodes.Expression) -> Evaluate:
        """The function that computes `node`."""
        value = constant(node)
        if value is not NOT_CONSTANT:
            self.line = node.line
            return _always(value)
        match node:
            case nodes.Variable():
                return self._variable(node)
            case nodes.Slice():
                return self._slice(node)
            case nodes.Unary():
                return self._unary(node)
            case nodes.Binary():
                return self._binary(node)
            case nodes.Conditional():
                return self._conditional(node)
            case nodes.Filter():
                return self.filter(node)
            case nodes.Test():
                return self._test(node)
            case nodes.Attribute():
                return self._attribute(node)
            case nodes.Item():
                return self._item(node)
            case nodes.List():
                return self._list(node)
            case nodes.MapLiteral():
                return self._map(node)
            case nodes.Call():
                return self.call(node)
        raise AssertionError(f"{type(node).__name__} is a constant")

    def call(self, node: nodes.Call, caller: nodes.Macro | None = None) -> Evaluate:
        """A call; with the `caller` of a call block as one more keyword argument."""
        raise NotImplementedError

    def arguments(
        self, given: tuple[nodes.Argument, ...], caller: nodes.Macro | None = None
    ) -> Callable[[State], list[Value]]:
        """A call's arguments: those by position, then all named ones as one value."""
        raise NotImplementedError

    def _variable(self, node: nodes.Variable) -> Evaluate:
        self.line = node.line
        name = node.name

        def load(state: State) -> Value:
            found = state.load(name)
            return UNDEFINED if found is ABSENT else found

        return load

    def _slice(self, node: nodes.Slice) -> Evaluate:
        self.line = node.line
        parts = [self.expression(node.expression)]
        for part, default in ((node.start, 0), (node.stop, None), (node.step, 1)):
            parts.append(_always(default) if part is None else self.expression(part))
        line = self.line

        def slice_(state: State) -> Value:
            values = [part(state) for part in parts]
            try:
                return cut(*values)
            except Failure as failure:
                raise failure.at(line) from None

        return slice_

    def _unary(self, node: nodes.Unary) -> Evaluate:
        self.line = node.line
        operand = self.expression(node.expression)
        if node.operator == "not":
            return lambda state: not truth(operand(state))
        line = node.line

        def negate(state: State) -> Value:
            value = operand(state)
            try:
                return negated(value)
            except Failure as failure:
                raise failure.at(line) from None

        return negate

    def _binary(self, node: nodes.Binary) -> Evaluate:
        self.line = node.line
        left, right = self.expression(node.left), self.expression(node.right)
        if node.operator == "and":

            def both(state: State) -> Value:
                value = left(state)
                return right(state) if truth(value) else value

            return both
        if node.operator == "or":

            def either(state: State) -> Value:
                value = left(state)
                return value if truth(value) else right(state)

            return either
        operate, line = OPERATORS[node.operator], self.line

        def binary(state: State) -> Value:
            one, other = left(state), right(state)
            try:
                return operate(one, other)
            except Failure as failure:
                raise failure.at(line) from None

        return binary

    def _conditional(self, node: nodes.Conditional) -> Evaluate:
        self.line = node.line
        test, true = self.expression(node.test), self.expression(node.true)
        false = _always(UNDEFINED) if node.false is None else self.expression(node.false)
        return lambda state: true(state) if truth(test(state)) else false(state)

    def filter(self, node: nodes.Filter, captured: Evaluate | None = None) -> Evaluate:
        """A filter of its expression, or of what `captured` gives at the start of the chain."""
        self.line = node.line
        if isinstance(node.expression, nodes.Filter):
            value = self.filter(node.expression, captured)
        elif node.expression is not None:
            value = self.expression(node.expression)
        else:
            assert captured is not None
            value = captured
        arguments = self.arguments(node.arguments)
        name, function, line = node.name, FILTERS.get(node.name), self.line

        def apply(state: State) -> Value:
            filtered, given = value(state), arguments(state)
            if function is None:
                raise Failure("unknown filter", f"filter {name} is unknown", line)
            try:
                return function(state, [filtered, *given])
            except Failure as failure:
                raise failure.at(line) from None

        return apply

    def _test(self, node: nodes.Test) -> Evaluate:
        self.line = node.line
        value = self.expression(node.expression)
        arguments = self.arguments(node.arguments)
        name, line = node.name, self.line
        function = _NAME_TESTS.get(name) or TESTS.get(name)

        def test(state: State) -> Value:
            tested, given = value(state), arguments(state)
            if function is None:
                raise Failure("unknown test", f"test {name} is unknown", line)
            try:
                return function([tested, *given])
            except Failure as failure:
                raise failure.at(line) from None

        return test

    def _attribute(self, node: nodes.Attribute) -> Evaluate:
        self.line = node.line
        value = self.expression(node.expression)
        name, line = node.name, self.line

        def get(state: State) -> Value:
            owner = value(state)
            found = owner.get(name) if isinstance(owner, MapLike) else attribute(owner, name)
            if found is not ABSENT:
                return found
            if owner is UNDEFINED:
                raise Failure(UNDEFINED_VALUE, None, line)
            return UNDEFINED

        return get

    def _item(self, node: nodes.Item) -> Evaluate:
        self.line = node.line
        value, subscript = self.expression(node.expression), self.expression(node.subscript)
        line = self.line

        def get(state: State) -> Value:
            owner, key = value(state), subscript(state)
            found = item(owner, key)
            if found is not ABSENT:
                return found
            if owner is UNDEFINED:
                raise Failure(UNDEFINED_VALUE, None, line)
            return UNDEFINED

        return get

    def _list(self, node: nodes.List) -> Evaluate:
        self.line = node.line
        items = [self.expression(part) for part in node.items]
        return lambda state: [evaluate(state) for evaluate in items]

    def _map(self, node: nodes.MapLiteral) -> Evaluate:
        self.line = node.line
        pairs = [
            (self.expression(key), self.expression(value))
            for key, value in zip(node.keys, node.values, strict=True)
        ]
        return lambda state: map_of((key(state), value(state)) for key, value in pairs)


def _always(value: Value) -> Evaluate:
    return lambda state: value


def _among(names: Collection[str]) -> Callable[[Sequence[Value]], bool]:
    def known(given: Sequence[Value]) -> bool:
        (name,) = take(given, text)
        return name in names

    return known


# Two tests ask what others there are
_NAME_TESTS: Final = {"filter": _among(FILTERS), "test": _among([*TESTS, "filter", "test"])}
