"""Tools: typed Python functions that the model may call.

`tool(function)` describes a function to the model: its name, the first paragraph of its docstring, and a
schema of its parameters (types from the annotations, descriptions from the `Args:` section or from
`Annotated[..., "text"]`). `run(call, functions)` carries out what the model asked for and returns the message
that reports it.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from ._schema import inlined
from .errors import ConfigurationError, ToolError

if TYPE_CHECKING:
    from .types import Message, Tool, ToolCall

__all__ = ["run", "tool"]

_ARGUMENT = re.compile(r"^\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.+)$")


def tool(function: Callable[..., Any]) -> Tool:
    """The description of a function for the model.

    Raises ConfigurationError when a parameter has no annotation, or one that JSON Schema cannot express.
    """
    from .types import Tool

    description, notes = _documentation(function)
    schema = inlined(_model(function).model_json_schema())
    for name, parameter in schema.get("properties", {}).items():
        if name in notes and "description" not in parameter:
            parameter["description"] = notes[name]
    schema.pop("description", None)
    schema.setdefault("properties", {})
    found: dict[str, Any] = {"name": function.__name__, "parameters": schema}
    if description:
        found["description"] = description
    return Tool(type="function", function=found)


def run(call: ToolCall, functions: Iterable[Callable[..., Any]]) -> Message:
    """Call the function that a tool call names, with validated arguments; the `tool` message with its result.

    Raises ToolError when no such function was given, or its arguments do not fit. What the function itself
    raises is not caught.
    """
    from pydantic import ValidationError

    from .types import Message

    by_name = {function.__name__: function for function in functions}
    function = by_name.get(call.function.name or "")
    if function is None:
        raise ToolError(
            f"The model called {call.function.name!r}; there is {', '.join(by_name) or 'nothing'}"
        )
    try:
        arguments = _model(function).model_validate_json(call.function.arguments or "{}")
    except ValidationError as problem:
        raise ToolError(f"The arguments for {function.__name__} do not fit: {problem}") from problem
    values = {name: getattr(arguments, name) for name in type(arguments).model_fields}
    result = function(**values)
    content = result if isinstance(result, str) else json.dumps(result, ensure_ascii=False, default=str)
    return Message(role="tool", content=content, name=function.__name__, tool_call_id=str(call.id))


def _model(function: Callable[..., Any]) -> Any:
    """A pydantic model with the function's parameters as its fields."""
    from pydantic import create_model
    from pydantic.errors import PydanticUserError

    try:
        hints = get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters
    except (TypeError, NameError, ValueError) as problem:
        raise ConfigurationError(f"tools: {function!r} cannot be described: {problem}") from problem
    fields: dict[str, Any] = {}
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise ConfigurationError(f"tools: {function.__name__}: `{parameter}` cannot be given by name")
        if name not in hints:
            raise ConfigurationError(f"tools: {function.__name__}: annotate `{name}` with its type")
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (_described(hints[name]), default)
    try:
        return create_model(function.__name__, **fields)
    except (PydanticUserError, NameError) as problem:
        raise ConfigurationError(f"tools: {function.__name__}: {problem}") from problem


def _described(hint: Any) -> Any:
    """`Annotated[T, "text"]` with the text as the field's description."""
    texts = [extra for extra in getattr(hint, "__metadata__", ()) if isinstance(extra, str)]
    if not texts:
        return hint
    from typing import Annotated

    from pydantic import Field

    return Annotated[get_args(hint)[0], Field(description=texts[0])]


def _documentation(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The first paragraph of a docstring, and what its `Args:` section says about each parameter."""
    text = inspect.getdoc(function) or ""
    first = " ".join(text.partition("\n\n")[0].split())
    notes: dict[str, str] = {}
    inside, last = False, ""
    for line in text.splitlines():
        if line.strip() in ("Args:", "Arguments:", "Parameters:"):
            inside = True
        elif inside and line and not line.startswith(" "):
            inside = False
        elif inside and line.strip():
            found = _ARGUMENT.match(line)
            indent = len(line) - len(line.lstrip())
            if found and indent <= 4:
                last = found[1]
                notes[last] = found[2].strip()
            elif last:
                notes[last] += " " + line.strip()
    return first, notes
