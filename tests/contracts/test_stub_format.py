"""The stub file's format: what a person may write, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tgi_contracts import violations


def stubs(*each: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "stubs": list(each)}


@pytest.mark.parametrize(
    "stub",
    [
        {"answer": {"text": "Paris."}},
        {"when": {"route": ["/", "/generate"], "streaming": False}, "answer": {"text": ""}},
        {
            "when": {"inputs": {"matches": "^Why"}, "headers": {"X-Test": "1"}},
            "answer": {"error": "overload"},
        },
        {
            "when": {"parameters": {"seed": {"absent": True}, "top_p": 0.5}},
            "answer": {"tokens": ["a", {"text": "b"}]},
        },
        {
            "when": {"body": {"subset": {"model": "x"}}},
            "answer": {"tool_call": {"name": "f", "arguments": {}}},
        },
        {
            "answers": [{"error": "model_failure", "after_tokens": 2}, {"exchange": "generate.plain"}],
            "times": 3,
        },
        {"answer": {"raw": {"status": 502, "headers": {"a": "b"}, "body": "<html>"}}, "priority": -1},
        {"answer": {"text": "a"}, "scenario": {"name": "login", "state": "start", "next": "in"}},
    ],
)
def test_what_a_stub_may_be(stub: dict[str, Any]) -> None:
    assert violations(stubs(stub), "StubFile") == []


@pytest.mark.parametrize(
    ("stub", "where"),
    [
        ({}, "$.stubs[0]"),
        ({"answer": {}}, "$.stubs[0].answer"),
        ({"answer": {"text": "a", "error": "overload"}}, "$.stubs[0].answer"),
        ({"answer": {"text": "a"}, "answers": [{"text": "b"}]}, "$.stubs[0]"),
        ({"answer": {"text": "a"}, "times": 0}, "$.stubs[0].times"),
        ({"answer": {"text": "a"}, "when": {"input": "x"}}, "$.stubs[0].when.input"),
        ({"answer": {"text": "a"}, "when": {"inputs": {}}}, "$.stubs[0].when.inputs"),
        ({"answer": {"text": "a"}, "when": {"route": "generate"}}, "$.stubs[0].when.route"),
        ({"answer": {"tokens": []}}, "$.stubs[0].answer.tokens"),
    ],
)
def test_what_is_refused_is_told_by_its_place(stub: dict[str, Any], where: str) -> None:
    assert [v.where for v in violations(stubs(stub), "StubFile")][:1] == [where]


def test_a_newer_version_is_refused() -> None:
    assert [v.where for v in violations({"version": 2, "stubs": []}, "StubFile")] == ["$.version"]
