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
    I32,
    frequency_penalties,
    grammars,
    integers,
    new_tokens,
    objects,
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

    Each number comes from the whole range that passes, small ones and those of an ordinary client more often
    than others. With `stream` it also passes the rules for streams: no best_of but 1, no
    decoder_input_details. With `adversarial` most numbers are at the edges of what passes, best_of may be
    the 0 that means 1, and texts are odd. `settings` hold the server's limits; None: the router's defaults.
    Prompts of 512 tokens at most are assumed. Shrinks to `{}`.
    """
    return _parameters(stream, adversarial, settings or Settings())


@lru_cache(maxsize=64)
def _parameters(stream: bool, odd: bool, settings: Settings) -> st.SearchStrategy[dict[str, JsonValue]]:
    most = max(min(settings.max_best_of, settings.max_concurrent_requests), 1)  # each holds a permit
    best_of = st.just(1) if stream else integers(1 - odd, most, odd=odd)
    members = {
        "best_of": optional(best_of),
        "temperature": optional(temperatures(zero=False, odd=odd)),
        "repetition_penalty": optional(penalties(odd=odd)),
        "frequency_penalty": optional(frequency_penalties(odd=odd)),
        "top_k": optional(integers(1, I32, edges=(50, 1000), odd=odd)),
        "top_p": optional(shares(odd=odd)),
        "typical_p": optional(shares(odd=odd)),
        "do_sample": st.booleans(),
        "max_new_tokens": optional(new_tokens(settings, odd=odd)),
        "return_full_text": optional(st.booleans()),
        "stop": stops(settings.max_stop_sequences, odd=odd),
        "truncate": optional(integers(1, settings.max_input_tokens, odd=odd)),
        "watermark": st.booleans(),
        "details": st.booleans(),
        "decoder_input_details": st.just(False) if stream else st.booleans(),
        "seed": optional(seeds(odd=odd)),
        "top_n_tokens": optional(integers(0, settings.max_top_n_tokens, odd=odd)),
        "adapter_id": optional(some_text(odd=odd)),
    }
    if not settings.disable_grammar_support:
        members["grammar"] = optional(grammars())
    return objects({}, members).map(_agreeing)


def _agreeing(parameters: dict[str, Any]) -> dict[str, Any]:
    if (parameters.get("best_of") or 0) > 1:
        parameters.pop("seed", None)
        if all(parameters.get(name) is None for name in _SAMPLES):
            parameters["do_sample"] = True
    return parameters
