"""endpoints.json and what it answers: which contract a route, a status and a content type have."""

from __future__ import annotations

import pytest

from tgi_contracts import endpoint, endpoints, names, violations_of


def test_every_schema_that_a_route_names_exists() -> None:
    for each in endpoints():
        assert each.request is None or each.request in names()
        for forms in each.answers.values():
            assert all(form.schema in names() for form in forms)


def test_a_route_is_found_by_method_and_path() -> None:
    found = endpoint("post", "/generate?x=1")
    assert (found.method, found.path, found.request, found.api_key) == (
        "POST",
        "/generate",
        "GenerateRequest",
        True,
    )
    assert [form.schema for form in found.answers[200]] == ["GenerateResponse"]


def test_the_hosted_routes_take_a_model_id_with_its_slash() -> None:
    assert endpoint("GET", "/status/bigscience/bloomz").path == "/status/{id}"
    assert endpoint("POST", "/models/bigscience/bloomz").origin == "hosted"


def test_get_routes_answer_head_without_a_body() -> None:
    assert [form.schema for form in endpoint("HEAD", "/info").answers[200]] == ["Empty"]


@pytest.mark.parametrize(("method", "path", "told"), [
    ("GET", "/nope", "no route has the path '/nope'"),
    ("POST", "/generate/", "no route has the path '/generate/'"),
    ("GET", "/generate", "/generate is there for POST, not for GET"),
])  # fmt: skip
def test_what_no_route_covers_is_a_lookup_error(method: str, path: str, told: str) -> None:
    with pytest.raises(LookupError, match=told):
        endpoint(method, path)


@pytest.mark.parametrize(("method", "path", "status", "event"), [
    ("GET", "/nope", 200, False),
    ("POST", "/generate", 201, False),
    ("POST", "/generate", 200, True),
    ("POST", "/generate_stream", 200, False),
    ("POST", "/generate_stream", 429, False),
    ("GET", "/generate", 200, False),
    ("PUT", "/", 401, False),
    ("PUT", "/chat_tokenize", 401, False),
])  # fmt: skip
def test_an_answer_that_no_contract_covers_is_a_lookup_error(
    method: str, path: str, status: int, event: bool
) -> None:
    with pytest.raises(LookupError):
        violations_of(method, path, status, {}, event=event)


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "/nope", 404), ("GET", "/generate", 405), ("OPTIONS", "/anything", 200),
    ("POST", "/generate", 401), ("PUT", "/generate", 401),
    ("GET", "/health", 200), ("HEAD", "/metrics", 200), ("GET", "/docs", 303),
])  # fmt: skip
def test_an_empty_answer_may_be_given_as_text_bytes_or_none(method: str, path: str, status: int) -> None:
    for body in ("", b"", None):
        assert violations_of(method, path, status, body) == []
    assert violations_of(method, path, status, "something") != []


def test_one_status_may_have_a_text_and_a_json_form() -> None:
    text = (
        "Failed to deserialize the JSON body into the target type: missing field `inputs` at line 1 column 2"
    )
    json = {"error": "Input validation error: `inputs` cannot be empty", "error_type": "validation"}
    assert violations_of("POST", "/generate", 422, text) == []
    assert violations_of("POST", "/generate", 422, json) == []
    assert violations_of("POST", "/generate", 400, text) != []
    broken = "Failed to buffer the request body: error reading a body from connection"
    assert violations_of("POST", "/generate", 400, broken) == []


def test_an_error_of_a_class_that_the_status_does_not_have_is_told_in_one_sentence() -> None:
    error = {"error": "Model is overloaded", "error_type": "overloaded"}
    [violation] = violations_of("POST", "/v1/chat/completions", 422, error)
    assert violation.where == "$.error_type"
    assert violation.expected == 'one of "validation", "template_error", "tool_error"'


def test_the_end_marker_belongs_to_chat_and_completions_only() -> None:
    assert violations_of("POST", "/v1/chat/completions", 200, "[DONE]", event=True) == []
    assert violations_of("POST", "/v1/completions", 200, "[DONE]", event=True) == []
    assert violations_of("POST", "/generate_stream", 200, "[DONE]", event=True) != []
