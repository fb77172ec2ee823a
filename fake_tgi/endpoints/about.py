"""What the server says of itself: `/info`, `/v1/models`, `/health`; and `/tokenize`, which asks no model."""

from __future__ import annotations

from collections.abc import Generator, Iterator

from ..call import Call
from ..frames import Frame
from ..headers import JSON, TEXT
from ..identity import DOCKER_LABEL, ROUTER, SHA, VERSION
from ..refusals import refusal
from ..render.values import string, value
from ..requests import GenerateRequest
from ..state import State
from .reading import plain, read

__all__ = ["health", "info", "metrics", "models", "pieces", "tokenize"]


def info(state: State, call: Call) -> Iterator[Frame]:
    """`GET /info`: the model and the limits, in the router's key order (L:260-299)."""
    settings = state.settings
    return plain(
        200,
        JSON,
        value(
            {
                "model_id": settings.model_id,
                "model_sha": None,
                "model_pipeline_tag": None,
                "max_concurrent_requests": settings.max_concurrent_requests,
                "max_best_of": settings.max_best_of,
                "max_stop_sequences": settings.max_stop_sequences,
                "max_input_tokens": settings.max_input_tokens,
                "max_total_tokens": settings.max_total_tokens,
                "validation_workers": settings.validation_workers,
                "max_client_batch_size": settings.max_client_batch_size,
                "router": ROUTER,
                "version": VERSION,
                "sha": SHA,
                "docker_label": DOCKER_LABEL,
            }
        ),
    )


def models(state: State, call: Call) -> Iterator[Frame]:
    """`GET /v1/models`: a list of exactly one."""
    name = state.settings.model_id
    model = {"id": name, "object": "model", "created": 0, "owned_by": name}
    return plain(200, JSON, value({"object": "list", "data": [model]}))


def health(state: State, call: Call) -> Iterator[Frame]:
    """`GET /health`, `/ping` and `/`: 200 and nothing, or 503."""
    if state.health.check():
        return plain(200)
    unhealthy = refusal("health")
    return plain(unhealthy.status, JSON, unhealthy.body())


def pieces(state: State, text: str, *, add_special_tokens: bool) -> Generator[Frame, None, bytes]:
    """The tokens of `text` as JSON, with their places in it, in bytes. Raises `Refusal` for an image in it.

    Where images were replaced for the count, the places are those in the replaced text, and yet the router
    cuts the texts out of the given one.
    """
    sight = state.infer.sight
    looked = (yield from sight.look(text)) if sight is not None else None
    if looked is None:
        found = state.tokenizer.pieces(text, add_special_tokens=add_special_tokens)
        shown = [piece.text for piece in found]
    else:
        found = state.tokenizer.pieces(looked.counted, add_special_tokens=add_special_tokens)
        given = text.encode("utf-8", "surrogatepass")
        shown = [given[piece.start : piece.stop].decode("utf-8", "replace") for piece in found]
    return b"[%b]" % b",".join(
        b'{"id":%d,"text":%b,"start":%d,"stop":%d}' % (piece.id, string(text), piece.start, piece.stop)
        for piece, text in zip(found, shown, strict=True)
    )


def tokenize(state: State, call: Call) -> Iterator[Frame]:
    """`POST /tokenize`: no validation, no truncation, no limit but the payload's."""
    request = read(state, call, GenerateRequest)
    body = yield from pieces(state, request.inputs, add_special_tokens=True)
    yield from plain(200, JSON, body)


def metrics(state: State, call: Call) -> Iterator[Frame]:
    """`GET /metrics`: the books as Prometheus text."""
    from ..exposition import exposition  # only a server that is scraped pays for the library

    return plain(200, TEXT, exposition(state.metrics, state.waiting()))
