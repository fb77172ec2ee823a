"""Template text becomes tokens, as minijinja 2.8 cuts it with its default delimiters.

Unlike Jinja2 it never joins line ends, strips only what a `-` asks for and one newline at the very end, and
knows identifiers of ASCII letters alone. White space inside tags is ASCII white space; what a `-` strips is
Unicode's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ..whitespace import WHITESPACE
from .errors import Failure, syntax_error

__all__ = [
    "BLOCK_END",
    "BLOCK_START",
    "DATA",
    "FLOAT",
    "IDENTIFIER",
    "INTEGER",
    "STRING",
    "VARIABLE_END",
    "VARIABLE_START",
    "Token",
    "tokenize",
]

_START = re.compile(r"\{[{%#]")
_ASCII_SPACE = re.compile(r"[ \t\n\f\r]*")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RAW = re.compile(r"[ \t\n\f\r]*raw[ \t\n\f\r]*([-+]?)%\}")
_ENDRAW = re.compile(r"\{%([-+]?)[ \t\n\f\r]*endraw[ \t\n\f\r]*([-+]?)%\}")
_STRINGS = {
    '"': re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL),
    "'": re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL),
}
_RADIX: Final = {"0b": 2, "0o": 8, "0x": 16}
_DIGITS: Final = {2: re.compile(r"[0-9_]*"), 8: re.compile(r"[0-9_]*"), 16: re.compile(r"[0-9a-fA-F_]*")}
_DECIMAL = re.compile(r"[0-9][0-9_]*(\.[0-9_]*)?([eE]_*[-+]?[0-9_]*)?")
_OPERATORS = re.compile(r"//|\*\*|==|!=|>=|<=|[-+*/%.,:~|=><()\[\]{}]")
_DEPTH: Final = {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}
_ESCAPES: Final = {
    '"': '"',
    "\\": "\\",
    "/": "/",
    "'": "'",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
}
_U128_MAX: Final = 2**128 - 1


@dataclass(frozen=True, slots=True)
class Token:
    """One token: `kind` is how messages call it; `value` holds an identifier, a literal or template text."""

    kind: str
    value: str | int | float
    line: int


DATA: Final = "template-data"
VARIABLE_START: Final = "start of variable block"
VARIABLE_END: Final = "end of variable block"
BLOCK_START: Final = "start of block"
BLOCK_END: Final = "end of block"
IDENTIFIER: Final = "identifier"
STRING: Final = "string"
INTEGER: Final = "integer"
FLOAT: Final = "float"


class _Lexer:
    def __init__(self, source: str) -> None:
        if source.endswith("\n"):
            source = source[:-1]
        if source.endswith("\r"):
            source = source[:-1]
        self.source = source
        self.pos = 0
        self.line = 1
        self.trim_next = False
        self.depth = 0

    def advance(self, pos: int) -> None:
        self.line += self.source.count("\n", self.pos, pos)
        self.pos = pos

    def error(self, detail: str) -> Failure:
        return syntax_error(detail, self.line)

    def template(self) -> Iterator[Token]:
        """The tokens of text outside of tags, and of the tags in it."""
        source = self.source
        while self.pos < len(source):
            if self.trim_next:
                self.trim_next = False
                rest = source[self.pos :]
                self.advance(len(source) - len(rest.lstrip(WHITESPACE)))
            start = _START.search(source, self.pos)
            end = start.start() if start else len(source)
            sign = source[end + 2 : end + 3] if start else ""
            text = source[self.pos : end]
            if sign == "-":
                text = text.rstrip(WHITESPACE)
            line = self.line
            self.advance(end)
            if text:
                yield Token(DATA, text, line)
            if start is None:
                return
            skip = 3 if sign in ("-", "+") and sign else 2
            match start.group():
                case "{#":
                    self.comment(skip)
                case "{{":
                    line = self.line
                    self.advance(end + skip)
                    yield Token(VARIABLE_START, "", line)
                    yield from self.tag("}}", VARIABLE_END)
                case _:
                    raw = _RAW.match(source, end + skip)
                    if raw:
                        self.advance(raw.end())
                        yield from self.raw(raw.group(1))
                    else:
                        line = self.line
                        self.advance(end + skip)
                        yield Token(BLOCK_START, "", line)
                        yield from self.tag("%}", BLOCK_END)

    def comment(self, skip: int) -> None:
        end = self.source.find("#}", self.pos + skip)
        if end < 0:
            self.advance(len(self.source))
            raise self.error("unexpected end of comment")
        self.trim_next = self.source[max(end - 1, self.pos + skip)] == "-"
        self.advance(end + 2)

    def raw(self, sign: str) -> Iterator[Token]:
        end = _ENDRAW.search(self.source, self.pos)
        if end is None:
            self.advance(len(self.source))
            raise self.error("unexpected end of raw block")
        text = self.source[self.pos : end.start()]
        if sign == "-":
            text = text.lstrip(WHITESPACE)
        if end.group(1) == "-":
            text = text.rstrip(WHITESPACE)
        line = self.line
        self.advance(end.end())
        self.trim_next = end.group(2) == "-"
        yield Token(DATA, text, line)

    def tag(self, closing: str, end_kind: str) -> Iterator[Token]:
        """The tokens of one tag, its end included. A brace or bracket that is open hides the end."""
        source = self.source
        while True:
            self.advance(_ASCII_SPACE.match(source, self.pos).end())  # type: ignore[union-attr]
            if self.pos == len(source):
                return
            line, pos = self.line, self.pos
            if self.depth == 0:
                sign = source[pos] if source[pos] in "-+" else ""
                if source.startswith(closing, pos + len(sign)):
                    self.advance(pos + len(sign) + 2)
                    self.trim_next = sign == "-"
                    yield Token(end_kind, "", line)
                    return
            yield self.token(line)

    def token(self, line: int) -> Token:
        source, pos = self.source, self.pos
        operator = _OPERATORS.match(source, pos)
        if operator:
            self.advance(operator.end())
            self.depth += _DEPTH.get(operator.group(), 0)
            return Token(f"`{operator.group()}`", "", line)
        char = source[pos]
        if char in _STRINGS:
            string = _STRINGS[char].match(source, pos)
            if string is None:
                self.advance(len(source))
                raise self.error("unexpected end of string")
            self.advance(string.end())
            return Token(STRING, _unescape(string.group(1)), line)
        if "0" <= char <= "9":
            return self.number(line)
        name = _IDENTIFIER.match(source, pos)
        if name is None:
            raise self.error("unexpected character")
        self.advance(name.end())
        return Token(IDENTIFIER, name.group(), line)

    def number(self, line: int) -> Token:
        source, pos = self.source, self.pos
        radix = _RADIX.get(source[pos : pos + 2].lower(), 10)
        if radix == 10:
            match = _DECIMAL.match(source, pos)
            fraction = match is not None and (match.group(1) is not None or match.group(2) is not None)
        else:
            match = _DIGITS[radix].match(source, pos + 2)
            fraction = False
        assert match is not None
        self.advance(match.end())
        text = match.group()
        if text.endswith("_"):
            raise self.error("'_' may not occur at end of number")
        text = text.replace("_", "")
        try:
            if fraction:
                return Token(FLOAT, float(text), line)
            value = int(text, radix)
        except ValueError:
            raise self.error("invalid float" if fraction else "invalid integer (too large)") from None
        if value > _U128_MAX:
            raise self.error("invalid integer (too large)")
        return Token(INTEGER, value, line)


def _unescape(text: str) -> str:
    """JSON's escapes, and `\\'`. A pair of surrogates is one character; half of one is an error."""
    if "\\" not in text:
        return text
    out: list[str] = []
    high = ""
    pos, size = 0, len(text)
    while pos < size:
        char = text[pos]
        pos += 1
        if char == "\\":
            escape = text[pos]
            pos += 1
            if escape == "u":
                digits = text[pos : pos + 4]
                pos += 4
                if re.fullmatch(r"\+?[0-9a-fA-F]+", digits) is None or len(digits) < 4:
                    raise Failure("bad string escape")
                unit = chr(int(digits, 16))
                if "\ud800" <= unit <= "\udfff":
                    if not high:
                        high = unit
                        continue
                    if not (high <= "\udbff" and unit >= "\udc00"):
                        raise Failure("bad string escape")
                    out.append((high + unit).encode("utf-16-le", "surrogatepass").decode("utf-16-le"))
                    high = ""
                    continue
                char = unit
            elif escape in _ESCAPES:
                char = _ESCAPES[escape]
            else:
                raise Failure("bad string escape")
        if high:
            raise Failure("bad string escape")
        out.append(char)
    if high:
        raise Failure("bad string escape")
    return "".join(out)


def tokenize(source: str) -> Iterator[Token]:
    """The tokens of `source`, one at a time. Raises `Failure` where it reaches something that is none."""
    return _Lexer(source).template()
