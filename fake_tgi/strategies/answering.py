"""Answers of a router to requests that it accepts: whole ones and streams, as the fake itself gives them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from ..generation import Generation
from ..settings import Settings
from ..sse import KEEP_ALIVE
from .asking import GET_ROUTES, POST_ROUTES, requests
from .payloads import chats
from .serving import Situation, serving
from .spellings import compact
from .values import ModelCall, Request, Response, Stream

__all__ = ["chat_completions", "responses", "streams"]


def responses(
    route: str | None = None, *, adversarial: bool = False, settings: Settings | None = None
) -> st.SearchStrategy[Response]:
    """Whole answers, each with its request: status, headers and body are what the fake sends.

    `route` is a path, such as "/generate"; "/" is its POST, "GET /" the health check. None: any route. With
    `adversarial` the request is odd, and the answer is one that TGI could send though no model would make
    it: empty or huge texts, split characters, special tokens anywhere, numbers at their limits. `settings`
    are the server's (None: the router's defaults); the answer obeys their limits.

    Shrinks to the smallest request and to the model that says nothing. Raises ValueError for a route that is
    none, or that only streams.
    """
    if route is not None:
        return _responses(route, adversarial, settings)
    paths = [path for path in POST_ROUTES if path != "/generate_stream"]
    every = (*paths, *(f"GET {path}" for path in ("/", *GET_ROUTES)))
    return st.one_of(*(_responses(path, adversarial, settings) for path in every))


def streams(
    route: str | None = None, *, adversarial: bool = False, settings: Settings | None = None
) -> st.SearchStrategy[Stream]:
    """Streams of events that end as they should, each with its request.

    `route` is "/generate_stream", "/", "/v1/chat/completions", "/v1/completions" or "/invocations"; None: any
    of them. `adversarial` and `settings` as for `responses`; an adversarial stream may hold keep-alive
    comments. Streams that end in an error are among `errors`. How a network cuts the bytes is not part of a
    stream: give `Stream.to_bytes` a `Segmentation`.
    """
    return _streams(route, adversarial, settings)


def chat_completions(
    *, tools: bool | None = None, adversarial: bool = False, settings: Settings | None = None
) -> st.SearchStrategy[Response]:
    """Whole answers of /v1/chat/completions, each with its request.

    `tools` True: the answer is a call of a function; False: it is words; None: either. Otherwise as
    `responses`. Raises ValueError for calls where `settings` switch grammars off.
    """
    limits = settings or Settings()
    chats(False, adversarial, limits, words=tools is not True, calls=tools is not False)  # or ValueError
    return _chat_completions(tools, Situation(limits, adversarial))


@lru_cache(maxsize=128)
def _responses(route: str, adversarial: bool, settings: Settings | None) -> st.SearchStrategy[Response]:
    asked = requests(
        route,
        stream=None if route in ("/tokenize", "/chat_tokenize", "/vertex", "/generate") else False,
        adversarial=adversarial,
        settings=settings,
    )
    return _whole(asked, Situation(settings or Settings(), adversarial))


@lru_cache(maxsize=128)
def _streams(route: str | None, adversarial: bool, settings: Settings | None) -> st.SearchStrategy[Stream]:
    asked = requests(route, stream=True, adversarial=adversarial, settings=settings)
    return _streamed(asked, Situation(settings or Settings(), adversarial))


@st.composite
def _chat_completions(draw: st.DrawFn, tools: bool | None, situation: Situation) -> Response:
    adversarial, settings = situation.adversarial, situation.settings
    payload = draw(chats(False, adversarial, settings, words=tools is not True, calls=tools is not False))
    body = compact(payload)
    headers = (("content-type", "application/json"),)
    return _response(
        draw, Request("POST", "/v1/chat/completions", json.loads(body), headers, body), situation
    )


@st.composite
def _whole(draw: st.DrawFn, asked: st.SearchStrategy[Request], situation: Situation) -> Response:
    return _response(draw, draw(asked), situation)


def _response(draw: st.DrawFn, request: Request, situation: Situation) -> Response:
    # What is counted shows only once something was: before that there are no metrics at all.
    before = draw(_EARLIER) if request.path == "/metrics" else ()
    served = serving(situation, request, draw, before=before)
    assume(served.refused is None)
    return Response(request, served.status, served.headers, b"".join(served.chunks), served.calls)


@st.composite
def _streamed(draw: st.DrawFn, asked: st.SearchStrategy[Request], situation: Situation) -> Stream:
    request = draw(asked)
    served = serving(situation, request, draw)
    assume(served.refused is None)
    chunks = list(served.chunks)
    if situation.adversarial:
        for place in draw(_SILENCES):
            chunks.insert(place % (len(chunks) + 1), KEEP_ALIVE)
    answers, prompt = _shown(request, served.calls)
    return Stream(request, served.status, served.headers, tuple(chunks), answers, prompt, served.calls)


_SILENCES = st.lists(st.integers(0, 40), max_size=2)
_EARLIER = st.lists(requests(), max_size=3)


def _shown(request: Request, calls: Sequence[ModelCall]) -> tuple[tuple[Generation, ...], str]:
    """The generations that a stream shows, and what stands before the first one's text."""
    payload: Any = request.payload
    if "prompt" in payload and "inputs" not in payload and "messages" not in payload:
        prompts = payload["prompt"]
        number = len(prompts) if isinstance(prompts, list) else 1
        if number == len(calls):
            return tuple(call.generation for call in calls), ""
        assume(number == 1)  # several prompts, and one in several pieces: never drawn where models can end
    elif "inputs" in payload:
        wanted = (payload.get("parameters") or {}).get("return_full_text")
        compat = request.path != "/generate_stream"
        prompt = payload["inputs"] if wanted or (compat and wanted is None) else ""
        return (_joined(calls),), prompt
    if len(calls) > 1 and calls[-1].request.grammar is None and calls[0].request.grammar is not None:
        calls = calls[1:]  # the model chose no tool, and was asked again
    return (_joined(calls),), ""


def _joined(calls: Sequence[ModelCall]) -> Generation:
    """The pieces of one answer as one generation."""
    pieces = [call.generation for call in calls]
    if len(pieces) == 1:
        return pieces[0]
    return replace(
        pieces[0],
        tokens=tuple(token for piece in pieces for token in piece.tokens),
        generated_text="".join(piece.generated_text for piece in pieces),
        top_tokens=tuple(tops for piece in pieces for tops in piece.top_tokens),
        finish_reason=pieces[-1].finish_reason,
    )
