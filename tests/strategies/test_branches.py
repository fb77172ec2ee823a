"""What is drawn goes through every branch of the contracts, but for those listed here with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from fake_tgi.drawing import draw
from fake_tgi.strategies import Failure, Response, Stream, errors, requests, responses, streams
from fake_tgi.strategies.asking import GET_ROUTES, POST_ROUTES, STREAMING_ROUTES
from fake_tgi.strategies.causes import CAUSES
from tgi_contracts import Answer, Endpoint, endpoint, endpoints, is_valid

from .branches import branches, taken

# How much is drawn at a time, and how often, before a branch counts as never drawn.
AT_ONCE = 25
ROUNDS = 12

# What the router's own types allow, and the fake, being one sound server of one version, never answers.
NEVER_ANSWERED = {
    "Info.model_sha: string": "a fake model has no commit",
    "Info.model_pipeline_tag: string": "a fake model has no tag",
    "Info.sha: null": "the fake says which commit it answers as",
    "Info.docker_label: string": "the fake is no image",
    "ErrorEvent: anyOf 4": "an event that the router cannot write as JSON",
    "TokenizeResponse: empty": "the embedded tokenizer begins every text with a token of its own",
}

# Forms of answers that no request of a client's own making leads to.
NEVER_FORMED = {
    "UnknownBodyError": "the connection breaks while the body is sent",
    "HeadersError": "the router cannot read its own headers",
    "NoDetails": "the router loses the details that it asked for",
    "ValidationError on /tokenize": "the tokenizer fails",
    "ValidationError on /chat_tokenize": "the tokenizer fails",
}


def bodies(start: int) -> Iterator[tuple[str, Any]]:
    """The payloads of some requests to each route, with their schemas."""
    for route in POST_ROUTES:
        for adversarial in (False, True):
            for request in draw(requests(route, adversarial=adversarial), AT_ONCE, start=start):
                yield request_schema(route), request.payload


def request_schema(route: str) -> str:
    schema = endpoint("POST", route).request
    assert schema is not None
    return schema


@pytest.mark.sweep
def test_requests_go_through_every_branch() -> None:
    known, found = branches(*map(request_schema, POST_ROUTES)), set[str]()
    for start in range(ROUNDS):
        for schema, payload in bodies(start):
            found |= taken(payload, schema)
        if found >= known:
            break
    assert (found - known, known - found) == (set(), set())


def answers(start: int) -> Iterator[Response | Stream | Failure]:
    """Some answers of every kind there is."""
    for adversarial in (False, True):
        for route in (*POST_ROUTES, "GET /", *GET_ROUTES):
            if route != "/generate_stream":
                yield from draw(responses(route, adversarial=adversarial), AT_ONCE, start=start)
        for route in STREAMING_ROUTES:
            yield from draw(streams(route, adversarial=adversarial), AT_ONCE, start=start)
    for cause, known in CAUSES.items():
        for route in known.whole:
            yield from draw(errors(route, cause=cause), 3, start=start)
        for route in known.streamed:
            yield from draw(errors(route, stream=True, cause=cause), 3, start=start)


def forms(answer: Response | Stream | Failure) -> Iterator[tuple[Endpoint, Answer, Any]]:
    """The form that a drawn answer has, for each value of it."""
    try:
        route = endpoint(answer.request.method, answer.request.path)
    except LookupError:
        return
    known = [
        form for form in route.answers[answer.status] if form.content_type == answer.header("content-type")
    ]
    for value in values(answer):
        yield from ((route, form, value) for form in known if is_valid(value, form.schema))


def values(answer: Response | Stream | Failure) -> list[Any]:
    """The value of a body, or of each event."""
    if isinstance(answer, Stream):
        return answer.events
    if isinstance(answer, Failure) and answer.streamed:
        data = [chunk.removeprefix(b"data: ").decode().rstrip("\n") for chunk in answer.chunks]
        return [item if item == "[DONE]" else json.loads(item) for item in data]
    if answer.header("content-type") == "application/json":
        return [json.loads(answer.body)]
    return [answer.body.decode()]


def routes() -> list[Endpoint]:
    """The router's own, its documentation left aside."""
    return [each for each in endpoints() if each.origin == "router" and "doc" not in each.path]


def name_of(route: Endpoint, form: Answer) -> str:
    return f"{form.schema} on {route.method} {route.path}, {form.status} {form.content_type}"


@pytest.mark.sweep
@pytest.mark.timeout(400)  # thousands of answers, and a loaded machine is no reason to fail
def test_answers_have_every_form_and_go_through_every_branch() -> None:
    every = {
        name_of(route, form): form.schema
        for route in routes()
        for each in route.answers.values()
        for form in each
        if form.schema not in NEVER_FORMED and f"{form.schema} on {route.path}" not in NEVER_FORMED
    }
    known, found, formed = branches(*every.values()), set[str](), set[str]()
    for start in range(ROUNDS):
        for answer in answers(start):
            for route, form, value in forms(answer):
                found |= taken(value, form.schema)
                formed.add(name_of(route, form))
        if found >= known - NEVER_ANSWERED.keys() and formed >= every.keys():
            break
    assert found - known == set()
    assert known - found == NEVER_ANSWERED.keys()
    assert every.keys() - formed == set()


@pytest.mark.parametrize(
    ("schema", "value", "some"),
    [
        ("Seed", None, {"Seed: null"}),
        ("Usage", {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}, set()),
        ("GenerateResponse", {"generated_text": ""}, {"GenerateResponse.details: left out"}),
        ("ChatStreamEvent", "[DONE]", {"ChatStreamEvent: then"}),
        ("FinishReason", "length", {"FinishReason: 'length'"}),
        ("TokenizeResponse", [], {"TokenizeResponse: empty"}),
    ],
)
def test_a_value_is_seen_to_take_its_branches(schema: str, value: Any, some: set[str]) -> None:
    assert taken(value, schema) >= some
    assert taken(value, schema) <= branches(schema)
