"""Calls become functions of the state: first arguments by position, then the named ones, then the call."""

from __future__ import annotations

from collections.abc import Callable

from . import nodes
from .compiled_expressions import Evaluate, ExpressionCompiler
from .errors import Failure
from .invoking import invoke, invoke_method, invoke_named, keyword_pairs
from .macros import Macro
from .maps import keywords_of
from .state import State
from .values import Value, iterate

__all__ = ["CallCompiler"]


class CallCompiler(ExpressionCompiler):
    """Compiles expressions with calls in them."""

    def call(self, node: nodes.Call, caller: nodes.Macro | None = None) -> Evaluate:
        self.line = node.line
        callee = node.callee
        if isinstance(callee, nodes.Variable):
            return self._function_call(callee.name, node, caller)
        if isinstance(callee, nodes.Attribute):
            if isinstance(callee.expression, nodes.Variable) and callee.expression.name == "self":
                return self.block_call(callee.name)
            return self._method_call(callee, node, caller)
        value = self.expression(callee)
        arguments = self.arguments(node.arguments, caller)
        line = self.line

        def call(state: State) -> Value:
            function, given = value(state), arguments(state)
            try:
                return invoke(state, function, given)
            except Failure as failure:
                raise failure.at(line) from None

        return call

    def _function_call(self, name: str, node: nodes.Call, caller: nodes.Macro | None) -> Evaluate:
        arguments = self.arguments(node.arguments, caller)
        line = self.line

        def call(state: State) -> Value:
            given = arguments(state)
            try:
                return invoke_named(state, name, given)
            except Failure as failure:
                raise failure.at(line) from None

        return call

    def _method_call(self, callee: nodes.Attribute, node: nodes.Call, caller: nodes.Macro | None) -> Evaluate:
        value = self.expression(callee.expression)
        arguments = self.arguments(node.arguments, caller)
        name, line = callee.name, self.line

        def call(state: State) -> Value:
            owner, given = value(state), arguments(state)
            try:
                return invoke_method(state, owner, name, given)
            except Failure as failure:
                raise failure.at(line) from None

        return call

    def arguments(
        self, given: tuple[nodes.Argument, ...], caller: nodes.Macro | None = None
    ) -> Callable[[State], list[Value]]:
        positional = [
            (argument.how, self.expression(argument.expression))
            for argument in given
            if argument.how in ("", "*")
        ]
        line = self.line
        named = [
            (argument.how, argument.name, self.expression(argument.expression))
            for argument in given
            if argument.how in ("=", "**")
        ]
        if caller is None and all(_is_literal(argument) for argument in given if argument.how):
            self.line = line  # arguments that are all literals become one constant, which has no line
        make_caller = None if caller is None else self.macro(caller)
        if not named and make_caller is None:
            if not positional:
                return lambda state: []
            if all(not how for how, _ in positional):
                evaluates = [evaluate for _, evaluate in positional]
                return lambda state: [evaluate(state) for evaluate in evaluates]
        line = self.line

        def collect(state: State) -> list[Value]:
            values: list[Value] = []
            splats: list[tuple[int, Value]] = []
            for how, evaluate in positional:
                if how:
                    splats.append((len(values), evaluate(state)))
                else:
                    values.append(evaluate(state))
            pairs: list[tuple[Value, Value]] = []
            try:
                for how, name, evaluate in named:
                    if how == "=":
                        pairs.append((name, evaluate(state)))
                    else:
                        pairs.extend(keyword_pairs(evaluate(state)))
                if make_caller is not None:
                    pairs.append(("caller", make_caller(state)))
                if named or make_caller is not None:
                    values.append(keywords_of(pairs))
                for place, splat in reversed(splats):
                    values[place:place] = iterate(splat)
            except Failure as failure:
                raise failure.at(line) from None
            return values

        return collect

    def block_call(self, name: str) -> Evaluate:
        """`self.name()`."""
        raise NotImplementedError

    def macro(self, node: nodes.Macro) -> Callable[[State], Macro]:
        """The function that makes a macro."""
        raise NotImplementedError


def _is_literal(argument: nodes.Argument) -> bool:
    return argument.how == "*" or (argument.how == "=" and isinstance(argument.expression, nodes.Constant))
