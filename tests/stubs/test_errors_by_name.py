"""An error by its name is said as the table of errors says it, on the route and in the form that asks."""

from __future__ import annotations

from typing import Any

import pytest

from fake_tgi.matching import FormError
from fake_tgi.refusals import REFUSALS
from fake_tgi.stubs import Error, Stub
from fake_tgi.stubs.error_answers import CAUSES
from tests.fake.asking import ask
from tests.stubs.serving import BODIES, post, stubbed
from tgi_contracts import ErrorRow, check_error, error_causes, error_rows

PREFIXES = [text.partition("{}")[0] for _, _, text in REFUSALS.values() if "{}" in text] + [
    "Failed to parse the request body as JSON: ",
    "Failed to deserialize the JSON body into the target type: ",
]
# In a stream no error at all; of a method that no stub answers; of a request that never gets to a generation.
OF_THE_REQUEST = (".chat_stream.tool_answer", ".other_method_no_key", ".no_instances")
ROWS = [row for row in error_rows() if not f".{row.id}".endswith(OF_THE_REQUEST)]


def body_of(row: ErrorRow) -> dict[str, Any]:
    """A body that by itself would be answered well, of the kind that the row is about."""
    if row.path == "/tokenize":
        return {"inputs": "Hello"}
    if row.path == "/chat_tokenize":
        return BODIES["/v1/chat/completions", False]
    kind = row.id.split(".")[1].partition("_stream")[0] if row.path == "/invocations" else ""
    route = {"chat": "/v1/chat/completions", "completions": "/v1/completions", "generate": "/"}.get(kind)
    return BODIES.get((route or row.path, row.stream), BODIES.get((row.path, True), {}))


def detail_of(row: ErrorRow) -> str | None:
    """The free part of the text that the row's answer has."""
    if CAUSES[row.cause].message is None:
        return None
    answer = row.answer.get("event") or row.answer.get("body")
    text = answer["error"] if isinstance(answer, dict) else answer
    text = str(text["message"] if isinstance(text, dict) else text)
    for name in row.free:
        text = text.replace(f"{{{name}}}", "7")
    return next((text.removeprefix(prefix) for prefix in PREFIXES if text.startswith(prefix)), None)


def test_every_cause_of_the_contracts_is_a_name_and_there_are_no_others() -> None:
    assert set(CAUSES) == set(error_causes())


@pytest.mark.damages_answers  # a good request is told that it is bad
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_an_error_by_name_is_the_tables(row: ErrorRow) -> None:
    after = row.answer.get("tokens_before") if CAUSES[row.cause].where == "model" else None
    generates = ("POST", row.path) in {("POST", path) for path, _ in BODIES}
    app = stubbed(Stub(None if generates else {"route": row.path}, Error(row.cause, detail_of(row), after)))
    method = "POST" if body_of(row) else "GET"
    reply = ask(app, method, row.path, body_of(row) or None)
    headers = [[name, value] for name, value in reply.headers.items()]
    response = {"status": reply.status, "headers": headers, "chunked": row.stream}
    assert check_error(row, {**response, "chunks": [chunk.decode() for chunk in reply.chunks]}) == []
    assert app.state.permits.free == app.state.settings.max_concurrent_requests


@pytest.mark.parametrize("stream", [False, True])
def test_without_a_message_an_error_says_what_is_usual(stream: bool) -> None:
    path = "/generate_stream" if stream else "/generate"
    reply = post(stubbed(Stub(answer=Error("model_failure"))), path, stream)
    said = reply.events[0] if stream else reply.json()
    assert said["error"] == "Request failed during generation: Server error: CUDA out of memory"


def test_the_tokens_before_a_failure_are_those_of_the_ordinary_answer() -> None:
    ordinary = post(stubbed(), "/generate_stream", stream=True).events
    failing = post(stubbed(Stub(answer=Error("incomplete", after_tokens=3))), "/generate_stream", stream=True)
    assert [event["token"]["id"] for event in failing.events[:3]] == [e["token"]["id"] for e in ordinary[:3]]
    assert failing.events[3]["error_type"] == "incomplete_generation_stream"


def test_a_failing_model_loses_the_routers_faith_until_it_is_asked() -> None:
    app = stubbed(Stub(answer=Error("model_failure"), times=1))
    assert post(app).status == 424
    assert not app.state.health.flag
    assert ask(app, "GET", "/health").status == 200


@pytest.mark.damages_answers  # /info never says this
def test_a_route_that_asks_no_model_says_any_error_with_its_status() -> None:
    app = stubbed(Stub({"route": "/info"}, Error("overload")))
    reply = ask(app, "GET", "/info")
    assert (reply.status, reply.json()["error_type"]) == (429, "overloaded")


@pytest.mark.damages_answers  # completions have no template
@pytest.mark.parametrize(
    ("cause", "label"),
    [("overload", "overloaded"), ("validation", "validation"), ("template", "template"),
     ("model_failure", "generation"), ("incomplete", "incomplete"), ("suffix", "validation")],
)  # fmt: skip
def test_the_books_count_an_error_as_the_routers(cause: str, label: str) -> None:
    app = stubbed(Stub({"route": "/v1/completions"}, Error(cause)))
    body = {**BODIES["/v1/completions", False], "suffix": "x"} if cause == "suffix" else None
    ask(app, "POST", "/v1/completions", body or BODIES["/v1/completions", False])
    assert app.state.metrics.failures == {label: 1}


@pytest.mark.parametrize(
    ("cause", "more", "expected"),
    [
        ("overlaod", {}, r"error: expected an error that there is: overload\?, got"),
        ("zzz", {}, "error: expected an error that there is: one of bad_json, "),
        ("overload", {"message": "busy"}, "message: expected none: overload always has the same text"),
        (
            "overload",
            {"after_tokens": 2},
            "after_tokens: expected none: overload arises before the first token",
        ),
        ("incomplete", {"after_tokens": -1}, "after_tokens: expected a number of tokens from 0, got -1"),
    ],
)
def test_an_error_that_does_not_exist_is_refused(cause: str, more: dict[str, Any], expected: str) -> None:
    with pytest.raises(FormError, match=expected):
        Error(cause, **more)
