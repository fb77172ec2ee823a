"""The hosted Inference API's shape for the served model: what `InferenceAPIClient` asks.

The router has none of these routes; they stand here so that one server does for both clients. Unknown
models get what the hosted API said of them: 404 with `Model … does not exist`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..call import Call
from ..frames import Frame
from ..headers import JSON
from ..render.values import value
from ..state import State
from .generate import compat
from .reading import plain

__all__ = ["PREFIXES", "deployed", "model", "status"]

FRAMEWORK = "text-generation-inference"
_SHA = "0" * 40  # the hosted API names a commit; a fake model has none


def deployed(state: State, call: Call) -> Iterator[Frame]:
    """`GET /framework/text-generation-inference`: the models that are served."""
    return plain(
        200, JSON, value([{"model_id": state.settings.model_id, "sha": _SHA, "task": "text-generation"}])
    )


def status(state: State, call: Call) -> Iterator[Frame]:
    """`GET /status/{id}`: whether that model is served, and by what."""
    if not _served(state, call, "/status/"):
        return _unknown(call, "/status/")
    return plain(
        200, JSON, value({"loaded": True, "state": "Loaded", "compute_type": "gpu", "framework": FRAMEWORK})
    )


def model(state: State, call: Call) -> Iterator[Frame]:
    """`POST /models/{id}`: the compatibility route of that model."""
    if not _served(state, call, "/models/"):
        return _unknown(call, "/models/")
    return compat(state, call)


PREFIXES = ("/models/", "/status/")


def _served(state: State, call: Call, prefix: str) -> bool:
    return call.path == prefix + state.settings.model_id


def _unknown(call: Call, prefix: str) -> Iterator[Frame]:
    return plain(404, JSON, value({"error": f"Model {call.path.removeprefix(prefix)} does not exist"}))
