"""Constant expressions are computed while a template is compiled, as far as they do not fail.

A list or map is constant only if its items are written out; an operator if its operands are constant. `and`
and `or` between constants decide otherwise than when they run: `'' and 1` is then false, not empty.
"""

from __future__ import annotations

from typing import Final

from . import nodes
from .errors import Failure
from .maps import map_of
from .operators import OPERATORS, folded, negated
from .values import Value, truth

__all__ = ["NOT_CONSTANT", "constant"]

NOT_CONSTANT: Final = object()


def constant(node: nodes.Expression) -> Value:
    """What `node` is if it needs no state; `NOT_CONSTANT` where it does, or where it fails."""
    if isinstance(node, nodes.Constant):
        return node.value
    if isinstance(node, nodes.List):
        if all(isinstance(part, nodes.Constant) for part in node.items):
            return [part.value for part in node.items if isinstance(part, nodes.Constant)]
        return NOT_CONSTANT
    if isinstance(node, nodes.MapLiteral):
        return _constant_map(node)
    try:
        if isinstance(node, nodes.Unary):
            value = constant(node.expression)
            if value is NOT_CONSTANT:
                return value
            return not truth(value) if node.operator == "not" else negated(value)
        if isinstance(node, nodes.Binary):
            left, right = constant(node.left), constant(node.right)
            if left is NOT_CONSTANT or right is NOT_CONSTANT:
                return NOT_CONSTANT
            if node.operator in ("and", "or"):
                return folded(node.operator, left, right)
            return OPERATORS[node.operator](left, right)
    except Failure:
        pass
    return NOT_CONSTANT


def _constant_map(node: nodes.MapLiteral) -> Value:
    pairs: list[tuple[Value, Value]] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if not (isinstance(key, nodes.Constant) and isinstance(value, nodes.Constant)):
            return NOT_CONSTANT
        pairs.append((key.value, value.value))
    return map_of(pairs)
