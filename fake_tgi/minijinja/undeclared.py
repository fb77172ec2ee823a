"""Which variables a template uses without setting them: what TGI asks of a template, and what macros enclose.

The rules are minijinja's, oddities included: the target of `set` counts as set before its value is looked
at, a slice's own expression is not looked at, and an attribute of a variable counts as `name.attribute`,
not as `name`.
"""

from __future__ import annotations

from collections.abc import Iterable

from . import nodes

__all__ = ["enclosed_by", "undeclared"]


def undeclared(template: tuple[nodes.Statement, ...]) -> set[str]:
    """The variables that `template` takes from its context, dotted where only attributes of them are used."""
    tracker = _Tracker(nested=True)
    tracker.assign("self")
    tracker.walk_all(template)
    return tracker.found


def enclosed_by(macro: nodes.Macro) -> set[str]:
    """The variables that `macro` takes from where it is defined."""
    tracker = _Tracker(nested=False)
    tracker.macro(macro, declare_caller=False)
    return tracker.found


class _Tracker:
    def __init__(self, *, nested: bool) -> None:
        self.found: set[str] = set()
        self._nested = nested
        self._assigned: list[set[str]] = [set()]

    def assign(self, name: str) -> None:
        self._assigned[-1].add(name)

    def _is_assigned(self, name: str) -> bool:
        return any(name in scope for scope in self._assigned)

    def _target(self, node: nodes.Expression) -> None:
        if isinstance(node, nodes.Variable):
            self.assign(node.name)
        elif isinstance(node, nodes.List):
            for part in node.items:
                self._target(part)

    def _scope(self, body: Iterable[nodes.Statement], *names: str) -> None:
        self._assigned.append(set(names))
        self.walk_all(body)
        self._assigned.pop()

    def macro(self, node: nodes.Macro, *, declare_caller: bool) -> None:
        if declare_caller:
            self.assign("caller")
        for parameter in node.parameters:
            self.assign(parameter.name)
        for default in node.defaults:
            self.visit(default)
        self.walk_all(node.body)

    def visit(self, node: nodes.Expression | None) -> None:
        match node:
            case nodes.Variable(name):
                if not self._is_assigned(name):
                    self.found.add(name)
                    if not self._nested:
                        self.assign(name)
            case nodes.Unary(_, operand):
                self.visit(operand)
            case nodes.Binary(_, left, right):
                self.visit(left)
                self.visit(right)
            case nodes.Conditional(test, true, false):
                self.visit(test)
                self.visit(true)
                self.visit(false)
            case nodes.Filter(_, expression, arguments) | nodes.Test(_, expression, arguments):
                self.visit(expression)
                self._arguments(arguments)
            case nodes.Attribute(expression, _):
                if not (self._nested and self._dotted(node)):
                    self.visit(expression)
            case nodes.Item(expression, subscript):
                self.visit(expression)
                self.visit(subscript)
            case nodes.Slice(_, start, stop, step):
                self.visit(start)
                self.visit(stop)
                self.visit(step)
            case nodes.Call(callee, arguments):
                self.visit(callee)
                self._arguments(arguments)
            case nodes.List(items):
                for item in items:
                    self.visit(item)
            case nodes.MapLiteral(keys, values):
                for key, value in zip(keys, values, strict=True):
                    self.visit(key)
                    self.visit(value)

    def _arguments(self, arguments: Iterable[nodes.Argument]) -> None:
        for argument in arguments:
            self.visit(argument.expression)

    def _dotted(self, node: nodes.Attribute) -> bool:
        """Whether `node` is a chain of attributes of a variable that nobody set, which is then noted."""
        names: list[str] = []
        inner: nodes.Expression = node
        while isinstance(inner, nodes.Attribute):
            names.append(inner.name)
            inner = inner.expression
        if not isinstance(inner, nodes.Variable) or self._is_assigned(inner.name):
            return False
        self.found.add(".".join([inner.name, *reversed(names)]))
        return True

    def walk_all(self, body: Iterable[nodes.Statement]) -> None:
        for node in body:
            self._walk(node)

    def _walk(self, node: nodes.Statement) -> None:
        match node:
            case nodes.Emit(expression):
                self.visit(expression)
            case nodes.For(target, iterable, condition, _, body, otherwise):
                self._assigned.append({"loop"})
                self.visit(iterable)
                self._target(target)
                self.visit(condition)
                self.walk_all(body)
                self._assigned.pop()
                self._scope(otherwise)
            case nodes.If(test, true, false):
                self.visit(test)
                self._scope(true)
                self._scope(false)
            case nodes.With(assignments, body):
                self._assigned.append(set())
                for target, expression in assignments:
                    self._target(target)
                    self.visit(expression)
                self.walk_all(body)
                self._assigned.pop()
            case nodes.Set(target, expression):
                self._target(target)
                self.visit(expression)
            case nodes.SetBlock(target, _, body):
                self._target(target)
                self._scope(body)
            case nodes.AutoEscape(_, body) | nodes.FilterBlock(_, body):
                self._scope(body)
            case nodes.Block(_, body):
                self._scope(body, "super")
            case nodes.Load(_, _, _, declares):
                for target in declares:
                    self._target(target)
            case nodes.Macro(name):
                self.assign(name)
                self._assigned.append(set())
                self.macro(node, declare_caller=True)
                self._assigned.pop()
            case nodes.CallBlock(call, macro):
                self.visit(call.callee)
                self._arguments(call.arguments)
                self._assigned.append(set())
                self.macro(macro, declare_caller=True)
                self._assigned.pop()
            case nodes.Do(call):
                self.visit(call.callee)
                self._arguments(call.arguments)
