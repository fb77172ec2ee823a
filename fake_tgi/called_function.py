"""The function call that a model's text spells out, read as serde_json reads TGI's types for it.

`{"function": {"_name": NAME, …arguments}}`: unknown keys beside `function` are skipped, all others inside it
are arguments. The outer object may be an array of one, the inner one may not (router/src/chat.rs, Call and
its flattened ToolCall). Errors carry serde's words and place, which the router shows to its caller.
"""

from __future__ import annotations

from dataclasses import dataclass

from .requests import JsonValue
from .serde.reader import TRAILING_CHARACTERS, DecodeError, JsonReader
from .serde.shapes import AnyJson, Text
from .serde.structs import Field, Struct
from .serde.text import JsonSource

__all__ = ["CallError", "FunctionCall", "read_call"]


class CallError(ValueError):
    """The text is no call; the message is serde's, with its place."""


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function's name and its arguments, in the order in which the model gave them."""

    name: str
    arguments: dict[str, JsonValue]


def read_call(text: str) -> FunctionCall:
    """The call that `text` is, the whole of it but for white space. Raises `CallError`."""
    reader = JsonReader(text.encode(errors="replace"))
    try:
        call = _CALL.decode(JsonSource(reader))
        if reader.peek() >= 0:
            raise reader.ahead(TRAILING_CHARACTERS)
    except DecodeError as error:
        line, column = reader.line_and_column(reader.pos if error.offset is None else error.offset)
        raise CallError(f"{error.message} at line {line} column {column}") from None
    return call


def _function_call(_name: str, arguments: dict[str, JsonValue]) -> FunctionCall:
    return FunctionCall(_name, arguments)


def _call(function: FunctionCall) -> FunctionCall:
    return function


_CALL = Struct(
    "struct Call",
    _call,
    (
        Field(
            "function",
            Struct(
                "struct ToolCall",
                _function_call,
                (Field("_name", Text()),),
                flattened=Field("arguments", AnyJson()),
            ),
        ),
    ),
)
