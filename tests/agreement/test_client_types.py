"""Client types against contracts: whatever a contract allows as an answer, the client reads without loss."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from fake_tgi.drawing.schema_values import json_values
from tests.contracts.answered import answered
from text_generation import types as t
from tgi_contracts import endpoint, is_valid, recordings, schema
from tgi_contracts._resolved import resolved

from ..sweeps import examples

#: The type that reads what the schema describes.
TYPES: dict[str, Any] = {
    "BestOfSequence": t.BestOfSequence,
    "ChatCompletion": t.ChatComplete,
    "ChatCompletionChunk": t.ChatCompletionChunk,
    "ChatTokenizeResponse": t.ChatTokenizeResponse,
    "Chunk": t.CompletionChunk,
    "ClientBestOfSequence": t.BestOfSequence,
    "ClientChatCompletion": t.ChatComplete,
    "ClientChatCompletionChunk": t.ChatCompletionChunk,
    "ClientCompatGenerateResponse": list[t.Response],
    "ClientGenerateResponse": t.Response,
    "ClientStreamResponse": t.StreamResponse,
    "CompatGenerateResponse": list[t.Response],
    "CompletionFinal": t.Completion,
    "DeployedModels": list[t.DeployedModel],
    "Details": t.Details,
    "FinalChunk": t.CompletionChunk,
    "FinishReason": t.FinishReason,
    "GenerateResponse": t.Response,
    "Info": t.Info,
    "ModelInfo": t.Model,
    "PrefillToken": t.InputToken,
    "StreamDetails": t.StreamDetails,
    "StreamResponse": t.StreamResponse,
    "Token": t.Token,
    "TokenizeResponse": list[t.SimpleToken],
}
#: Constants that a type has no member for.
LEFT_OUT = {"object"}


def adapter(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(TYPES[name])


def lost(value: Any, read: Any, where: str = "$") -> Iterator[str]:
    """What of a value is not in what was read of it; null and absent are the same."""
    if isinstance(value, dict) and isinstance(read, dict):
        for name, member in value.items():
            if name not in read and member is not None and name not in LEFT_OUT:
                yield f"{where}.{name}: gone"
            elif name in read:
                yield from lost(member, read[name], f"{where}.{name}")
    elif isinstance(value, list) and isinstance(read, list) and len(value) == len(read):
        for i, (item, other) in enumerate(zip(value, read, strict=True)):
            yield from lost(item, other, f"{where}[{i}]")
    elif isinstance(value, float) and isinstance(read, float):
        if not math.isclose(value, read):
            yield f"{where}: {value} became {read}"
    elif value != read:
        yield f"{where}: {value!r} became {read!r}"


def read_without_loss(value: Any, name: str) -> list[str]:
    """What is lost when the bytes of a value are read as the type of a schema."""
    made = adapter(name)
    return list(lost(value, made.dump_python(made.validate_json(json.dumps(value)), mode="json")))


@pytest.mark.parametrize("name", TYPES)
def test_every_example_of_a_schema_is_read(name: str) -> None:
    for example in schema(name)["examples"]:
        assert read_without_loss(example, name) == []


@pytest.mark.parametrize("name", TYPES)
def test_whatever_satisfies_a_schema_is_read(name: str) -> None:
    @settings(max_examples=examples(60), deadline=None, suppress_health_check=list(HealthCheck))
    @given(value=json_values(resolved(name)))
    def check(value: Any) -> None:
        assume(is_valid(value, name))
        assert read_without_loss(value, name) == []

    check()


def test_every_recorded_answer_and_event_is_read() -> None:
    """Errors, texts and the end marker are not for types; see test_errors.py."""
    read: Counter[str] = Counter()
    for exchange in recordings():
        request, response = exchange["request"], exchange["response"]
        if request["method"] == "HEAD" or response["status"] != 200:
            continue
        for value, _ in answered(exchange):
            if not isinstance(value, (dict, list)) or "error" in value:
                continue
            names = [name for name in ANSWERS if is_valid(value, name)]
            if names:
                assert read_without_loss(value, names[0]) == [], exchange["name"]
                read[names[0]] += 1
            else:
                assert request["path"].partition("?")[0] in NO_CALL, exchange["name"]
    assert read.total() > 2_000
    assert {name for name in ANSWERS if not name.startswith("Client")} - set(read) == {"DeployedModels"}


#: Routes that no method of the client asks.
NO_CALL = {"/vertex", "/v1/models", "/api-doc/openapi.json"}


#: Those of whole answers and events. What a client wrote down comes last: some of it is what a server sends.
PARTS = {"BestOfSequence", "ClientBestOfSequence", "Details", "FinishReason", "ModelInfo", "PrefillToken"}
PARTS |= {"StreamDetails", "Token"}
ANSWERS = sorted(TYPES.keys() - PARTS, key=lambda name: (name.startswith("Client"), name))


def test_every_answer_of_a_call_has_a_type() -> None:
    """What the routes of the client's calls answer with status 200, by the table of routes."""
    calls = [
        ("POST", "/"), ("POST", "/generate"), ("POST", "/generate_stream"), ("POST", "/v1/chat/completions"),
        ("POST", "/v1/completions"), ("POST", "/tokenize"), ("POST", "/chat_tokenize"), ("GET", "/info"),
        ("GET", "/framework/text-generation-inference"),
    ]  # fmt: skip
    for method, path in calls:
        for form in endpoint(method, path).answers[200]:
            for example in schema(form.schema)["examples"]:
                if isinstance(example, (dict, list)) and "error" not in example:
                    assert any(is_valid(example, name) for name in TYPES), (path, form.schema)


@given(extra=st.dictionaries(st.text(max_size=5).map(lambda s: f"new_{s}"), st.integers(), min_size=1))
def test_what_a_newer_server_adds_does_not_hinder_reading(extra: dict[str, int]) -> None:
    for name in ("GenerateResponse", "StreamResponse", "ChatCompletion", "CompletionFinal", "Info"):
        for example in schema(name)["examples"]:
            assert read_without_loss(example, name) == []
            adapter(name).validate_python({**example, **extra})
