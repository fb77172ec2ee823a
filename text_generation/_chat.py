"""The arguments of `chat` as the body of its request. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["request"]


def request(
    *,
    messages: Any,
    tools: Any = None,
    response_format: Any = None,
    output: Any = None,
    **others: Any,
) -> tuple[dict[str, Any], Callable[[Any], Any] | None]:
    """The request, and what reads a structured answer."""
    return {"messages": messages, "tools": tools, "response_format": response_format, **others}, None
