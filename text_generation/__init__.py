"""Client for Text Generation Inference: a drop-in for the published `text-generation` 0.7.0.

Importing this package loads nothing else: each name below is loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import client, errors, inference_api, types
    from ._retry import Retries
    from ._timeouts import Timeouts
    from ._tracing import TraceEvent
    from .async_client import AsyncClient
    from .async_stream import AsyncStream
    from .client import Client
    from .errors import TextGenerationError
    from .inference_api import InferenceAPIAsyncClient, InferenceAPIClient
    from .meta import Meta
    from .stream import Stream

__all__ = [
    "AsyncClient",
    "AsyncStream",
    "Client",
    "InferenceAPIAsyncClient",
    "InferenceAPIClient",
    "Meta",
    "Retries",
    "Stream",
    "TextGenerationError",
    "Timeouts",
    "TraceEvent",
    "client",
    "errors",
    "inference_api",
    "types",
]

__version__ = "1.0.0"

DEPRECATION_WARNING = (
    "`text_generation` clients are deprecated and will be removed in the near future. "
    "Please use the `InferenceClient` from the `huggingface_hub` package instead."
)
"""The text that later sources of the published client carry. This client does not emit it."""

_HOME = {
    "AsyncClient": "async_client",
    "AsyncStream": "async_stream",
    "Client": "client",
    "InferenceAPIAsyncClient": "inference_api",
    "InferenceAPIClient": "inference_api",
    "Meta": "meta",
    "Retries": "_retry",
    "Stream": "stream",
    "TextGenerationError": "errors",
    "Timeouts": "_timeouts",
    "TraceEvent": "_tracing",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    home = _HOME.get(name)
    if home is not None:
        value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
        return value
    if name in ("client", "errors", "inference_api", "types"):
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME, "client", "errors", "inference_api", "types"])
