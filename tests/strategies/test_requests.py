"""`requests` and `parameters`: what a client sends, and what of it the router accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_tgi.app import Application, create_app
from fake_tgi.drawing import draw
from fake_tgi.extraction import extract
from fake_tgi.requests import (
    ChatRequest,
    CompatGenerateRequest,
    CompletionRequest,
    GenerateRequest,
    SagemakerRequest,
    VertexRequest,
)
from fake_tgi.settings import Settings
from fake_tgi.strategies import Request, parameters, requests
from fake_tgi.strategies.asking import GET_ROUTES, POST_ROUTES, STREAMING_ROUTES
from tgi_contracts import endpoint, violations

from ..fake.asking import Reply, ask, make
from .judging import SOME, least

WORLDS = pytest.mark.parametrize("adversarial", [False, True], ids=["plain", "adversarial"])
TYPES: dict[str, Any] = {
    "/": CompatGenerateRequest,
    "/generate": GenerateRequest,
    "/generate_stream": GenerateRequest,
    "/tokenize": GenerateRequest,
    "/v1/chat/completions": ChatRequest,
    "/chat_tokenize": ChatRequest,
    "/v1/completions": CompletionRequest,
    "/vertex": VertexRequest,
    "/invocations": SagemakerRequest,
}


def sent(app: Application, request: Request) -> Reply:
    return ask(app, request.method, request.path, raw=request.body, headers=dict(request.headers))


def failed(reply: Reply) -> bool:
    return reply.status != 200 or any(chunk.startswith(b'data: {"error"') for chunk in reply.chunks)


def in_ascii(request: Request) -> bool:
    """An answer that repeats other characters may be cut inside of one; then its whole text is empty, as
    TGI's is (flash_causal_lm.py:2332), which the contracts do not know."""
    return request.body.isascii() and b"\\u" not in request.body


def without_tools(request: Request) -> bool:
    """A call without arguments is streamed as one brace (chat.rs:203), which the contracts do not know."""
    return in_ascii(request) and b'"tools"' not in request.body


@WORLDS
@pytest.mark.parametrize("route", POST_ROUTES)
@SOME
@given(st.data())
def test_a_payload_keeps_the_contract_of_its_route(
    route: str, adversarial: bool, data: st.DataObject
) -> None:
    request = data.draw(requests(route, adversarial=adversarial))
    schema = endpoint("POST", route).request
    assert schema is not None
    assert violations(request.payload, schema) == []


@pytest.mark.parametrize("route", POST_ROUTES)
@settings(SOME, suppress_health_check=[HealthCheck.too_slow])  # a grammar's first answer takes long
@given(st.data())
def test_a_running_fake_accepts_every_request(route: str, data: st.DataObject) -> None:
    request = data.draw(requests(route).filter(in_ascii))
    reply = sent(APP, request)
    assert not failed(reply), reply.text
    assert ("text/event-stream" in reply.headers["content-type"]) == request.stream


APP = make()


@pytest.mark.parametrize("route", [route for route in POST_ROUTES if route != "/vertex"])
@settings(SOME, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_running_fake_accepts_adversarial_requests_too(route: str, data: st.DataObject) -> None:
    request = data.draw(requests(route, adversarial=True).filter(without_tools))
    reply = sent(APP, request)
    assert not failed(reply), reply.text


@pytest.mark.parametrize("route", POST_ROUTES)
@SOME
@given(st.data())
def test_an_unusual_spelling_is_read_as_the_same_request(route: str, data: st.DataObject) -> None:
    request = data.draw(requests(route, adversarial=True))
    kind, limit = TYPES[route], 2_000_000
    plain = json.dumps(request.payload).encode()
    read = extract(kind, dict(request.headers)["content-type"], request.body, limit)
    assert read == extract(kind, "application/json", plain, limit)


SPELLINGS = {
    "an array for an object": lambda request: request.body.lstrip().startswith(b"["),
    "bytes behind the value": lambda request: request.body.endswith(b" trailing"),
    "characters without escapes": lambda request: not request.body.isascii(),
    "an unknown member": lambda request: b'"guideline"' in request.body,
    "another content type": lambda request: dict(request.headers)["content-type"] != "application/json",
}


def test_the_adversarial_world_has_each_spelling() -> None:
    drawn = draw(requests("/generate", adversarial=True), 400)
    assert [name for name, has_it in SPELLINGS.items() if not any(map(has_it, drawn))] == []


@pytest.mark.parametrize("route", ["GET /", *GET_ROUTES])
def test_routes_without_a_body_have_one_request(route: str) -> None:
    request = least(requests(route), lambda request: True)
    assert request == Request("GET", route.removeprefix("GET "))


@pytest.mark.parametrize("route", STREAMING_ROUTES)
@SOME
@given(st.data())
def test_streams_can_be_asked_for_alone(route: str, data: st.DataObject) -> None:
    assert data.draw(requests(route, stream=True)).stream
    if route != "/generate_stream":
        assert not data.draw(requests(route, stream=False)).stream


@SOME
@given(requests())
def test_without_a_route_any_of_them_is_asked(request: Request) -> None:
    assert request.path in POST_ROUTES


LIMITS = Settings(
    max_best_of=1,
    max_stop_sequences=1,
    max_top_n_tokens=0,
    max_client_batch_size=1,
    max_input_tokens=20,
    max_total_tokens=32,
    disable_grammar_support=True,
)


@pytest.mark.parametrize("route", ["/", "/generate", "/generate_stream", "/v1/completions"])
@settings(SOME, suppress_health_check=[HealthCheck.filter_too_much])
@given(st.data())
def test_other_limits_are_kept(route: str, data: st.DataObject) -> None:
    reply = sent(LIMITED, data.draw(requests(route, settings=LIMITS).filter(in_ascii)))
    assert not failed(reply), reply.text


LIMITED = create_app(LIMITS)


@WORLDS
@pytest.mark.parametrize("stream", [False, True])
@SOME
@given(st.data())
def test_parameters_pass_the_routers_rules(stream: bool, adversarial: bool, data: st.DataObject) -> None:
    drawn = data.draw(parameters(stream=stream, adversarial=adversarial))
    schema = "GenerateStreamRequest" if stream else "GenerateRequest"
    assert violations({"inputs": "a", "parameters": drawn}, schema) == []


def test_requests_shrink_to_the_smallest_of_their_route() -> None:
    def least_of(route: str) -> object:
        return least(requests(route), lambda request: True).payload

    assert least_of("/generate") == {"inputs": "Why is the sky blue?"}
    assert least_of("/v1/chat/completions") == {"messages": []}


@pytest.mark.parametrize(
    ("route", "stream", "told"),
    [
        ("/nope", None, "expected one of /, /generate"),
        ("/tokenize", True, "never answers with a stream"),
        ("/generate_stream", False, "never answers but with a stream"),
        ("/info", True, "answers no streams"),
    ],
)
def test_what_cannot_be_asked_is_told(route: str, stream: bool | None, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        requests(route, stream=stream)
