"""Files of recorded exchanges, as they are kept: one a line, a list of them, or one alone.

A file that is one JSON value is a list of exchanges or one exchange; any other has a value in each line. The
head of a file of lines (a member `format`) is no exchange, nor is an empty line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

__all__ = ["exchanges_in"]


def exchanges_in(text: str) -> Iterator[tuple[str, Any]]:
    """Each value in a file that shall be an exchange, with its place: `:3` for a line, `[2]` in a list.

    Raises ValueError, with the line, for what is no JSON.
    """
    text = text.removeprefix("\ufeff")
    try:
        whole = json.loads(text)
    except ValueError as error:
        if text.lstrip().startswith("[") or "\n" not in text.strip():
            raise ValueError(f"is no JSON: {error}") from error
        yield from _lines(text)
        return
    if isinstance(whole, list):
        yield from ((f"[{index}]", value) for index, value in enumerate(whole) if not _is_head(value))
    elif not _is_head(whole):
        yield "", whole


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError as error:
                raise ValueError(
                    f"line {number} is no JSON: {error.args[0]}; an exchange must be in one line, "
                    "or the whole file a JSON list of exchanges, or one exchange"
                ) from error
            if not _is_head(value):
                yield f":{number}", value


def _is_head(value: Any) -> bool:
    return isinstance(value, dict) and "format" in value and "request" not in value
