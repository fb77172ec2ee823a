"""What real servers said is read: the router's recorded exchanges, and the answers of real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from text_generation import types as t
from text_generation._folding import GENERATION, chat_complete, chat_protocol, completion_protocol, response
from text_generation._operations import read_response
from text_generation._refusals import error_for_answer
from text_generation._streams import StreamReader
from text_generation.errors import TextGenerationError

pytestmark = pytest.mark.needs_shared

PROFILES = [
    "auth",
    "default",
    "fuzz",
    "large",
    "limits",
    "no-template",
    "overload",
    "sick",
    "template-chatml",
    "template-inst",
    "template-namespace",
    "template-system_first",
    "template-tools",
    "template-values",
    "template-whitespace",
]
GENERATES = ("/", "/generate", "/generate_stream", "/invocations")


def _exchanges(shared: Path, profile: str) -> list[dict[str, Any]]:
    lines = (shared / "oracle" / "exchanges" / f"{profile}.jsonl").read_text(encoding="utf-8").split("\n")
    return [json.loads(line) for line in lines if line]


def _protocol(path: str, body: str) -> Any:
    if path == "/v1/chat/completions" or '"chat.completion.chunk"' in body[:200]:
        return chat_protocol(1)
    if path == "/v1/completions" or '"text_completion"' in body[:200]:
        return completion_protocol(1)
    return GENERATION


@pytest.mark.parametrize("profile", PROFILES)
def test_recorded_streams_are_read(shared: Path, profile: str) -> None:
    """Each ends whole or in the error that it reports, and every event is accounted for."""
    streams = 0
    for exchange in _exchanges(shared, profile):
        answer = exchange["response"]
        headers = dict(answer["headers"])
        if not headers.get("content-type", "").startswith("text/event-stream"):
            continue
        streams += 1
        body = "".join(answer["chunks"])
        events = body.count("data:") - body.count("data: [DONE]")
        reader: Any = StreamReader(_protocol(exchange["request"]["path"], body), answer["status"], headers)
        items: list[Any] = []
        error: TextGenerationError | None = None
        try:
            for chunk in answer["chunks"]:
                reader.feed(chunk.encode())
                while found := reader.take():
                    items += found
            reader.finish()
            while found := reader.take():
                items += found
        except TextGenerationError as raised:
            error = raised
        reports = [
            chunk for chunk in answer["chunks"] if '"error":' in chunk and chunk.startswith('data: {"error"')
        ]
        name = exchange["name"]
        if reports:
            assert error is not None, name
            found_text = json.loads(reports[0][6:])["error"]
            assert str(error) == (found_text if isinstance(found_text, str) else found_text["message"]), name
            assert len(items) == answer["chunks"].index(reports[0]), name
        else:
            assert error is None, (name, error)
            assert len(items) == events, name
    assert streams or profile not in ("default", "fuzz", "limits")


@pytest.mark.parametrize("profile", PROFILES)
def test_recorded_answers_are_read(shared: Path, profile: str) -> None:
    """Each success is the type of its route; each refusal is one of our errors, in the server's words."""
    for exchange in _exchanges(shared, profile):
        answer, path = exchange["response"], exchange["request"]["path"].partition("?")[0]
        headers = dict(answer["headers"])
        body = "".join(answer["chunks"]).encode()
        kind = headers.get("content-type", "")
        if kind.startswith("text/event-stream") or exchange["request"]["method"] == "HEAD":
            continue
        if answer["status"] >= 400:
            error = error_for_answer(answer["status"], headers, body, None)
            assert error.status == answer["status"]
            if kind == "application/json":
                assert str(error) == json.loads(body)["error"], exchange["name"]
            elif body:
                assert str(error) == body.decode().strip()[:2000], exchange["name"]
            else:
                assert str(answer["status"]) in str(error)
            continue
        if answer["status"] != 200 or kind != "application/json":
            continue
        text = body.decode()
        if path in GENERATES and '"generated_text"' in text[:30]:
            assert read_response(body).generated_text is not None
        elif '"chat.completion"' in text[:60]:
            t.ChatComplete.model_validate_json(body)
        elif '"text_completion"' in text[:60]:
            t.Completion.model_validate_json(body)


def _shaped(data: Any) -> Any:
    """A snapshot's values as types; lists of lists hold several streams."""
    if isinstance(data, list) and data and isinstance(data[0], list):
        return [_shaped(one) for one in data]
    if isinstance(data, list) and data and "token" in data[0]:
        return response([t.StreamResponse.model_validate(one) for one in data])
    if isinstance(data, list) and data and "delta" in json.dumps(data[0]):
        return chat_complete([t.ChatCompletionChunk.model_validate(one) for one in data])
    if isinstance(data, list):
        return [_shaped(one) for one in data]
    if "generated_text" in data:
        return t.Response.model_validate(data)
    if data["object"] == "chat.completion":
        return t.ChatComplete.model_validate(data)
    if data["object"] == "chat.completion.chunk":
        return t.ChatCompletionChunk.model_validate(data)
    return t.Completion.model_validate(data)


def test_answers_of_real_models_are_read(shared: Path) -> None:
    """All that TGI's own tests recorded on GPUs, streams and tool calls among them."""
    files = sorted((shared / "snapshots").glob("*.json"))
    assert len(files) > 100
    for file in files:
        data = json.loads(file.read_text(encoding="utf-8"))
        shaped = _shaped(data)
        assert shaped or data == []
        if isinstance(shaped, t.Response) and shaped.details is not None:
            assert shaped.details.generated_tokens == len(shaped.details.tokens)
        if isinstance(shaped, t.ChatComplete):
            for choice in shaped.choices:
                for call in choice.message.tool_calls or []:
                    assert isinstance(call.function.parsed, dict), file.name
