"""errors.json: its rows keep their routes' contracts, agree with the recordings, and leave nothing out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tgi_contracts import (
    ErrorRow,
    check_error,
    endpoints,
    error_causes,
    error_rows,
    is_valid,
    names,
    recordings,
    violations,
    violations_of,
)
from tgi_contracts._files import table

ROWS = error_rows()
BY_NAME = {exchange["name"]: exchange for exchange in recordings()}
GENERATING = [
    "/",
    "/generate",
    "/generate_stream",
    "/v1/chat/completions",
    "/v1/completions",
    "/invocations",
    "/vertex",
]


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("errors", "ErrorTable"),
        ("endpoints", "EndpointTable"),
        ("controls", "EndpointTable"),
        ("metrics", "MetricsTable"),
    ],
)
def test_the_tables_have_their_schemas_form(name: str, schema: str) -> None:
    assert violations(table(name), schema) == []


def filled(row: ErrorRow) -> Any:
    """The answer with numbers where the table leaves them free."""
    text = json.dumps(row.answer)
    for name in row.free:
        text = text.replace(f"{{{name}}}", "7")
    return json.loads(text)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_what_a_row_says_is_what_the_contracts_of_its_route_allow(row: ErrorRow) -> None:
    answer = filled(row)
    if "event" not in answer:
        assert violations_of(row.method, row.path, answer["status"], answer["body"]) == []
    elif answer["event"] is not None:
        assert violations_of(row.method, row.path, 200, answer["event"], event=True) == []
        if answer["done"]:
            assert violations_of(row.method, row.path, 200, "[DONE]", event=True) == []


@pytest.mark.parametrize("row", [row for row in ROWS if row.recorded], ids=str)
def test_a_recording_that_a_row_names_shows_the_same(row: ErrorRow) -> None:
    """Word for word; but what the model said before it failed, and after how many tokens, is the model's."""
    assert row.recorded is not None
    response = BY_NAME[row.recorded]["response"]
    found = check_error(row, response)
    if row.cause in ("model_failure", "tool"):
        text = "".join(response["chunks"])
        assert all(v.where in ("body", "events") for v in found)
        if row.cause == "model_failure":
            assert "Request failed during generation: Server error: " in text
            assert ("[DONE]" in text) == row.answer.get("done", False)
    else:
        assert found == []


def test_every_cause_is_in_the_table_for_every_route_that_can_have_it() -> None:
    shown = {(row.path, row.cause, row.stream) for row in ROWS}
    posts = [e.path for e in endpoints() if e.method == "POST" and e.origin == "router"]
    wanted = {(path, cause, False) for path in posts for cause in ("bad_json", "wrong_type", "content_type")}
    wanted |= {(path, cause, False) for path in posts for cause in ("too_large", "other_method")}
    wanted |= {(path, "no_key", False) for path in posts if path != "/chat_tokenize"}
    for path in GENERATING:
        for cause in ("validation", "overload", "model_failure", "incomplete"):
            streams = {"/generate_stream": [True], "/generate": [False], "/vertex": [False]}
            wanted |= {(path, cause, stream) for stream in streams.get(path, [False, True])}
    for stream in (False, True):
        for path in ("/v1/chat/completions", "/invocations"):
            wanted |= {(path, cause, stream) for cause in ("template", "tool", "grammar")}
        for path in ("/v1/completions", "/invocations"):
            wanted |= {(path, cause, stream) for cause in ("batch", "suffix")}
        wanted.add(("/", "grammar", stream))
    wanted |= {("/generate", "grammar", False), ("/generate_stream", "grammar", True)}
    wanted |= {
        (path, cause, False) for path in ("/chat_tokenize", "/vertex") for cause in ("template", "tool")
    }
    wanted |= {(path, "health", False) for path in ("/", "/health", "/ping")}
    assert wanted - shown == set()
    assert {row.cause for row in ROWS} == set(error_causes())


#: Inner failures that the source knows and nobody has seen: no request is known to cause them. And a body
#: that breaks off, which a row, having whole requests, cannot show.
NEVER_SEEN = {("/v1/completions", "HeadersError"), ("/v1/completions", "NoDetails")}
NEVER_SEEN |= {("/invocations", "HeadersError"), ("/invocations", "NoDetails")}
NEVER_SEEN |= {(each.path, "UnknownBodyError") for each in endpoints() if each.request is not None}
NEVER_SEEN |= {("/tokenize", "ValidationError"), ("/chat_tokenize", "ValidationError")}
#: A file that is not there is no error of the service, and has no cause in the table.
NEVER_SEEN |= {("/docs/{file}", "Empty")}


def test_every_error_form_of_every_route_is_shown_by_a_row_but_for_those_never_seen() -> None:
    for each in endpoints():
        refusals = [f for forms in each.answers.values() for f in forms if f.status >= 400]
        for form in refusals if each.origin == "router" else ():
            rows = [r for r in ROWS if (r.method, r.path) == (each.method, each.path)]
            answers = [filled(r)["body"] for r in rows if r.answer["status"] == form.status]
            shown = any(is_valid(answer, form.schema) for answer in answers)
            assert shown != ((each.path, form.schema) in NEVER_SEEN), (each.path, form)


def test_ids_are_one_of_a_kind_and_say_their_cause_in_words() -> None:
    assert len({row.id for row in ROWS}) == len(ROWS)
    assert all(row.when.endswith(".") for row in ROWS)


def test_a_row_refuses_another_answer() -> None:
    row = next(row for row in ROWS if row.id == "generate.overload")
    response = BY_NAME["overload.generate"]["response"]
    assert check_error(row, response) == []
    assert [v.where for v in check_error(row, {**response, "status": 503})] == ["status"]
    assert [v.where for v in check_error(row, {**response, "headers": []})] == ["headers.content-type"]
    assert [v.where for v in check_error(row, {**response, "chunks": ["{}"]})] == ["body"]


def test_a_row_of_a_stream_refuses_a_missing_end_and_tokens_too_many() -> None:
    row = next(row for row in ROWS if row.id == "chat_stream.overload")
    response = BY_NAME["overload.chat_stream"]["response"]
    assert check_error(row, response) == []
    assert [v.where for v in check_error(row, {**response, "chunks": response["chunks"][:-1]})] == ["events"]
    assert check_error(row, {**response, "chunks": [response["chunks"][0], *response["chunks"]]}) != []


def test_a_number_that_depends_on_the_tokenizer_may_be_any() -> None:
    row = next(row for row in ROWS if row.id == "generate.too_long")
    for number, holds in (("7", True), ("x", False)):
        body = json.dumps(row.answer["body"]).replace("{tokens}", number)
        response = {"status": 422, "headers": [["content-type", "application/json"]], "chunks": [body]}
        assert (check_error(row, response) == []) is holds


def test_every_error_class_of_the_router_has_a_schema() -> None:
    assert {"ValidationError", "GenerationError", "Overloaded", "TemplateError", "ToolError"} <= set(names())
