"""Requests to every route of the router, as a client sends them, that get an answer and not an error."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final

from hypothesis import assume
from hypothesis import strategies as st

from ..settings import Settings
from .payloads import PAYLOADS, payloads
from .serving import Situation, serving
from .spellings import CONTENT_TYPES, compact, spelled
from .values import Request

__all__ = ["GET_ROUTES", "POST_ROUTES", "STREAMING_ROUTES", "requests"]

POST_ROUTES: Final = tuple(PAYLOADS)
GET_ROUTES: Final = ("/info", "/health", "/ping", "/v1/models", "/metrics")
STREAMING_ROUTES: Final = (
    "/generate_stream",
    "/",
    "/v1/chat/completions",
    "/v1/completions",
    "/invocations",
)
"""Routes that can answer with a stream of events."""


def requests(
    route: str | None = None,
    *,
    stream: bool | None = None,
    adversarial: bool = False,
    settings: Settings | None = None,
) -> st.SearchStrategy[Request]:
    """Requests that a router accepts: status 200, and no error in the stream.

    `route` is a path, such as "/generate"; "/" is its POST, "GET /" the health check. None: any POST route.
    `stream` asks for streams alone, or for none; None: both. With `adversarial` the values are odd and at
    the edges of what passes, and the bytes are an unusual spelling of them. `settings` are the server's;
    None: the router's defaults. The model behind it must answer a tool call where one is asked for.

    Shrinks to the smallest request of the route. Raises ValueError for a route that is none, or that never
    streams where streams are asked for.
    """
    if route is None:
        paths = (
            STREAMING_ROUTES if stream else tuple(path for path in POST_ROUTES if path not in _always(stream))
        )
        return st.one_of(
            *(requests(path, stream=stream, adversarial=adversarial, settings=settings) for path in paths)
        )
    if route.removeprefix("GET ") in ("/", *GET_ROUTES) and route != "/":
        if stream:
            raise ValueError(f"{route} answers no streams; those that do are {', '.join(STREAMING_ROUTES)}")
        return st.just(Request("GET", route.removeprefix("GET ")))
    if route not in PAYLOADS:
        raise ValueError(f"expected one of {', '.join((*POST_ROUTES, 'GET /', *GET_ROUTES))}, got {route!r}")
    if stream is not None and ((stream and route not in STREAMING_ROUTES) or route in _always(stream)):
        raise ValueError(f"{route} never answers {'with a stream' if stream else 'but with a stream'}")
    return _requests(route, stream, adversarial, settings)


def _always(stream: bool | None) -> tuple[str, ...]:
    """Routes that leave no choice, where none but whole answers are asked for."""
    return ("/generate_stream",) if stream is False else ()


@lru_cache(maxsize=256)
def _requests(
    path: str, stream: bool | None, adversarial: bool, settings: Settings | None
) -> st.SearchStrategy[Request]:
    return _request(path, stream, adversarial, settings)


@st.composite
def _request(
    draw: st.DrawFn, path: str, stream: bool | None, adversarial: bool, settings: Settings | None
) -> Request:
    limits = settings or Settings()
    payload = draw(payloads(path, stream=stream, adversarial=adversarial, settings=limits))
    content_type = "application/json"
    body = compact(payload)
    if adversarial:
        body = draw(spelled(path, payload))
        content_type = draw(st.sampled_from(CONTENT_TYPES))
    # The payload is the caller's own: what was drawn may share parts with other draws.
    request = Request("POST", path, json.loads(compact(payload)), (("content-type", content_type),), body)
    if settings is not None:
        # Other limits, another tokenizer or template: whether the prompt fits only the router knows.
        assume(serving(Situation(settings), request, draw).refused is None)
    return request
