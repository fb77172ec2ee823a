"""check_exchange on what is no recording: half-known exchanges, and what a client or a server might send."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tgi_contracts import check_exchange, exchange_of, violations

VARY = "origin, access-control-request-method, access-control-request-headers"


def exchange(body: Any, answer: str, status: int = 200, **more: Any) -> dict[str, Any]:
    request = {"method": "POST", "path": more.pop("path", "/generate"), "headers": {}, "json": body}
    return {"request": request, "response": {"status": status, "chunks": [answer], **more}}


def test_without_headers_and_generations_the_rest_is_still_checked() -> None:
    assert check_exchange(exchange({"inputs": "x"}, '{"generated_text":"y"}')) == []
    assert [v.where for v in check_exchange(exchange({"inputs": "x"}, '{"generated_text":1}'))] == [
        "body.generated_text"
    ]


def test_a_status_that_the_route_never_gives_is_told_and_no_exception() -> None:
    [violation] = check_exchange(exchange({"inputs": "x"}, "", 201))
    assert (violation.where, violation.got) == ("status", "201")


def test_details_must_be_there_if_asked_for_and_only_then() -> None:
    asked = {"inputs": "x", "parameters": {"details": True}}
    assert [v.where for v in check_exchange(exchange(asked, '{"generated_text":"y"}'))] == ["body.details"]


def test_what_a_stream_tells_by_events_is_no_status_of_its_own() -> None:
    body = {"messages": [], "stream": True}
    error = '{"error":"Model is overloaded","error_type":"overloaded"}'
    assert [v.rule for v in check_exchange(exchange(body, error, 429, path="/v1/chat/completions"))] == [
        "channel"
    ]
    assert check_exchange(exchange(body | {"stream": False}, error, 429, path="/v1/chat/completions")) == []


def test_a_template_error_is_a_status_even_for_a_stream() -> None:
    error = '{"error":"Template error: template not found","error_type":"template_error"}'
    assert (
        check_exchange(exchange({"messages": [], "stream": True}, error, 422, path="/v1/chat/completions"))
        == []
    )


def test_a_stream_asked_for_must_be_one() -> None:
    [violation] = check_exchange(
        exchange({"inputs": "x", "stream": True}, '[{"generated_text":"y"}]', path="/")
    )
    assert violation.rule == "stream"


def test_where_a_body_has_the_members_of_several_forms_the_answer_tells_which_was_taken() -> None:
    """`best_of` of the wrong type makes the first form unfit; the router goes on to the next."""
    body = {"inputs": "x", "parameters": {"best_of": "2"}, "prompt": "y", "stream": True, "max_tokens": 1}
    event = (
        'data: {"object":"text_completion","id":"","created":1,"choices":[{"index":0,"text":"z","logprobs":'
        'null,"finish_reason":"length"}],"model":"m","system_fingerprint":"3.3.6-native","usage":{"prompt_tokens":1,'
        '"completion_tokens":1,"total_tokens":2}}\n\ndata: [DONE]\n\n'
    )
    assert check_exchange(exchange(body, event, path="/invocations")) == []
    assert check_exchange(exchange(body, '[{"generated_text":"z"}]', path="/invocations")) != []


def test_chunks_may_be_bytes_in_base64_cut_anywhere() -> None:
    data = '{"generated_text":"é"}'.encode()
    response = {
        "status": 200,
        "chunks_b64": [base64.b64encode(data[:20]).decode(), base64.b64encode(data[20:]).decode()],
    }
    found = {
        "request": {"method": "POST", "path": "/generate", "headers": {}, "json": {"inputs": "x"}},
        "response": response,
    }
    assert check_exchange(found) == []
    response["chunks_b64"] = [base64.b64encode(data[:20]).decode()]
    assert [v.rule for v in check_exchange(found)] == ["utf-8"]


@pytest.mark.parametrize("raw", ["", "{", "[1]", "5", '{"inputs":1}', '{"inputs":"x","parameters":[]}'])
def test_a_request_that_says_nothing_asks_for_nothing(raw: str) -> None:
    found = exchange(None, '{"generated_text":"y"}')
    found["request"] = {"method": "POST", "path": "/generate", "headers": {}, "raw": raw}
    assert check_exchange(found) == []


def test_token_slices_are_held_to_the_text() -> None:
    tokens = '[{"id":1,"text":"h","start":0,"stop":1},{"id":2,"text":"é","start":1,"stop":3}]'
    assert check_exchange(exchange({"inputs": "hé"}, tokens, path="/tokenize")) == []
    assert [v.rule for v in check_exchange(exchange({"inputs": "ha"}, tokens, path="/tokenize"))] == ["slice"]


def test_a_generation_that_says_only_what_the_model_shall_do_is_not_compared() -> None:
    found = exchange({"inputs": "x"}, '{"generated_text":"y"}')
    found["generations"] = [{"inputs": "x", "tokens": []}]
    assert check_exchange(found) == []


@pytest.mark.parametrize("answer", [b'{"generated_text":"y"}', b"\xff"])
@pytest.mark.parametrize("body", [None, b'{"inputs":"x"}', b"\xff"])
def test_what_went_over_the_wire_becomes_an_exchange(body: bytes | None, answer: bytes) -> None:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))]
    found = exchange_of("post", "/generate", body, 200, headers, answer)
    assert violations(found, "Exchange") == []
    rules = {violation.rule for violation in check_exchange(found)}
    assert rules == ({"utf-8"} if answer == b"\xff" else {"headers"})  # the x- headers are missing


@pytest.mark.parametrize(
    ("path", "allow"), [("/generate", "POST"), ("/health", "GET,HEAD"), ("/", "POST,GET,HEAD")]
)
def test_a_method_that_a_path_does_not_have_is_told_exactly_those_that_it_has(path: str, allow: str) -> None:
    def found(said: str) -> list[str]:
        given = exchange(None, "", 405, path=path, headers=[["vary", VARY], ["allow", said]])
        given["request"]["method"] = "DELETE"
        return [violation.where for violation in check_exchange(given)]

    for said in ("POST", "GET,HEAD", "POST,GET,HEAD", "GET", ""):
        assert found(said) == ([] if said == allow else ["headers.allow"])
