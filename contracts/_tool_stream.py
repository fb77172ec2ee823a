"""A tool call as the router streams it, against the tokens that the model produced.

The router holds tokens back until what it has, closed with braces, is a call with a name. The token that
made it one becomes the first piece: the name, and `{`. Every later token is a piece as it is, up to the one
that completes the call: that one loses its trailing white space and one closing brace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ._violation import Violation, shown

__all__ = ["first_piece", "streamed_call"]


def streamed_call(pieces: list[Mapping[str, Any]], tokens: list[str]) -> Iterator[Violation]:
    """Each way in which the pieces (name, arguments) of one stream are not made of these tokens' texts."""
    start, name = first_piece(tokens)
    if name is None:
        yield Violation("events", "model", "no call, for the model's text is none", shown(pieces))
        return
    if pieces[0]["name"] != name:
        yield Violation("events[0]", "model", f"the name {shown(name)}, as the model wrote", shown(pieces[0]))
    wanted = tokens[start + 1 :]
    for end in range(start + 1, len(tokens) + 1):
        if _parsed("".join(tokens[:end])) is not None:
            last = tokens[end - 1].rstrip()
            wanted = [*tokens[start + 1 : end - 1], last[:-1] if last.endswith("}") else last]
            break
    got = [piece["arguments"] for piece in pieces[1:]]
    # What follows a whole call is the router beginning again; it is not compared.
    if got[: len(wanted)] != wanted or (len(got) > len(wanted) and pieces[len(wanted) + 1]["name"] is None):
        yield Violation("events", "model", f"the pieces {shown(wanted)}, as the model wrote", shown(got))


def first_piece(tokens: list[str]) -> tuple[int, str | None]:
    """The place of the token that becomes the first piece, and the name it completes; None if none does."""
    text = ""
    for i, token in enumerate(tokens):
        text += token
        call = _parsed(text.rstrip(" \t\r\n,}") + "}}")
        if call is not None:
            return i, call
    return len(tokens), None


def _parsed(text: str) -> str | None:
    """The name of a call, if the text is one."""
    try:
        name = json.loads(text)["function"]["_name"]
    except (ValueError, TypeError, KeyError):
        return None
    return name if isinstance(name, str) else None
