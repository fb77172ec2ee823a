"""The table of errors comes true: row by row in the fake, and in both clients where a client can cause it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.server import Server
from fake_tgi.tokenizer import Tokenizer
from tests.client.faces import Async, Sync
from tests.fake.asking import ask
from text_generation import errors
from tgi_contracts import ErrorRow, body_of, check_error, error_rows, exchange_of

from .causes import fake_where

ROWS = error_rows()


@cache
def tokenizer() -> Tokenizer:
    return Tokenizer.load()


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_fake_answers_as_the_row_says(row: ErrorRow, tmp_path: Path) -> None:
    app = fake_where(row.server, tmp_path, tokenizer())
    body = body_of(row.request)
    headers = dict(row.request["headers"])
    reply = ask(app, row.method, row.path, headers=headers, raw=b"" if body is None else body)
    seen = exchange_of(row.method, row.path, body, reply.status, reply.headers.items(), reply.body)
    assert [str(violation) for violation in check_error(row, seen["response"])] == []


# -- The clients. They send whole bodies only, to six of the routes; of those they can send anything.

CALLS = {
    "/": "generate",
    "/generate": "generate",
    "/generate_stream": "generate_stream",
    "/v1/chat/completions": "chat",
    "/v1/completions": "completion",
    "/tokenize": "tokenize",
    "/chat_tokenize": "chat_tokenize",
}
FIRST_ARGUMENT = {
    "generate": "inputs",
    "generate_stream": "inputs",
    "tokenize": "inputs",
    "chat": "messages",
    "chat_tokenize": "messages",
    "completion": "prompt",
}
#: As the tree in text_generation.errors promises.
RAISED: dict[str, type[errors.TextGenerationError]] = {
    "wrong_type": errors.ValidationError,
    "too_large": errors.RequestTooLargeError,
    "no_key": errors.AuthenticationError,
    "validation": errors.ValidationError,
    "overload": errors.OverloadedError,
    "model_failure": errors.GenerationError,
    "incomplete": errors.IncompleteGenerationError,
    "template": errors.TemplateError,
    "tool": errors.ToolError,
    "grammar": errors.ValidationError,
    "batch": errors.ValidationError,
    "suffix": errors.ValidationError,
}


def body_to_send(row: ErrorRow) -> dict[str, Any] | None:
    """The body of a row, if a client can send it: a JSON object that has what the call is about."""
    if row.method != "POST" or row.path not in CALLS:
        return None
    if row.request["headers"].get("Content-Type") != "application/json":
        return None
    try:
        body = json.loads(body_of(row.request) or b"")
    except ValueError:
        return None
    return body if isinstance(body, dict) and FIRST_ARGUMENT[CALLS[row.path]] in body else None


CAUSED = [row for row in ROWS if body_to_send(row) is not None]


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Iterator[Any]:
    made = request.param()
    yield made
    made.finish()


def call(face: Any, row: ErrorRow, base_url: str) -> tuple[list[Any], BaseException | None]:
    """The items that a client hands out for a row's request, and what it raises."""
    body = body_to_send(row)
    assert body is not None
    method = CALLS[row.path]
    if method == "generate" and row.stream:
        method = "generate_stream"
    if row.path in ("/generate", "/generate_stream"):
        base_url += row.path
    headers = {name: value for name, value in row.request["headers"].items() if name != "Content-Type"}
    client = face.client(base_url, headers=headers)
    first = [{"role": "user", "content": "x"}] if FIRST_ARGUMENT[method] == "messages" else "x"
    if method == "generate_stream" or (row.stream and method in ("chat", "completion")):
        options = {} if method == "generate_stream" else {"stream": True}
        items, error = face.collect(face.stream(client, method, first, extra=body, **options))
        return items, error
    try:
        return [face.call(client, method, first, extra=body)], None
    except errors.TextGenerationError as error:
        return [], error


def message_of(row: ErrorRow) -> str:
    """What the server says in words, as a pattern; where it says nothing, what the client says of that."""
    answer = row.answer
    said = answer["event"] if "event" in answer else answer["body"]
    if isinstance(said, dict):
        said = said["error"] if isinstance(said["error"], str) else said["error"]["message"]
    if said == "":
        return rf"{answer['status']} \w+ \(the server sent no message\)"
    pattern = re.escape(said)
    for name in row.free:
        pattern = pattern.replace(re.escape(f"{{{name}}}"), "[0-9]+")
    # Where in the body it was depends on what else the client sends.
    return re.sub(r"\\ at\\ line\\ [0-9]+\\ column\\ [0-9]+$", r" at line 1 column [0-9]+", pattern)


@pytest.mark.parametrize("row", CAUSED, ids=str)
def test_each_client_raises_what_the_tree_of_errors_promises(
    face: Any, row: ErrorRow, tmp_path: Path
) -> None:
    with Server(fake_where(row.server, tmp_path, tokenizer())) as server:
        items, error = call(face, row, server.base_url)
    if "event" in row.answer and row.answer["event"] is None:
        # `[DONE]` alone: the router keeps what was wrong with the tool call to itself
        assert (items, error) == ([], None)
        return
    assert isinstance(error, errors.TextGenerationError), f"{error!r} after {items}"
    assert type(error) is RAISED[row.cause], repr(error)
    assert re.fullmatch(message_of(row), str(error)), str(error)
    assert error.status == row.answer["status"]
    assert len(items) == row.answer.get("tokens_before", 0)
    if "tokens_before" in row.answer:
        assert error.partial is not None
        assert list(error.partial.items) == items


def test_a_client_says_that_an_unhealthy_server_is_so(face: Any, tmp_path: Path) -> None:
    (row,) = (row for row in ROWS if row.id == "health.unhealthy")
    with Server(fake_where(row.server, tmp_path, tokenizer())) as server:
        assert face.call(face.client(server.base_url), "health") is False


def test_only_what_no_client_sends_is_left_to_the_fake_alone() -> None:
    """Broken JSON, other content types and methods, missing members, and the routes of other platforms."""
    alone = {row.id: row for row in ROWS if row not in CAUSED}
    mute = {"bad_json", "content_type", "other_method", "unknown_path", "health"}
    for row in alone.values():
        platform = row.path in ("/vertex", "/invocations")
        missing = row.cause == "wrong_type" and row.id.endswith("missing_field")
        assert platform or missing or row.cause in mute or row.method != "POST", row.id
    assert {row.cause for row in CAUSED} == set(RAISED)
