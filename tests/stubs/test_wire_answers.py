"""Answers that are bytes already are sent as they are: raw ones, and those of recorded exchanges."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from fake_tgi.matching import FormError
from fake_tgi.recordings.recording import parse_recording
from fake_tgi.server import Server
from fake_tgi.stubs import Raw, Recorded, Stub, read_stub
from tests.fake.asking import Reply, ask
from tests.stubs.serving import post, stubbed
from tgi_contracts import recordings

pytestmark = pytest.mark.damages_answers  # bytes of anybody's keep no contract


def answered(answer: Any) -> Reply:
    return post(stubbed(Stub(answer=answer)))


def test_raw_bytes_have_their_status_headers_and_length() -> None:
    reply = answered(
        Raw("<html>Bad Gateway</html>", status=502, headers={"Content-Type": "text/html", "X-A": "1"})
    )
    assert (reply.status, reply.text) == (502, "<html>Bad Gateway</html>")
    assert reply.headers["content-type"] == "text/html"
    assert reply.headers["x-a"] == "1"
    assert reply.headers["content-length"] == "24"


def test_raw_chunks_are_sent_one_by_one() -> None:
    reply = answered(Raw(["data: {}", "\n\n", b"\xff"]))
    assert reply.chunks == [b"data: {}", b"\n\n", b"\xff"]
    assert "content-length" not in reply.headers


def test_bytes_alone_are_a_raw_answer_and_none_at_all_an_empty_one() -> None:
    assert answered(b"\x00\x01").body == b"\x00\x01"
    assert (answered(Raw(status=204)).status, answered(b"").body) == (204, b"")


@pytest.mark.parametrize(
    ("written", "body", "content_type"),
    [
        ({"body": "é"}, "é".encode(), None),
        ({"body_b64": "/w=="}, b"\xff", None),
        ({"json": {"a": [1, "é"]}}, '{"a":[1,"é"]}'.encode(), "application/json"),
        ({"json": None, "headers": {"Content-Type": "text/x"}}, b"null", "text/x"),
        ({}, b"", None),
    ],
)
def test_a_raw_answer_can_be_written_in_three_ways(
    written: dict[str, Any], body: bytes, content_type: str | None
) -> None:
    reply = post(stubbed(read_stub({"answer": {"raw": written}})))
    assert (reply.body, reply.headers.get("content-type")) == (body, content_type)


@pytest.mark.parametrize(
    ("written", "chunks"),
    [
        ({"chunks": ["data: é", "\n\n"]}, ["data: é".encode(), b"\n\n"]),
        ({"chunks_b64": ["/w==", "YQ=="]}, [b"\xff", b"a"]),
        ({"chunks": []}, []),
    ],
)
def test_chunks_are_written_as_in_a_recording_and_shown_as_they_were_said(
    written: dict[str, Any], chunks: list[bytes]
) -> None:
    app = stubbed()
    placed = ask(app, "POST", "/__admin/stubs", {"answer": {"raw": {"status": 200, **written}}})
    assert placed.status == 201
    reply = post(app)
    assert (reply.chunks, reply.headers.get("content-length")) == (chunks, None)
    (stub,) = ask(app, "GET", "/__admin/stubs").json()["stubs"]
    assert stub["answer"] == {"raw": {"status": 200, **written}}
    assert Stub(answer=Raw(chunks)).as_json()["answer"] == stub["answer"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ({"body": "a", "json": 1}, "answer.raw: expected one of body, body_b64, chunks"),
        ({"body_b64": "?"}, "answer.raw.body_b64: expected base64"),
        ({"chunks_b64": ["YQ==", "?"]}, "answer.raw.chunks_b64[1]: expected base64"),
        ({"chunks": ["a"], "body": "a"}, "answer.raw: expected one of body, body_b64, chunks"),
        ({"status": 100}, "answer.raw.status: expected a status of a whole answer, 200 to 599, got 100"),
        ({"headers": {"Content-Length": "5"}}, "answer.raw.headers.Content-Length: expected no such header"),
        ({"headers": {"a": 5}}, "answer.raw.headers.a: expected string"),
        ({"headers": {"a": "b\r\nc: d"}}, "answer.raw.headers.a: expected a header that HTTP can carry"),
        ({"headers": {"a": "\u20ac"}}, "answer.raw.headers.a: expected a header that HTTP can carry"),
        ({"headers": {"a b": ""}}, 'answer.raw.headers["a b"]: expected a header that HTTP can carry'),
        ({"status": 700}, "answer.raw.status: expected at most 599"),
    ],
)
def test_a_raw_answer_that_cannot_be_sent_is_refused(written: dict[str, Any], told: str) -> None:
    with pytest.raises(FormError) as caught:
        read_stub({"answer": {"raw": written}})
    assert str(caught.value).startswith(told)


@pytest.mark.parametrize("name", ["generate.plain", "generate_stream.plain", "overload.chat"])
def test_a_recorded_exchange_is_answered_byte_for_byte(name: str) -> None:
    exchange = next((each for each in recordings() if each["name"] == name), None)
    assert exchange is not None, f"no recording is called {name}"
    response = exchange["response"]
    reply = post(stubbed(read_stub({"answer": {"exchange": name}})))
    assert reply.status == response["status"]
    assert [chunk.decode() for chunk in reply.chunks] == response["chunks"]
    assert ("content-length" in reply.headers) != response["chunked"]
    ours = {"date", "connection", "transfer-encoding"}
    assert reply.headers == {key: value for key, value in response["headers"] if key not in ours}


def test_a_recorded_exchange_may_be_given_as_a_value() -> None:
    exchange = next(iter(recordings()))
    assert answered(Recorded(parse_recording(exchange))).text == "".join(exchange["response"]["chunks"])


def test_stubs_may_have_paths_that_the_router_has_not_and_read_their_bodies() -> None:
    stub = Stub({"route": "/v1/embeddings", "body": {"subset": {"input": "a"}}}, Raw("[1]"))
    app = stubbed(stub)
    assert ask(app, "POST", "/v1/embeddings", {"input": "a"}).text == "[1]"
    assert ask(app, "POST", "/v1/embeddings", {"input": "b"}).status == 404
    assert ask(app, "POST", "/elsewhere", {}).status == 404


def test_a_body_that_comes_in_pieces_is_read_where_only_a_stub_looks_at_it() -> None:
    app = stubbed(Stub({"route": "/v1/embeddings", "body": {"subset": {"input": "a"}}}, Raw("[1]")))

    def pieces() -> Iterator[bytes]:
        yield b'{"input":'
        time.sleep(0.05)
        yield b' "a"}'

    with Server(app) as server:
        answer = requests.post(f"{server.base_url}/v1/embeddings", data=pieces(), timeout=10)
    assert (answer.status_code, answer.text) == (200, "[1]")


def test_a_head_request_gets_no_body() -> None:
    app = stubbed(Stub({"route": "/info"}, Raw("not info")))
    assert ask(app, "HEAD", "/info").body == b""
    assert ask(app, "GET", "/info").text == "not info"
