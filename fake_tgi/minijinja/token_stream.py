"""A position in a template's tokens, one token ahead.

A failure ahead is raised once it is looked at, not before: what stands before it may fail for another reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .errors import Failure, syntax_error
from .lexer import IDENTIFIER, Token

__all__ = ["TokenStream", "unexpected"]

MAX_DEPTH: Final = 150


class TokenStream:
    """Steps over tokens, of the kind that is wanted or with a `Failure`; and counts how deep a parser is."""

    def __init__(self, tokens: Iterator[Token]) -> None:
        self._tokens = tokens
        self._failure: Failure | None = None
        self._depth = 0
        self.last_line = 0
        self.token: Token | None = None
        self._fetch()

    def _fetch(self) -> None:
        try:
            self.token = next(self._tokens, None)
        except Failure as failure:
            self.token, self._failure = None, failure

    def current(self) -> Token | None:
        """The next token; None at the end of the text."""
        if self._failure is not None:
            raise self._failure
        return self.token

    def line(self) -> int:
        """Where the next token begins."""
        return self.token.line if self.token is not None else self.last_line

    def next(self) -> Token | None:
        """Step over the next token."""
        token = self.current()
        if token is not None:
            self.last_line = token.line
        self._fetch()
        return token

    def at(self, kind: str) -> bool:
        """Whether the next token is of this kind."""
        token = self.current()
        return token is not None and token.kind == kind

    def at_word(self, *words: str) -> bool:
        """Whether the next token is one of these identifiers."""
        token = self.current()
        return token is not None and token.kind == IDENTIFIER and token.value in words

    def skip(self, kind: str) -> bool:
        """Step over the next token if it is of this kind."""
        if self.at(kind):
            self.next()
            return True
        return False

    def skip_word(self, *words: str) -> bool:
        """Step over the next token if it is one of these identifiers."""
        if self.at_word(*words):
            self.next()
            return True
        return False

    def expect(self, kind: str, expected: str | None = None) -> Token:
        """The next token, which must be of this kind."""
        token = self.next()
        if token is None or token.kind != kind:
            raise unexpected(token, expected or kind)
        return token

    def expect_word(self, word: str, expected: str | None = None) -> None:
        """Step over this identifier."""
        token = self.next()
        if token is None or token.kind != IDENTIFIER or token.value != word:
            raise unexpected(token, expected or word)

    def name(self) -> tuple[str, int]:
        """The identifier that must come next, and its line."""
        token = self.expect(IDENTIFIER)
        return str(token.value), token.line

    def descend(self) -> None:
        """One level deeper."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise syntax_error("template exceeds maximum recursion limits")

    def ascend(self) -> None:
        """One level back."""
        self._depth -= 1


def unexpected(token: Token | None, expected: str) -> Failure:
    """A token, or the end, where something else was wanted."""
    found = "end of input" if token is None else token.kind
    return syntax_error(f"unexpected {found}, expected {expected}")
