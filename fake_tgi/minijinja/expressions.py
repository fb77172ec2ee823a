"""Tokens become expressions, by minijinja's grammar.

From loosest to tightest: if/else, or, and, not, comparisons and `in` (chained to the left, not as in
Python), + and -, ~, * / // %, **, unary minus, then attributes, items and calls, then filters and tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from . import nodes
from .errors import syntax_error
from .lexer import FLOAT, IDENTIFIER, INTEGER, STRING
from .token_stream import TokenStream, unexpected

__all__ = ["ExpressionParser"]

_CONSTANTS: Final = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None}
_COMPARISONS: Final = ("`==`", "`!=`", "`<`", "`<=`", "`>`", "`>=`")
_SUMS: Final = ("`+`", "`-`")
_PRODUCTS: Final = ("`*`", "`/`", "`//`", "`%`")
# What may follow a test's name as its one argument without parentheses
_ARGUMENT_STARTS: Final = (IDENTIFIER, STRING, INTEGER, FLOAT, "`+`", "`-`", "`[`", "`{`")
_NO_ARGUMENT: Final = ("and", "or", "else", "is")
_MAX_ARGUMENTS: Final = 2000

Parse = Callable[[], nodes.Expression]


class ExpressionParser(TokenStream):
    """Reads expressions where it stands. Raises `Failure`."""

    def guarded(self, parse: Callable[[], nodes.Expression]) -> nodes.Expression:
        """What `parse` reads, one level deeper."""
        self.descend()
        parsed = parse()
        self.ascend()
        return parsed

    def expression(self) -> nodes.Expression:
        """Any expression."""
        return self.guarded(self._conditional)

    def _conditional(self) -> nodes.Expression:
        line = self.last_line
        parsed = self.disjunction()
        while self.skip_word("if"):
            test = self.disjunction()
            otherwise = self._conditional() if self.skip_word("else") else None
            parsed = nodes.Conditional(test, parsed, otherwise, line)
            line = self.last_line
        return parsed

    def disjunction(self) -> nodes.Expression:
        """An expression without a conditional at its top."""
        line, parsed = self.line(), self._conjunction()
        while self.skip_word("or"):
            parsed = nodes.Binary("or", parsed, self._conjunction(), line)
        return parsed

    def _conjunction(self) -> nodes.Expression:
        line, parsed = self.line(), self._negation()
        while self.skip_word("and"):
            parsed = nodes.Binary("and", parsed, self._negation(), line)
        return parsed

    def _negation(self) -> nodes.Expression:
        line = self.line()
        if self.skip_word("not"):
            return nodes.Unary("not", self._negation(), line)
        return self._comparison()

    def _comparison(self) -> nodes.Expression:
        line = self.last_line
        parsed = self._sum()
        while (token := self.current()) is not None:
            negated = False
            if token.kind in _COMPARISONS:
                self.next()
                operator = token.kind.strip("`")
            elif self.at_word("in", "not"):
                negated = token.value == "not"
                self.next()
                if negated:
                    self.expect_word("in")
                operator = "in"
            else:
                break
            parsed = nodes.Binary(operator, parsed, self._sum(), line)
            if negated:
                parsed = nodes.Unary("not", parsed, line)
            line = self.last_line
        return parsed

    def _chain(self, operators: tuple[str, ...], tighter: Parse) -> nodes.Expression:
        line, parsed = self.line(), tighter()
        while (token := self.current()) is not None and token.kind in operators:
            self.next()
            parsed = nodes.Binary(token.kind.strip("`"), parsed, tighter(), line)
        return parsed

    def _sum(self) -> nodes.Expression:
        return self._chain(_SUMS, self._concatenation)

    def _concatenation(self) -> nodes.Expression:
        return self._chain(("`~`",), self._product)

    def _product(self) -> nodes.Expression:
        return self._chain(_PRODUCTS, self._power)

    def _power(self) -> nodes.Expression:
        return self._chain(("`**`",), self._unary)

    def _unary(self) -> nodes.Expression:
        line = self.line()
        return self._filtered(self._postfix(self._signed(), line))

    def _signed(self) -> nodes.Expression:
        line = self.line()
        if self.skip("`-`"):
            return nodes.Unary("-", self._signed(), line)
        return self.guarded(self._primary)

    def _postfix(self, parsed: nodes.Expression, line: int) -> nodes.Expression:
        while True:
            following = self.line()
            if self.skip("`.`"):
                parsed = nodes.Attribute(parsed, self.name()[0], line)
            elif self.skip("`[`"):
                parsed = self._subscript(parsed, line)
            elif self.at("`(`"):
                parsed = nodes.Call(parsed, self.arguments(), line)
            else:
                return parsed
            line = following

    def _subscript(self, parsed: nodes.Expression, line: int) -> nodes.Expression:
        start = stop = step = None
        sliced = False
        if not self.at("`:`"):
            start = self.expression()
        if self.skip("`:`"):
            sliced = True
            if not (self.at("`]`") or self.at("`:`")):
                stop = self.expression()
            if self.skip("`:`") and not self.at("`]`"):
                step = self.expression()
        self.expect("`]`")
        if sliced:
            return nodes.Slice(parsed, start, stop, step, line)
        assert start is not None
        return nodes.Item(parsed, start, line)

    def _filtered(self, parsed: nodes.Expression) -> nodes.Expression:
        while True:
            if self.skip("`|`"):
                name, line = self.name()
                parsed = nodes.Filter(name, parsed, self.optional_arguments(), line)
            elif self.skip_word("is"):
                parsed = self._test(parsed)
            else:
                return parsed

    def _test(self, parsed: nodes.Expression) -> nodes.Expression:
        negated = self.skip_word("not")
        name, line = self.name()
        token = self.current()
        if token is None or token.kind == "`(`":
            arguments = self.optional_arguments()
        elif token.kind in _ARGUMENT_STARTS and not self.at_word(*_NO_ARGUMENT):
            argument_line = self.line()
            arguments = (nodes.Argument("", self._postfix(self._signed(), argument_line)),)
        else:
            arguments = ()
        parsed = nodes.Test(name, parsed, arguments, line)
        return nodes.Unary("not", parsed, line) if negated else parsed

    def optional_arguments(self) -> tuple[nodes.Argument, ...]:
        """The arguments in parentheses, if there are parentheses."""
        return self.arguments() if self.at("`(`") else ()

    def arguments(self) -> tuple[nodes.Argument, ...]:
        """The arguments of a call, from its opening parenthesis on."""
        found: list[nodes.Argument] = []
        named = False
        self.expect("`(`")
        while not self.skip("`)`"):
            if found:
                self.expect("`,`")
                if self.skip("`)`"):
                    break
            how = "**" if self.skip("`**`") else "*" if self.skip("`*`") else ""
            parsed = self.expression()
            if how:
                named = named or how == "**"
                found.append(nodes.Argument(how, parsed))
            elif isinstance(parsed, nodes.Variable) and self.skip("`=`"):
                named = True
                found.append(nodes.Argument("=", self.disjunction(), parsed.name))
            elif named:
                raise syntax_error("non-keyword arg after keyword arg")
            else:
                found.append(nodes.Argument("", parsed))
            if len(found) > _MAX_ARGUMENTS:
                raise syntax_error("Too many arguments in function call")
        return tuple(found)

    def _primary(self) -> nodes.Expression:
        token = self.next()
        if token is None:
            raise unexpected(None, "expression")
        kind, value, line = token.kind, token.value, token.line
        if kind == IDENTIFIER:
            if value in _CONSTANTS:
                return nodes.Constant(_CONSTANTS[str(value)], line)
            return nodes.Variable(str(value), line)
        if kind == STRING:
            text = str(value)
            while (following := self.current()) is not None and following.kind == STRING:
                text += str(following.value)
                self.next()
            return nodes.Constant(text, line)
        if kind in (INTEGER, FLOAT):
            return nodes.Constant(value, line)
        if kind == "`(`":
            return self._tuple_or_group(line)
        if kind == "`[`":
            return nodes.List(tuple(self._separated("`]`")), line)
        if kind == "`{`":
            return self._map(line)
        raise syntax_error(f"unexpected {kind}")

    def _separated(self, closing: str) -> Iterator[nodes.Expression]:
        first = True
        while not self.skip(closing):
            if not first:
                self.expect("`,`")
                if self.skip(closing):
                    return
            first = False
            yield self.expression()

    def _map(self, line: int) -> nodes.Expression:
        keys: list[nodes.Expression] = []
        values: list[nodes.Expression] = []
        for key in self._separated("`}`"):
            self.expect("`:`")
            keys.append(key)
            values.append(self.expression())
        return nodes.MapLiteral(tuple(keys), tuple(values), line)

    def _tuple_or_group(self, line: int) -> nodes.Expression:
        """Tuples are lists here."""
        if self.skip("`)`"):
            return nodes.List((), line)
        parsed = self.expression()
        if not self.at("`,`"):
            self.expect("`)`")
            return parsed
        items = [parsed]
        while not self.skip("`)`"):
            self.expect("`,`")
            if self.skip("`)`"):
                break
            items.append(self.expression())
        return nodes.List(tuple(items), line)
