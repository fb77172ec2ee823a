"""Hypothesis strategies for tests of whatever talks to a TGI server, stands in front of one, or is one.

    from hypothesis import given
    from fake_tgi.strategies import segmentations, streams

    @given(streams("/v1/chat/completions"), segmentations(adversarial=True))
    def test_my_reader(stream, cuts):
        assert read(stream.to_bytes(cuts)) == stream.generated_text

What they draw:

- `requests`, `parameters`: what a client sends, and what of it the router accepts;
- `generations`: what a model produces;
- `responses`, `chat_completions`, `streams`: answers, each with its request and the model's calls behind it;
- `errors`: answers that are errors, by cause;
- `segmentations`, `fault_plans`: how a network cuts bytes, and what goes wrong.

Each has a plain world, where TGI's invariants hold and values are those of every day, and with
`adversarial=True` one where the same invariants hold and nothing else does: empty and huge texts, split
characters, special tokens anywhere, numbers at their limits, unusual spellings. Answers are made by the fake
itself, so their bytes are what it sends. Everything depends on the draw alone: no clock, no environment, no
random numbers of its own; so examples replay and shrink.

Hypothesis is imported here and in `fake_tgi.drawing`, nowhere else.
"""

from __future__ import annotations

try:
    from ..drawing import generations
    from .answering import chat_completions, responses, streams
    from .asking import requests
    from .parameters import parameters
    from .plans import fault_plans
    from .refusing import Failure, errors
    from .segmentations import segmentations
    from .values import ModelCall, Request, Response, Stream
except ModuleNotFoundError as error:
    from ..extra import missing

    raise ModuleNotFoundError(missing(error) or str(error), name=error.name) from None

__all__ = [
    "Failure",
    "ModelCall",
    "Request",
    "Response",
    "Stream",
    "chat_completions",
    "errors",
    "fault_plans",
    "generations",
    "parameters",
    "requests",
    "responses",
    "segmentations",
    "streams",
]
