"""Tools that a model may call, and its calls, which have one shape whichever a server version sends."""

from __future__ import annotations

import json
from typing import Any

from pydantic import (
    BaseModel,
    model_validator,
)

__all__ = ["FunctionCall", "Tool", "ToolCall", "arguments_text", "calls_in_one_shape"]


class _Subscriptable(BaseModel):
    """Readable as the dict it once was: published code reads tool calls with `call["function"]`."""

    def __getitem__(self, key: str) -> Any:
        if key in type(self).model_fields:
            return getattr(self, key)
        raise KeyError(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As `dict.get`."""
        return getattr(self, key) if key in type(self).model_fields else default

    def keys(self) -> list[str]:
        """As `dict.keys`."""
        return list(type(self).model_fields)


def arguments_text(value: Any) -> Any:
    """Arguments as the JSON text that OpenAI and TGI 3.3 send; older servers sent the object itself."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class FunctionCall(_Subscriptable):
    """The function a tool call names. `arguments` is JSON text, whichever form the server sent."""

    name: str | None = None
    arguments: str = "{}"
    description: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_shape(cls, data: Any) -> Any:
        if isinstance(data, dict):
            data = dict(data)
            given = data.get("arguments", data.pop("parameters", None))
            data["arguments"] = "{}" if given is None else arguments_text(given)
        return data

    @property
    def parsed(self) -> Any:
        """The arguments as an object. Raises `json.JSONDecodeError` when the model was cut off."""
        return json.loads(self.arguments or "{}")


class ToolCall(_Subscriptable):
    """One call of a tool, as the model asks for it. TGI's `id` is text; older servers sent a number."""

    id: int | str = "0"
    type: str = "function"
    function: FunctionCall


def calls_in_one_shape(value: Any) -> Any:
    """A list of tool calls out of a list, or out of the single object that TGI 2.0 sent."""
    if isinstance(value, dict):
        value = [value]
    if isinstance(value, list) and all(isinstance(c, ToolCall) or _has_function(c) for c in value):
        return [c if isinstance(c, ToolCall) else ToolCall.model_validate(c) for c in value]
    return value


def _has_function(call: Any) -> bool:
    return isinstance(call, dict) and isinstance(call.get("function"), dict)


class Tool(BaseModel):
    """A function the model may call; `function` has `name`, `description` and `parameters` (JSON Schema)."""

    type: str
    function: dict[str, Any]
