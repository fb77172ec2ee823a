"""Each thing that can go wrong, and what each route says of it; and what the client makes of it."""

from __future__ import annotations

import inspect
import json
from typing import Any, Final

import text_generation.errors
from tgi_contracts import ErrorRow, error_causes, error_rows

from .markdown import code, heading, marked, sentence, table

__all__ = ["client_errors", "page"]

_INTRODUCTION: Final = """\
# Errors

What a server says when something goes wrong, by cause and route: the table `contracts/errors.json`, which
the fake and every recording are held to. A name in braces stands for a number that depends on the tokenizer.
Stubs answer with any of them: `Error("overload")`, or `{error: overload}` in a file. What the client raises
stands [below](#client).

"""


def page() -> str:
    """The whole page."""
    rows = error_rows()
    sections = (
        _section(cause, words, [row for row in rows if row.cause == cause])
        for cause, words in error_causes().items()
    )
    return _INTRODUCTION + "\n".join([*sections, _client()])


def client_errors() -> list[type[BaseException]]:
    """The classes that the client raises, in the order of their tree."""
    found = [getattr(text_generation.errors, name) for name in text_generation.errors.__all__]
    classes = [found_ for found_ in found if isinstance(found_, type) and issubclass(found_, Exception)]
    return sorted(classes, key=lambda of: [base.__name__ for base in reversed(of.__mro__)])


def _client() -> str:
    tree = inspect.getdoc(text_generation.errors) or ""
    lines = [*heading(2, "What the client raises", "client"), tree.replace("\n    ", "\n        "), ""]
    for kind in client_errors():
        bases = ", ".join(code(base.__name__) for base in kind.__bases__)
        lines += [*heading(3, code(kind.__name__), kind.__name__), f"*A kind of {bases}.*", ""]
        lines += [inspect.getdoc(kind) or "", ""]
    return "\n".join(lines)


def _section(cause: str, words: str, rows: list[ErrorRow]) -> str:
    lines = [*heading(2, code(cause), cause), sentence(words), ""]
    groups: dict[tuple[str, str, str], list[ErrorRow]] = {}
    for row in rows:
        groups.setdefault((row.when, _status(row), _said(row.answer)), []).append(row)
    cells = [
        (
            marked(when),
            ", ".join(dict.fromkeys(code(f"{row.method} {row.path}") for row in same)),
            status,
            said,
        )
        for (when, status, said), same in groups.items()
    ]
    return "\n".join([*lines, *table(("when", "routes", "status", "answer"), cells), ""])


def _status(row: ErrorRow) -> str:
    return f"{row.answer['status']}, a stream" if "event" in row.answer else str(row.answer["status"])


def _said(answer: Any) -> str:
    if "event" not in answer:
        body = answer["body"]
        return "no body" if body == "" else code(body if isinstance(body, str) else json.dumps(body))
    tokens = answer["tokens_before"]
    parts = [f"{tokens} tokens" if tokens else "", "nothing" if answer["event"] is None else ""]
    if answer["event"] is not None:
        parts.append(code(json.dumps(answer["event"])))
    parts.append("`[DONE]`" if answer["done"] else "")
    return ", then ".join(filter(None, parts))
