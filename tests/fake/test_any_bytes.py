"""Any bytes at all on any route get an answer that the router could have given: never a 500 of our own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fake_tgi.app import Application
from fake_tgi.serve import ROUTES

from ..sweeps import examples
from .asking import ask, make

POSSIBLE = {200, 303, 400, 401, 404, 405, 413, 415, 422}
WORDS = [
    "inputs", "parameters", "messages", "prompt", "stream", "tools", "role", "content", "grammar", "type",
    "value", "max_new_tokens", "best_of", "stop", "seed", "instances", "truncate", "top_n_tokens", "details",
    "response_format", "tool_choice", "temperature", "top_p", "function", "name", "arguments", "suffix",
]  # fmt: skip
TEXTS = st.sampled_from([*WORDS, "user", "assistant", "json", "regex", "text", "auto", ""]) | st.text(
    max_size=8
)
NUMBERS = st.integers(-3, 2**65) | st.floats(allow_nan=False) | st.sampled_from([0, 1, 2, 1024])
JSONS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=6),
    max_leaves=20,
)
BODIES = st.binary(max_size=60) | JSONS.map(lambda value: json.dumps(value).encode())
METHODS = st.sampled_from(["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "X"])
PATHS = st.sampled_from(sorted(ROUTES)) | st.text(st.characters(codec="latin-1"), max_size=10).map(
    "/".__add__
)
NAMES = st.sampled_from(["content-type", "authorization", "origin", "accept", "x-other"])
HEADERS = st.dictionaries(NAMES, st.text(st.characters(codec="latin-1"), max_size=12), max_size=3)
ANSWERABLE = {"/info", "/health", "/ping", "/", "/v1/models", "/metrics"}


def check(app: Application, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    reply = ask(app, method, path, raw=body, headers={"content-type": "application/json", **headers})
    if path == "/vertex" and reply.status == 500:
        # a generation that is refused or fails is a 500 in the router's own words on this route
        assert reply.json() == {"error": "Incomplete generation", "error_type": "Incomplete generation"}
    else:
        assert reply.status in POSSIBLE
    assert app.state.permits.free == app.state.permits.total
    content_type = reply.headers.get("content-type", "")
    if content_type == "application/json" and method != "HEAD":
        reply.json()
    elif content_type == "text/event-stream":
        assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in reply.chunks)
        reply.text.encode()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "X"])
@pytest.mark.parametrize("path", [*sorted(ROUTES), "/docs/x.css", "/models/gpt2", "/status/gpt2", "/nowhere"])
def test_every_method_at_every_path_is_answered_as_the_contracts_say(method: str, path: str) -> None:
    check(APP, method, path, b"{}", {})


@settings(max_examples=examples(400), deadline=None)
@given(METHODS, PATHS, BODIES, HEADERS)
def test_whatever_is_sent_is_answered(method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    check(APP, method, path, body, headers)


@settings(max_examples=examples(600), deadline=None)
@given(
    st.sampled_from(sorted(path for path, route in ROUTES.items() if route.post)),
    st.fixed_dictionaries(
        {},
        optional={
            "inputs": TEXTS,
            "messages": st.lists(
                st.fixed_dictionaries({"role": TEXTS, "content": TEXTS | JSONS}), max_size=3
            ),
            "prompt": TEXTS | st.lists(TEXTS, max_size=5),
            "parameters": st.fixed_dictionaries(
                {"max_new_tokens": st.sampled_from([1, 2, 40, None])},
                optional=dict.fromkeys(("best_of", "top_n_tokens", "seed", "truncate", "top_p"), NUMBERS),
            ),
            "stream": st.booleans(),
            "max_tokens": st.integers(0, 30),
            "instances": st.lists(st.fixed_dictionaries({"inputs": TEXTS}), max_size=3),
            "tools": JSONS,
            "tool_choice": JSONS,
            "stop": st.lists(TEXTS, max_size=5),
            "logprobs": st.booleans(),
            "stream_options": st.just({"include_usage": True}),
        },
    ),
)
@example(
    "/invocations",
    {"messages": [{"role": "user", "content": 1}], "prompt": ["a", "b"], "stop": [""] * 5, "stream": True},
)
def test_whatever_is_nearly_right_is_answered(path: str, body: Any) -> None:
    check(APP, "POST", path, json.dumps(body).encode(), {})


APP = make()
