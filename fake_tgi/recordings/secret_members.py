r"""Where the values of secret members stand in a text that has JSON in it, at any depth of quoting.

JSON inside a string of JSON (a tool's arguments) has its quotes escaped, once or more often. At a depth where
a quote that ends a string has `n` backslashes in front, one that belongs to the string has `n` and an odd
multiple of `n + 1`, whole pairs of escaped backslashes make no difference, and any other number is a quote
further out. A text may be cut: a value that does not end goes on to the end of its line, or of the quotes
around it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from ..secret_names import MEMBER

__all__ = ["secret_members"]

_NAMED: Final = re.compile(
    rb"(?<!\\)(?P<escape>\\*)\"" + MEMBER.encode() + rb"(?P=escape)\"(?:\s|\\+[nrt])*:(?:\s|\\+[nrt])*"
    rb"(?:(?P<text>(?P=escape)\")|(?P<number>-?[0-9][0-9.eE+-]*)|(?P<inside>[\[{]))",
    re.IGNORECASE,
)
_END: Final = re.compile(rb"(?<!\\)(\\*)\"|\n")
_PART: Final = re.compile(rb"(?P<opening>[\[{])|(?P<closing>[\]}])|(?<!\\)(?P<escape>\\*)\"")

# A tool's or a grammar's parameter may well be called `password`: what says of which form it is is no secret.
_OF_A_SCHEMA: Final = frozenset(
    (
        "$ref", "additionalProperties", "allOf", "anyOf", "default", "description", "enum", "examples",
        "exclusiveMaximum", "exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maximum",
        "minItems", "minLength", "minimum", "nullable", "oneOf", "pattern", "properties", "required",
        "title", "type", "uniqueItems",
    )
)  # fmt: skip


def secret_members(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Begin and end of each, and the quotes that whatever takes its place needs around it.

    `null`, `true` and `false`, empty values and JSON Schemas are no secrets.
    """
    at = 0
    while found := _NAMED.search(text, at):
        escape = found["escape"]
        at = found.end()
        if found["text"]:
            begin, at = at, _end_of_text(text, at, len(escape))[0]
            yield begin, at, b""
        elif found["number"]:
            yield *found.span("number"), escape + b'"'
        else:
            begin = found.start("inside")
            end = _end_of_list(text, begin, len(escape))
            if not _plain(text[begin:end], len(escape)):
                yield begin, end, escape + b'"'
                at = end


def _end_of_text(text: bytes, begin: int, escapes: int) -> tuple[int, bool]:
    """Where a string ends, before its closing quote; and whether it has one."""
    for found in _END.finditer(text, begin):
        if found[1] is None:
            return found.start(), False
        times, rest = divmod(len(found[1]) - escapes, escapes + 1)
        if rest:
            return found.start(), False
        if times % 2 == 0:
            return found.end() - 1 - escapes, True
    return len(text), False


def _end_of_list(text: bytes, begin: int, escapes: int) -> int:
    """Where the list or object ends that begins here."""
    depth, at = 0, begin
    while found := _PART.search(text, at):
        at = found.end()
        if found["opening"]:
            depth += 1
        elif found["closing"]:
            depth -= 1
            if not depth:
                return at
        elif len(found["escape"]) != escapes:
            return found.start()
        else:
            at, closed = _end_of_text(text, at, escapes)
            if not closed:
                return at
            at += escapes + 1
    return len(text)


def _plain(value: bytes, escapes: int) -> bool:
    """Whether a list or object is empty, or a schema."""
    try:
        text = value.decode()
        while escapes:
            text = json.loads(f'"{text}"')
            escapes //= 2
        found: Any = json.loads(text)
    except (ValueError, RecursionError, TypeError):
        return False
    return not found or (isinstance(found, dict) and _OF_A_SCHEMA.issuperset(found))
