"""What goes wrong in a template, in minijinja's words."""

from __future__ import annotations

from typing import Final

__all__ = [
    "MISSING_ARGUMENT",
    "TOO_MANY_ARGUMENTS",
    "UNDEFINED_VALUE",
    "UNKNOWN_METHOD",
    "Failure",
    "Panic",
    "invalid_operation",
    "syntax_error",
]

UNDEFINED_VALUE: Final = "undefined value"
UNKNOWN_METHOD: Final = "unknown method"
MISSING_ARGUMENT: Final = "missing argument"
TOO_MANY_ARGUMENTS: Final = "too many arguments"


class Failure(Exception):
    """A failure of one `kind`, with a `detail`; what runs the step that failed adds the `line` (from 1).

    As text it is what minijinja prints, e.g. `syntax error: no such role (in <string>:3)`.
    """

    def __init__(self, kind: str, detail: str | None = None, line: int | None = None) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail
        self.line = line

    def at(self, line: int) -> Failure:
        """This failure, which happened on `line` unless it already knows better."""
        if self.line is None:
            self.line = line
        return self

    def __str__(self) -> str:
        text = self.kind if self.detail is None else f"{self.kind}: {self.detail}"
        return text if self.line is None else f"{text} (in <string>:{self.line})"


class Panic(Failure):
    """A failure that a program in Rust does not get to see: the code under it panics."""


def invalid_operation(detail: str | None = None) -> Failure:
    """A value that cannot be used so."""
    return Failure("invalid operation", detail)


def syntax_error(detail: str, line: int | None = None) -> Failure:
    """Text that is no template."""
    return Failure("syntax error", detail, line)
