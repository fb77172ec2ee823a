"""Tokens become statements: the template's grammar above its expressions, as minijinja 2.8 has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from . import nodes
from .errors import Failure, syntax_error
from .expressions import ExpressionParser
from .lexer import BLOCK_END, BLOCK_START, DATA, IDENTIFIER, VARIABLE_END, VARIABLE_START, Token, tokenize

__all__ = ["parse"]

_RESERVED: Final = ("true", "True", "false", "False", "none", "None", "loop", "self")
_END_OF_BLOCK: Final = "end of block"
_END_OF_VARIABLE: Final = "end of variable block"


def parse(source: str) -> tuple[nodes.Statement, ...]:
    """The statements of a template. Raises `Failure` with the line of the fault."""
    parser = _Parser(tokenize(source))
    try:
        return parser.body()
    except Failure as failure:
        raise (failure.at(parser.last_line) if parser.last_line else failure) from None
    except RecursionError:
        raise syntax_error("template exceeds maximum recursion limits", parser.last_line) from None


class _Parser(ExpressionParser):
    def __init__(self, tokens: Iterator[Token]) -> None:
        super().__init__(tokens)
        self._in_macro = False
        self._in_loop = False
        self._blocks: set[str] = set()

    def body(self, *ends: str) -> tuple[nodes.Statement, ...]:
        """Statements up to one of the tags `ends`, whose name is not stepped over, or up to the end."""
        found: list[nodes.Statement] = []
        while (token := self.next()) is not None:
            if token.kind == DATA:
                found.append(nodes.Text(str(token.value), token.line))
            elif token.kind == VARIABLE_START:
                found.append(nodes.Emit(self.expression(), token.line))
                self.expect(VARIABLE_END, _END_OF_VARIABLE)
            else:
                assert token.kind == BLOCK_START, token
                if self.current() is None:
                    raise syntax_error("unexpected end of input, expected keyword")
                if self.at_word(*ends):
                    break
                self.descend()
                found.append(self._statement())
                self.ascend()
                self.expect(BLOCK_END, _END_OF_BLOCK)
        return tuple(found)

    def _block_end(self) -> None:
        self.expect(BLOCK_END, _END_OF_BLOCK)

    def _statement(self) -> nodes.Statement:
        token = self.next()
        if token is None:
            raise syntax_error("unexpected end of input, expected block keyword")
        if token.kind != IDENTIFIER:
            raise syntax_error(f"unknown {token.kind}, expected statement")
        keyword = str(token.value)
        read = _STATEMENTS.get(keyword)
        if read is None:
            raise syntax_error(f"unknown statement {keyword}")
        return read(self, token.line)

    def _for(self, line: int) -> nodes.Statement:
        outer, self._in_loop = self._in_loop, True
        target = self._targets()
        self.expect_word("in")
        iterable = self.disjunction()
        condition = self.expression() if self.skip_word("if") else None
        recursive = self.skip_word("recursive")
        self._block_end()
        body = self.body("endfor", "else")
        otherwise: tuple[nodes.Statement, ...] = ()
        if self.skip_word("else"):
            self._block_end()
            otherwise = self.body("endfor")
        self.next()
        self._in_loop = outer
        return nodes.For(target, iterable, condition, recursive, body, otherwise, line)

    def _if(self, line: int) -> nodes.Statement:
        test = self.disjunction()
        self._block_end()
        true = self.body("endif", "else", "elif")
        false: tuple[nodes.Statement, ...] = ()
        token = self.next()
        if token is not None and token.value == "else":
            self._block_end()
            false = self.body("endif")
            self.next()
        elif token is not None and token.value == "elif":
            false = (self._if(token.line),)
        return nodes.If(test, true, false, line)

    def _with(self, line: int) -> nodes.Statement:
        assignments: list[tuple[nodes.Expression, nodes.Expression]] = []
        while not self.at(BLOCK_END):
            if assignments:
                self.expect("`,`", "comma")
            if self.skip("`(`"):
                target = self._targets()
                self.expect("`)`")
            else:
                target = self._target()
            self.expect("`=`", "assignment operator")
            assignments.append((target, self.expression()))
        self._block_end()
        body = self.body("endwith")
        self.next()
        return nodes.With(tuple(assignments), body, line)

    def _set(self, line: int) -> nodes.Statement:
        grouped = self.skip("`(`")
        if grouped:
            target = self._targets()
            self.expect("`)`")
        else:
            target = self._target(dotted=True)
        if grouped or not (self.at(BLOCK_END) or self.at("`|`")):
            self.expect("`=`", "assignment operator")
            return nodes.Set(target, self.expression(), line)
        chain = self._filter_chain() if self.skip("`|`") else None
        self._block_end()
        body = self.body("endset")
        self.next()
        return nodes.SetBlock(target, chain, body, line)

    def _block(self, line: int) -> nodes.Statement:
        if self._in_macro:
            raise syntax_error("block tags in macros are not allowed")
        outer, self._in_loop = self._in_loop, False
        name, _ = self.name()
        if name in self._blocks:
            raise syntax_error(f"block '{name}' defined twice")
        self._blocks.add(name)
        self._block_end()
        body = self.body("endblock")
        self.next()
        token = self.current()
        if token is not None and token.kind == IDENTIFIER:
            if token.value != name:
                raise syntax_error(f"mismatching name on block. Got `{token.value}`, expected `{name}`")
            self.next()
        self._in_loop = outer
        return nodes.Block(name, body, line)

    def _auto_escape(self, line: int) -> nodes.Statement:
        enabled = self.expression()
        self._block_end()
        body = self.body("endautoescape")
        self.next()
        return nodes.AutoEscape(enabled, body, line)

    def _filter_chain(self) -> nodes.Filter:
        chain: nodes.Filter | None = None
        while not self.at(BLOCK_END):
            if chain is not None:
                self.expect("`|`")
            name, line = self.name()
            chain = nodes.Filter(name, chain, self.optional_arguments(), line)
        if chain is None:
            raise syntax_error("expected a filter")
        return chain

    def _filter(self, line: int) -> nodes.Statement:
        chain = self._filter_chain()
        self._block_end()
        body = self.body("endfilter")
        self.next()
        return nodes.FilterBlock(chain, body, line)

    def _extends(self, line: int) -> nodes.Statement:
        return nodes.Load("extends", self.expression(), False, (), line)

    def _include(self, line: int) -> nodes.Statement:
        name = self.expression()
        self._context()
        ignore_missing = self.skip_word("ignore")
        if ignore_missing:
            self.expect_word("missing", "missing keyword")
            self._context()
        return nodes.Load("include", name, ignore_missing, (), line)

    def _context(self) -> None:
        if self.skip_word("without", "with"):
            self.expect_word("context", "missing keyword")

    def _import(self, line: int) -> nodes.Statement:
        name = self.expression()
        self.expect_word("as")
        return nodes.Load("import", name, False, (self.expression(),), line)

    def _from(self, line: int) -> nodes.Statement:
        name = self.expression()
        self.expect_word("import")
        declares: list[nodes.Expression] = []
        while not self.at(BLOCK_END):
            if declares:
                self.expect("`,`")
                if self.at(BLOCK_END):
                    break
            imported = self._target()
            declares.append(self._target() if self.skip_word("as") else imported)
        return nodes.Load("from", name, False, tuple(declares), line)

    def _macro(self, line: int) -> nodes.Statement:
        name, _ = self.name()
        self.expect("`(`")
        parameters, defaults = self._parameters()
        return self._macro_body(name, parameters, defaults, "endmacro", line)

    def _parameters(self) -> tuple[tuple[nodes.Variable, ...], tuple[nodes.Expression, ...]]:
        names: list[nodes.Variable] = []
        defaults: list[nodes.Expression] = []
        while not self.skip("`)`"):
            if names:
                self.expect("`,`")
                if self.skip("`)`"):
                    break
            name = self._target()
            assert isinstance(name, nodes.Variable)
            names.append(name)
            if self.skip("`=`"):
                defaults.append(self.expression())
            elif defaults:
                self.expect("`=`")
        return tuple(names), tuple(defaults)

    def _macro_body(
        self,
        name: str,
        parameters: tuple[nodes.Variable, ...],
        defaults: tuple[nodes.Expression, ...],
        end: str,
        line: int,
    ) -> nodes.Macro:
        self._block_end()
        loop, self._in_loop = self._in_loop, False
        macro, self._in_macro = self._in_macro, True
        body = self.body(end)
        self._in_macro, self._in_loop = macro, loop
        self.next()
        return nodes.Macro(name, parameters, defaults, body, line)

    def _call(self, line: int) -> nodes.Statement:
        macro_line = self.last_line
        parameters, defaults = self._parameters() if self.skip("`(`") else ((), ())
        call = self._expect_call()
        return nodes.CallBlock(
            call, self._macro_body("caller", parameters, defaults, "endcall", macro_line), line
        )

    def _expect_call(self) -> nodes.Call:
        parsed = self.expression()
        if not isinstance(parsed, nodes.Call):
            raise syntax_error(f"expected call expression in call block, got {_described(parsed)}")
        return parsed

    def _do(self, line: int) -> nodes.Statement:
        return nodes.Do(self._expect_call(), line)

    def _continue(self, line: int) -> nodes.Statement:
        return self._jump("continue", line)

    def _break(self, line: int) -> nodes.Statement:
        return self._jump("break", line)

    def _jump(self, how: str, line: int) -> nodes.Statement:
        if not self._in_loop:
            raise syntax_error(f"'{how}' must be placed inside a loop")
        return nodes.Jump(how, line)

    def _target(self, *, dotted: bool = False) -> nodes.Expression:
        name, line = self.name()
        if name in _RESERVED:
            raise syntax_error(f"cannot assign to reserved variable name {name}")
        target: nodes.Expression = nodes.Variable(name, line)
        while dotted and self.skip("`.`"):
            attribute, line = self.name()
            target = nodes.Attribute(target, attribute, line)
        return target

    def _targets(self) -> nodes.Expression:
        """One name, or names to unpack into."""
        line = self.line()
        items: list[nodes.Expression] = []
        listed = False
        while True:
            if items:
                self.expect("`,`")
            if self.at("`)`") or self.at(VARIABLE_END) or self.at(BLOCK_END) or self.at_word("in"):
                break
            if self.skip("`(`"):
                items.append(self._targets())
                self.expect("`)`")
            else:
                items.append(self._target())
            if not self.at("`,`"):
                break
            listed = True
        return nodes.List(tuple(items), line) if listed or len(items) != 1 else items[0]


def _described(parsed: nodes.Expression) -> str:
    return _DESCRIPTIONS.get(type(parsed), "expression")


_DESCRIPTIONS: Final[dict[type, str]] = {
    nodes.Variable: "variable",
    nodes.Constant: "constant",
    nodes.List: "list literal",
    nodes.MapLiteral: "map literal",
    nodes.Test: "test expression",
    nodes.Filter: "filter expression",
}

_STATEMENTS: Final[dict[str, Callable[[_Parser, int], nodes.Statement]]] = {
    "for": _Parser._for,
    "if": _Parser._if,
    "with": _Parser._with,
    "set": _Parser._set,
    "autoescape": _Parser._auto_escape,
    "filter": _Parser._filter,
    "block": _Parser._block,
    "extends": _Parser._extends,
    "include": _Parser._include,
    "import": _Parser._import,
    "from": _Parser._from,
    "macro": _Parser._macro,
    "call": _Parser._call,
    "continue": _Parser._continue,
    "break": _Parser._break,
    "do": _Parser._do,
}
