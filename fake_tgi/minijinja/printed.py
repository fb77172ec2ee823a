"""Whether a template only prints what it takes of a list's items, and does nothing else with it.

Then the text is made of fixed parts with those values between them, whatever they are. Few constructions are
known here, those of plain chat templates; a template with anything else is said to do more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from typing import Final

from . import nodes

__all__ = ["only_prints"]

_LOOP: Final = frozenset({"first", "last", "index", "index0", "length", "revindex", "revindex0"})
"""What may be asked of a loop: its other members lead to the items."""

_PURE: Final = frozenset({"raise_exception", "namespace", "range"})
"""Functions that see nothing but their arguments, and always answer the same."""


def only_prints(template: Iterable[nodes.Statement], items: str, key: str, known: frozenset[str]) -> bool:
    """Whether `template` takes `key` of the things in the list `items` only to print it.

    What else it takes of them is in `known`. It loops over the list and does nothing else with it.
    """
    return all(_Looker(items, key, known).statement(each) for each in template)


class _Looker:
    def __init__(self, items: str, key: str, known: frozenset[str]) -> None:
        self._items = items
        self._key = key
        self._known = known
        self._things: list[str] = []
        """The variables that are an item here."""

    def statement(self, node: nodes.Statement) -> bool:
        match node:
            case nodes.Text():
                return True
            case nodes.Emit(expression):
                return self._member(expression) == self._key or self._expression(expression)
            case nodes.If(test, true, false):
                return self._expression(test) and all(map(self.statement, (*true, *false)))
            case nodes.For(nodes.Variable(name), nodes.Variable(self._items), None, False, body, otherwise):
                if name in (self._items, "loop", *self._things):
                    return False
                self._things.append(name)
                fine = all(map(self.statement, body))
                self._things.pop()
                return fine and all(map(self.statement, otherwise))
            case nodes.Set(nodes.Variable(name), expression):
                return name not in (self._items, "loop", *self._things) and self._expression(expression)
        return False

    def _expression(self, node: object) -> bool:
        """Whether nothing in this expression is an item or the list, but for what is known of an item."""
        match node:
            case nodes.Variable(name):
                return name != "loop" and name != self._items and name not in self._things
            case nodes.Attribute(nodes.Variable("loop"), name):
                return name in _LOOP
            case nodes.Call(callee, arguments):
                pure = isinstance(callee, nodes.Variable) and callee.name in _PURE
                return pure and self._expression(arguments)
            case nodes.Item() | nodes.Attribute() if (member := self._member(node)) is not None:
                return member in self._known
            case tuple():
                return all(map(self._expression, node))
        if is_dataclass(node):
            return all(self._expression(getattr(node, field.name)) for field in fields(node))
        return True

    def _member(self, node: object) -> str | None:
        """The name of what is taken of an item here."""
        match node:
            case nodes.Attribute(nodes.Variable(name), member) if name in self._things:
                return member
            case nodes.Item(nodes.Variable(name), nodes.Constant(str(member))) if name in self._things:
                return member
        return None
