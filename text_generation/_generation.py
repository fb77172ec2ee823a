"""The arguments of `generate` that are more than a parameter: adapters, structured answers. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._base import CallOptions

__all__ = ["request"]


def request(
    parameters: dict[str, Any], adapter_id: str | None, output: Any, options: CallOptions
) -> tuple[dict[str, Any], Callable[[Any], Any] | None, CallOptions]:
    """Parameters, what reads the answer, and options whose `extra` has what the published body lacks."""
    if adapter_id is not None:
        extra: Mapping[str, Any] = options.get("extra") or {}
        inner = {"adapter_id": adapter_id, **extra.get("parameters", {})}
        options = {**options, "extra": {**extra, "parameters": inner}}
    return parameters, None, options
