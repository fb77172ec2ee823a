"""Tool calls as the chat route writes them: whole, or one delta for each token.

Keys and their order: router.md 7.4, 7.5 (router/src/lib.rs, ToolCallMessage, DeltaToolCall). `arguments`
is always a string that holds JSON, never JSON itself.
"""

from __future__ import annotations

from ..requests import JsonValue
from .values import string, value

__all__ = ["tool_call_message", "tool_delta_frame"]


def tool_call_message(name: str, arguments: dict[str, JsonValue]) -> bytes:
    """The assistant's message that makes one call. Its id is always "0" and it has no `content`."""
    return (
        b'{"role":"assistant","tool_calls":[{"id":"0","type":"function","function":'
        b'{"description":null,"name":%b,"arguments":%b}}]}'
        % (string(name), string(value(arguments).decode()))
    )


def tool_delta_frame(call_id: str) -> tuple[bytes, bytes, bytes]:
    """What stands before a delta's name, between it and the arguments, and after both, in every chunk."""
    head = b'{"role":"assistant","tool_calls":[{"index":0,"id":%b,"type":"function","function":{"name":'
    return head % string(call_id), b',"arguments":', b"}}]}"
