"""Servers that cannot answer a good request: full, or with a model that fails, goes silent or is not well."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from ..drawing import odd_texts
from ..model import GONE, Condition
from ..settings import Settings
from .aims import Aim, Provocation
from .values import Request

__all__ = ["health", "incomplete", "model_failure", "overload"]


def overload(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A server without a permit to give."""
    payload = aim.payload(draw, aim.form(draw))
    return aim.request(payload), replace(aim.situation, settings=Settings(max_concurrent_requests=0))


def model_failure(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A model that fails after none to three tokens."""
    payload = aim.payload(draw, aim.form(draw))
    errors = st.sampled_from(("CUDA out of memory", GONE, "Unexpected <class 'ValueError'>: x\ny"))
    error = draw(errors | odd_texts(min_size=1) if aim.adversarial else errors)
    return aim.request(payload), replace(aim.situation, fails_after=draw(st.integers(0, 3)), error=error)


def incomplete(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A model that stops answering after none to three tokens, without an error."""
    payload = aim.payload(draw, aim.form(draw))
    return aim.request(payload), replace(aim.situation, fails_after=draw(st.integers(0, 3)), error=None)


def health(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A model that does not answer its check."""
    condition = draw(st.sampled_from((Condition(sick=True), Condition(gone=True))))
    return Request("GET", aim.path.removeprefix("GET ")), replace(aim.situation, condition=condition)
