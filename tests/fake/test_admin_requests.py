"""The journal over HTTP: what was asked, found by pattern, with its answer and how that ended."""

from __future__ import annotations

from typing import Any

import pytest

from fake_tgi.app import Application

from .asking import ask, make


def asked() -> Application:
    app = make(api_key="sesame")
    key = {"authorization": "Bearer sesame", "content-type": "application/json"}
    for inputs in ("The sky", "The sea"):
        ask(app, "POST", "/generate", {"inputs": inputs, "parameters": {"max_new_tokens": 2}}, headers=key)
    ask(
        app, "POST", "/generate_stream", {"inputs": "A sky", "parameters": {"max_new_tokens": 3}}, headers=key
    )
    ask(app, "GET", "/info")
    return app


def find(app: Application, pattern: Any) -> Any:
    return ask(app, "POST", "/__admin/requests/find", pattern).json()["requests"]


def test_every_call_is_listed_in_its_order_with_its_answer() -> None:
    listed = ask(asked(), "GET", "/__admin/requests").json()
    assert [each["request"]["path"] for each in listed["requests"]] == [
        "/generate", "/generate", "/generate_stream", "/info",
    ]  # fmt: skip
    assert [each["ended"] for each in listed["requests"]] == ["complete"] * 4
    assert (listed["in_flight"], listed["dropped"]) == (0, 0)
    assert "generated_text" in listed["requests"][0]["response"]["chunks"][0]["data"]


def test_the_last_ones_are_enough_where_a_limit_is_given() -> None:
    listed = ask(asked(), "GET", "/__admin/requests?limit=1").json()
    assert [each["request"]["path"] for each in listed["requests"]] == ["/info"]
    assert ask(asked(), "GET", "/__admin/requests?limit=0").json()["requests"] == []


def test_calls_are_found_by_what_they_asked_for() -> None:
    app = asked()
    assert len(find(app, {"inputs": {"contains": "sky"}})) == 2
    assert len(find(app, {"inputs": {"contains": "sky"}, "streaming": True})) == 1
    assert len(find(app, {"route": "/generate", "parameters": {"max_new_tokens": 2}})) == 2
    count = ask(app, "POST", "/__admin/requests/count", {"route": "/generate"})
    assert count.json() == {"count": 2}


def test_a_stream_shows_its_events_and_their_times() -> None:
    (stream,) = find(asked(), {"streaming": True})
    assert stream["events"] == 3
    times = [chunk["at"] for chunk in stream["response"]["chunks"]]
    assert times == sorted(times)


def test_no_secret_is_shown() -> None:
    text = ask(asked(), "GET", "/__admin/requests").text
    assert "sesame" not in text
    assert "REDACTED" in text


@pytest.mark.parametrize("path", ["/__admin/requests?limit=x", "/__admin/requests?wait=-1"])
def test_a_wrong_number_says_what_was_expected(path: str) -> None:
    reply = ask(make(), "GET", path)
    assert reply.status == 422
    assert "expected a number from 0" in reply.json()["error"]


def test_a_wrong_pattern_says_where() -> None:
    reply = ask(make(), "POST", "/__admin/requests/find", {"rout": "/generate"})
    assert reply.status == 422
    assert "rout" in reply.json()["error"]


def test_a_reset_forgets_the_calls() -> None:
    app = asked()
    ask(app, "POST", "/__admin/reset")
    assert ask(app, "GET", "/__admin/requests").json()["requests"] == []


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/__admin/requests?limt=1", "one of limit, wait"),
        ("GET", "/__admin/requests/unmatched?limit=1&x=", "one of wait"),
        ("POST", "/__admin/requests/find?x=1", "one of wait"),
        ("POST", "/__admin/requests/count?x=1", "one of wait"),
    ],
)
def test_a_parameter_that_there_is_not_is_refused_with_those_that_there_are(
    method: str, path: str, expected: str
) -> None:
    reply = ask(make(), method, path, {} if method == "POST" else None)
    assert (reply.status, reply.json()["expected"]) == (422, expected)


def test_a_member_beside_queued_generations_is_refused() -> None:
    reply = ask(make(), "POST", "/__admin/generations", {"generations": [], "replce": True})
    assert (reply.status, reply.json()["path"], reply.json()["expected"]) == (
        422, "replce", "one of generations, replace",
    )  # fmt: skip
