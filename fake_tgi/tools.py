"""Tool calls by grammar, TGI's way: what the model is asked for, and what its text is taken for.

With tools the answer must be `{"function": {"_name": NAME, …arguments}}`. A choice of "auto" adds the
pseudo-tool `no_tool`: a model that picks it is asked again without tools. Whole texts are parsed once;
in a stream every token's text is tried in turn. Router specification 7.3 and 7.4
(router/src/infer/tool_grammar.rs, router/src/chat.rs).
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .called_function import CallError, FunctionCall, read_call
from .refusals import refusal
from .requests import FunctionDefinition, FunctionName, JsonValue, Message, Tool, ToolBody, ToolChoice
from .rust_text import debug_string
from .whitespace import WHITESPACE

__all__ = [
    "DEFAULT_TOOL_PROMPT",
    "NO_TOOL",
    "FunctionCall",
    "Step",
    "ToolDelta",
    "ToolStream",
    "next_tool_call_id",
    "parse_output",
    "tool_grammar",
    "tools_to_use",
]

NO_TOOL_NAME: Final = "no_tool"

_NO_TOOL: Final = Tool(
    "function",
    FunctionDefinition(
        name=NO_TOOL_NAME,
        arguments={"type": "object"},
        description="Open ended response with no specific tool selected",
    ),
)

# The router's wording is part of the prompt that a model gets, and so of the contract (L:1071-1073).
DEFAULT_TOOL_PROMPT: Final = (
    "\nGiven the functions available, please respond with a JSON for a function call with its proper "
    "arguments that best answers the given prompt. Respond in the format {name: function name, parameters: "
    "dictionary of argument name and its value}.Do not use variables.\n"
)

# str.parse::<usize>
_USIZE = re.compile(r"\+?[0-9]+")
_USIZE_MAX: Final = 2**64 - 1


def tools_to_use(tools: tuple[Tool, ...], choice: ToolChoice) -> tuple[Tool, ...]:
    """The tools that the model may pick from; none of them means a plain chat.

    Raises `Refusal` (tool) for a function by a name that no tool has.
    """
    if isinstance(choice, FunctionName):
        for tool in tools:
            if tool.function.name == choice.name:
                return (tool,)
        raise refusal("tool", f"Tool with name {choice.name} not found")
    if choice == "required":
        return tools
    return () if choice == "none" else (*tools, _NO_TOOL)


def tool_grammar(tools: Iterable[Tool]) -> dict[str, JsonValue]:
    """The JSON Schema of a call to any of `tools`. Of two tools with one name the last one counts."""
    functions: dict[str, JsonValue] = {}
    references: list[JsonValue] = []
    for tool in tools:
        functions[tool.function.name] = _function_schema(tool.function)
        references.append({"$ref": f"#/$functions/{tool.function.name}"})
    return {"$functions": functions, "properties": {"function": {"anyOf": references}}}


def _function_schema(function: FunctionDefinition) -> dict[str, JsonValue]:
    properties: dict[str, JsonValue] = {"_name": {"type": "string", "const": function.name}}
    required: list[JsonValue] = ["_name"]
    schema: dict[str, JsonValue] = {"description": function.description or ""}
    given = function.arguments
    if isinstance(given, dict):
        if isinstance(more := given.get("properties"), dict):
            properties.update(more)
        if isinstance(names := given.get("required"), list):
            required.extend(names)
        # Only the string "true" counts: the router asks for the boolean as text.
        schema["additionalProperties"] = given.get("additionalProperties") == "true"
    return {**schema, "properties": properties, "required": required}


def next_tool_call_id(messages: Iterable[Message], fallback: Callable[[], str] | None = None) -> str:
    """The id of the next streamed call: one more than the greatest id in `messages`, "0" if they have none.

    An id that is not an unsigned 64-bit number makes it whatever `fallback` gives, a random UUID by default.
    """
    highest = 0
    for message in messages:
        if not isinstance(message.body, ToolBody):
            continue
        for call in message.body.tool_calls:
            if _USIZE.fullmatch(call.id) is None or len(digits := call.id.lstrip("+0")) > 20:
                return (fallback or _uuid)()
            number = int(digits or "0")
            if number > _USIZE_MAX:
                return (fallback or _uuid)()
            highest = max(highest, (number + 1) & _USIZE_MAX)
    return str(highest)


def _uuid() -> str:
    return str(uuid.uuid4())


def parse_output(text: str) -> FunctionCall | None:
    """The call that a whole answer makes, or None for `no_tool`. Raises `Refusal` (tool) if it is no call."""
    try:
        call = read_call(text)
    except CallError as error:
        raise refusal("tool", f"Failed to parse generated text: {error} {debug_string(text)}") from None
    return None if call.name == NO_TOOL_NAME else call


@dataclass(frozen=True, slots=True)
class ToolDelta:
    """A piece of a streamed call: its function's name at the start, and some text of its arguments."""

    arguments: str
    name: str | None = None


class _Verdict(Enum):
    SILENT = "nothing to show yet"
    NO_TOOL = "the model picked no tool"


NO_TOOL: Final = _Verdict.NO_TOOL

Step = ToolDelta | _Verdict
"""What one token of a streamed answer shows: a delta, nothing yet, or (`NO_TOOL`) that no tool was picked."""


class ToolStream:
    """The state of a streamed answer in tool mode, one `push` for each token's text, special tokens included.

    Until a name can be read (*buffering*) nothing shows. Then every token is a piece of the arguments, until
    the whole text is a call: from there it buffers again, so white space behind it starts the call anew.
    """

    __slots__ = ("_calling", "_text")

    def __init__(self) -> None:
        self._text = ""
        self._calling = False

    def push(self, text: str) -> Step:
        """What the token with this `text` shows."""
        self._text += text
        if not self._calling:
            return self._buffering()
        if _called(self._text) is None:
            return ToolDelta(text)
        self._calling = False
        rest = text.rstrip(WHITESPACE)
        return ToolDelta(rest[:-1] if rest.endswith("}") else rest)

    def _buffering(self) -> Step:
        call = _called(self._text.rstrip(WHITESPACE + ",}") + "}}")
        if call is None:
            return _Verdict.SILENT
        if call.name == NO_TOOL_NAME:
            return NO_TOOL
        self._calling = True
        return ToolDelta("{", call.name)


def _called(text: str) -> FunctionCall | None:
    """The call that `text` is, if it is one.

    The first test only saves time: whatever Python's parser refuses as JSON is refused by the exact one.
    """
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return None
    except (ValueError, RecursionError):  # too many digits, too deep: for Python
        pass
    try:
        return read_call(text)
    except CallError:
        return None
