"""The arguments of `generate` that are more than a parameter: adapters, structured answers. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ._base import CallOptions
from .errors import ConfigurationError

__all__ = ["request"]


def request(
    parameters: dict[str, Any], adapter_id: str | None, output: Any, options: CallOptions
) -> tuple[dict[str, Any], Callable[[Any], Any] | None, CallOptions]:
    """Parameters, what reads the answer, and options whose `extra` has what the published body lacks."""
    parse = None
    if output is not None:
        from ._structured import plan

        if parameters.get("grammar") is not None:
            raise ConfigurationError("output: a grammar was given, too; pass one of them")
        if parameters.get("return_full_text"):
            raise ConfigurationError("output: return_full_text would put the prompt before the answer")
        wanted = plan(output)
        parameters["grammar"] = wanted.grammar
        parse = wanted.read
    if adapter_id is not None:
        extra: Mapping[str, Any] = options.get("extra") or {}
        inner = {"adapter_id": adapter_id, **extra.get("parameters", {})}
        options = {**options, "extra": {**extra, "parameters": inner}}
    return parameters, parse, options
