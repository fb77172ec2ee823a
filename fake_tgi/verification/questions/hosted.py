"""The hosted Inference API's own shape, behind which a TGI answers for one model of many."""

from __future__ import annotations

from typing import Any, Final

from ..question import Question
from .making import FEW, PROMPT

__all__ = ["HOSTED"]

_MODEL: Final = "/models/{hosted_model}"
_ROUTE: Final = "POST /models/{id}"


def _ask(name: str, body: dict[str, Any], says: str, path: str = _MODEL, **further: Any) -> Question:
    return Question(name, _ROUTE, says, "POST", path, json=body, suite="hosted", **further)


_PARAMETERS: Final = {"max_new_tokens": FEW, "return_full_text": False, "details": True}

HOSTED: Final[tuple[Question, ...]] = (
    Question(
        "hosted.deployed",
        "GET /framework/text-generation-inference",
        "the models that TGI serves",
        "GET",
        "/framework/text-generation-inference",
        suite="hosted",
    ),
    Question(
        "hosted.status",
        "GET /status/{id}",
        "how a model is",
        "GET",
        "/status/{hosted_model}",
        suite="hosted",
    ),
    _ask("hosted.generate", {"inputs": PROMPT, "parameters": _PARAMETERS}, "a list of one answer"),
    _ask(
        "hosted.generate_stream",
        {"inputs": PROMPT, "parameters": _PARAMETERS, "stream": True},
        "a stream, if asked for",
    ),
)
