"""The parts of a parsed template. `line` is where a part begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "Argument",
    "Attribute",
    "AutoEscape",
    "Binary",
    "Block",
    "Call",
    "CallBlock",
    "Conditional",
    "Constant",
    "Do",
    "Emit",
    "Expression",
    "Filter",
    "FilterBlock",
    "For",
    "If",
    "Item",
    "Jump",
    "List",
    "Load",
    "Macro",
    "MapLiteral",
    "Set",
    "SetBlock",
    "Slice",
    "Statement",
    "Test",
    "Text",
    "Unary",
    "Variable",
    "With",
]


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Constant:
    value: object
    line: int


@dataclass(frozen=True, slots=True)
class Slice:
    expression: Expression
    start: Expression | None
    stop: Expression | None
    step: Expression | None
    line: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str  # "not" or "-"
    expression: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Expression
    right: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Conditional:
    test: Expression
    true: Expression
    false: Expression | None
    line: int


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    expression: Expression | None  # None: what a filter block captured
    arguments: tuple[Argument, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Test:
    name: str
    expression: Expression
    arguments: tuple[Argument, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Attribute:
    expression: Expression
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Item:
    expression: Expression
    subscript: Expression
    line: int


@dataclass(frozen=True, slots=True)
class Call:
    callee: Expression
    arguments: tuple[Argument, ...]
    line: int


@dataclass(frozen=True, slots=True)
class List:
    items: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class MapLiteral:
    keys: tuple[Expression, ...]
    values: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Argument:
    """`how` is "" (positional), "*", "**", or "=" (by `name`)."""

    how: str
    expression: Expression
    name: str = ""


Expression: TypeAlias = (
    Variable
    | Constant
    | Slice
    | Unary
    | Binary
    | Conditional
    | Filter
    | Test
    | Attribute
    | Item
    | Call
    | List
    | MapLiteral
)


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Emit:
    expression: Expression
    line: int


@dataclass(frozen=True, slots=True)
class For:
    target: Expression
    iterable: Expression
    condition: Expression | None
    recursive: bool
    body: tuple[Statement, ...]
    otherwise: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class If:
    test: Expression
    true: tuple[Statement, ...]
    false: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class With:
    assignments: tuple[tuple[Expression, Expression], ...]
    body: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Set:
    target: Expression
    expression: Expression
    line: int


@dataclass(frozen=True, slots=True)
class SetBlock:
    target: Expression
    filter: Filter | None
    body: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class AutoEscape:
    enabled: Expression
    body: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class FilterBlock:
    filter: Filter
    body: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    name: str
    body: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Load:
    """Any statement that needs another template: extends, include, import, from. There is none here."""

    how: str
    expression: Expression
    ignore_missing: bool
    declares: tuple[Expression, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro, or the body of a call block, whose name is "caller"."""

    name: str
    parameters: tuple[Variable, ...]
    defaults: tuple[Expression, ...]  # of the last parameters
    body: tuple[Statement, ...]
    line: int


@dataclass(frozen=True, slots=True)
class CallBlock:
    call: Call
    macro: Macro
    line: int


@dataclass(frozen=True, slots=True)
class Do:
    call: Call
    line: int


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    how: str
    line: int


Statement: TypeAlias = (
    Text
    | Emit
    | For
    | If
    | With
    | Set
    | SetBlock
    | AutoEscape
    | FilterBlock
    | Block
    | Load
    | Macro
    | CallBlock
    | Do
    | Jump
)
