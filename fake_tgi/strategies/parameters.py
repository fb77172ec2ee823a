"""`parameters` of the generate routes that a router with the given limits accepts.

Every member may be left out, and be null where the router takes null. Members that exclude or need one
another are made to agree by leaving out the later one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from ..requests import JsonValue
from ..settings import Settings
from .members import (
    U32,
    frequency_penalties,
    grammars,
    integers,
    optional,
    penalties,
    seeds,
    shares,
    some_text,
    stops,
    temperatures,
)

__all__ = ["parameters"]

_SAMPLES = ("temperature", "top_k", "top_p", "typical_p")


def parameters(
    *, stream: bool = False, adversarial: bool = False, settings: Settings | None = None
) -> st.SearchStrategy[dict[str, JsonValue]]:
    """The `parameters` object of a generate request, as JSON, that passes the router's validation.

    With `stream` it also passes the rules for streams: no best_of but 1, no decoder_input_details. With
    `adversarial` the numbers are at the edges of what passes and the texts odd. `settings` hold the
    server's limits; None: the router's defaults. Prompts of a few tokens are assumed. Shrinks to `{}`.
    """
    return _parameters(stream, adversarial, settings or Settings())


@lru_cache(maxsize=64)
def _parameters(stream: bool, odd: bool, settings: Settings) -> st.SearchStrategy[dict[str, JsonValue]]:
    room = settings.max_total_tokens - settings.max_input_tokens
    new_tokens = integers(1, min(24, max(room, 1)))
    if odd and settings.max_total_tokens >= 2048:
        new_tokens = integers(1, 24, edges=(1, 1024, 1025, 4096, U32))
    best_of = st.just(1) if stream else st.sampled_from(range(1 - odd, max(settings.max_best_of, 1) + 1))
    members = {
        "best_of": optional(best_of),
        "temperature": optional(temperatures(zero=False, odd=odd)),
        "repetition_penalty": optional(penalties(odd=odd)),
        "frequency_penalty": optional(frequency_penalties(odd=odd)),
        "top_k": optional(integers(1, 2**31 - 1, edges=(1, 2**31 - 1)) if odd else integers(1, 100)),
        "top_p": optional(shares(odd=odd)),
        "typical_p": optional(shares(odd=odd)),
        "do_sample": st.booleans(),
        "max_new_tokens": optional(new_tokens),
        "return_full_text": optional(st.booleans()),
        "stop": stops(settings.max_stop_sequences, odd=odd),
        "truncate": optional(integers(1, settings.max_input_tokens)),
        "watermark": st.booleans(),
        "details": st.booleans(),
        "decoder_input_details": st.just(False) if stream else st.booleans(),
        "seed": optional(seeds(odd=odd)),
        "top_n_tokens": optional(integers(0, min(settings.max_top_n_tokens, 8))),
        "adapter_id": optional(some_text(odd=odd)),
    }
    if not settings.disable_grammar_support:
        members["grammar"] = optional(grammars())
    return st.fixed_dictionaries({}, optional=members).map(_agreeing)


def _agreeing(parameters: dict[str, Any]) -> dict[str, Any]:
    if (parameters.get("best_of") or 0) > 1:
        parameters.pop("seed", None)
        if all(parameters.get(name) is None for name in _SAMPLES):
            parameters["do_sample"] = True
    return parameters
