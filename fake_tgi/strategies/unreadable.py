"""Requests that no route gets to see: refused by the extractor, or by what stands in front of the routes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st

from ..settings import Settings
from .aims import Aim, Provocation, any_body
from .asking import GET_ROUTES, POST_ROUTES
from .spellings import compact
from .values import Request

__all__ = [
    "bad_json",
    "content_type",
    "no_key",
    "other_method",
    "too_large",
    "unknown_path",
    "wrong_type",
]


def bad_json(draw: st.DrawFn, aim: Aim) -> Provocation:
    """Bytes that are no JSON, or end too early: 400."""
    body = compact(any_body(draw, aim))
    if draw(st.booleans()):
        body = body[: draw(st.integers(0, len(body) - 1))]
    else:
        body = draw(
            st.sampled_from(
                (b"", b"nope", b"{'inputs': 1}", b'{"inputs"}', b'{"inputs": "\xff"}', b'{"a":1,}')
            )
        )
    return aim.sending(body), aim.situation


_OTHERS: Final = st.sampled_from((1, None, "x", [], {}, True, 1.5, -1, 2**64, [None], {"type": "x"}))


def wrong_type(draw: st.DrawFn, aim: Aim) -> Provocation:
    """JSON of another shape: 422 in plain text."""
    payload = any_body(draw, aim)
    how = draw(st.sampled_from(("whole", "gone", "other")))
    if how == "whole":
        value: Any = draw(st.sampled_from(({}, 1, None, "x", [], True)))
    elif how == "gone":
        value = {
            name: item
            for name, item in payload.items()
            if name not in ("inputs", "messages", "prompt", "instances")
        }
    else:
        value = {**payload, draw(st.sampled_from(sorted(payload))): draw(_OTHERS)}
    return aim.sending(compact(value), value), aim.situation


def content_type(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A content type that is no JSON, or none: 415."""
    payload = any_body(draw, aim)
    other = draw(
        st.sampled_from((None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""))
    )
    return aim.sending(compact(payload), payload, other), aim.situation


def too_large(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A body of more bytes than the server takes: 413."""
    request = aim.request(any_body(draw, aim)) if aim.path != "/vertex" else None
    if request is None:
        payload = any_body(draw, aim)
        request = aim.sending(compact(payload), payload)
    limit = draw(st.integers(0, len(request.body) - 1))
    return request, replace(aim.situation, settings=Settings(payload_limit=limit))


def no_key(draw: st.DrawFn, aim: Aim) -> Provocation:
    """Another key than the server's, or none: 401."""
    payload = any_body(draw, aim)
    request = aim.sending(compact(payload), payload)
    keys = (None, "Bearer", "Bearer other", "Basic c2VjcmV0", "secret", "Bearer  secret")
    given = draw(st.sampled_from(keys))
    if given is not None:
        request = replace(request, headers=(*request.headers, ("authorization", given)))
    return request, replace(aim.situation, settings=Settings(api_key="secret"))


def other_method(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A method that the path does not have: 405."""
    path = aim.path.removeprefix("GET ")
    others = ("PUT", "DELETE", "PATCH", *(("GET",) if path in POST_ROUTES and path != "/" else ()))
    if path in GET_ROUTES:
        others = (*others, "POST")
    return Request(draw(st.sampled_from(others)), path), aim.situation


def unknown_path(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A path that no route has: 404."""
    paths = ("/nope", "/generate/", "//generate", "/v1/embeddings", "/v1/models/x", "/Generate", "/v2/health")
    return Request(draw(st.sampled_from(("GET", "POST"))), draw(st.sampled_from(paths))), aim.situation
