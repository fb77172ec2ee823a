"""A tool call as the router streams it, against the tokens that the model produced.

The router holds tokens back until what it has, closed with braces, is a call with a name. The token that
made it one becomes the first piece: the name, and `{`. Every later token is a piece as it is, up to the one
that completes the call: that one loses its trailing white space and one closing brace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ._calls import call_in
from ._violation import Violation, shown

__all__ = ["could_be_a_call", "first_piece", "streamed_call"]


def could_be_a_call(name: str, rest: str) -> bool:
    """Whether some tokens make a call of this function whose pieces after the first are `rest` together.

    What was before is not known: the first piece stands for a token that may have begun or ended a member,
    or the call itself. Nor is `rest` with its brace always JSON: it may begin with the comma that divides
    the function's name from its arguments.
    """
    before = f'{{"function":{{"_name":{json.dumps(name)}'
    # A name alone; with the comma after it; with a number that goes on; closed; closed with all of the call.
    begun = ("", ",", ',"n":1', "}")
    return not rest.strip() or any(call_in(f"{before}{each}{rest}}}") for each in begun)


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
        if call_in("".join(tokens[:end])) is not None:
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
        # The router trims what Unicode calls white space; Python's own list of it has four more.
        call = call_in(_trimmed(text) + "}}")
        if call is not None:
            return i, call.name
    return len(tokens), None


def _trimmed(text: str) -> str:
    while text and (text[-1] in ",}" or (text[-1].isspace() and text[-1] not in "\x1c\x1d\x1e\x1f")):
        text = text[:-1]
    return text
