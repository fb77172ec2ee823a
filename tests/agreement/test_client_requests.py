"""What the clients send: it satisfies the contracts of its route, and both send the same bytes."""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client.faces import Async, Sync
from tests.client.raw_server import RawServer, Seen, response
from text_generation import Client, errors
from text_generation import types as t
from tgi_contracts import endpoint, endpoints, violations

from ..sweeps import examples

REFUSAL = b'{"error":"not today","error_type":"validation"}'
#: Each client says which library it goes through; the rest is what a connection needs.
NOT_COMPARED = {"user-agent", "host", "connection"}


class City(pydantic.BaseModel):
    """A town."""

    name: str
    inhabitants: int


class Mood(enum.Enum):
    GOOD = "good"
    BAD = "bad"


def get_weather(location: str, days: int = 1) -> str:
    """The weather to come."""
    return f"{location}: rain for {days} days"


MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hé! 😀\n\u2028"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
PARTS: list[dict[str, Any]] = [
    {"type": "text", "text": "What is this?"},
    {"type": "image_url", "image_url": {"url": "https://example.invalid/a.png"}},
]
CALLED = {
    "role": "assistant",
    "tool_calls": [{"id": "0", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}
GRAMMAR = {"type": "regex", "value": "[0-9]+"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
SAMPLING: dict[str, Any] = {"temperature": 0.7, "top_k": 10, "top_p": 0.9, "typical_p": 0.5}

#: One call of each kind: the method, what it is about, and its arguments.
CALLS: list[tuple[str, Any, dict[str, Any]]] = [
    ("generate", "x", {}),
    ("generate", "\u00e9\U0001f600\u2028\\\"\x00", {"return_full_text": True}),
    ("generate", "x", {"do_sample": True, "best_of": 2, "max_new_tokens": 1, **SAMPLING}),
    ("generate", "x", {"do_sample": True, "seed": 0, "watermark": True, "truncate": 1}),
    ("generate", "x", {"seed": 2**64 - 1, "decoder_input_details": True, "top_n_tokens": 5}),
    ("generate", "x", {"top_p": 1.0, "repetition_penalty": 1.2, "frequency_penalty": 0.5}),
    ("generate", "x", {"stop_sequences": ["a", "\n"], "adapter_id": "lora"}),
    ("generate", "x", {"grammar": GRAMMAR}),
    ("generate", "x", {"grammar": {"type": "json", "value": SCHEMA}}),
    ("generate", "x", {"output": City}),
    ("generate", "x", {"output": Mood}),
    ("generate", "x", {"output": Literal["yes", "no"]}),
    ("generate", "x", {"output": re.compile("[a-z]{2}")}),
    ("generate", "x", {"omit_nulls": True}),
    ("generate", "x", {"extra": {"parameters": {"max_new_tokens": None}, "new": 1}}),
    ("generate_stream", "x", {}),
    ("generate_stream", "x", {"seed": 5, "top_n_tokens": 2, "stop_sequences": ["."], **SAMPLING}),
    ("generate_stream", "x", {"output": City}),
    ("chat", MESSAGES, {}),
    ("chat", MESSAGES, {"stream": True, "stream_options": {"include_usage": True}}),
    ("chat", MESSAGES, {"max_tokens": 5, "seed": 0, "temperature": 0.0, "top_p": 1.0, "stop": ["."]}),
    ("chat", MESSAGES, {"logprobs": True, "top_logprobs": 5, "frequency_penalty": -2.0}),
    ("chat", MESSAGES, {"presence_penalty": 0.5, "logit_bias": [0.5], "n": 1, "repetition_penalty": 1.1}),
    ("chat", [{"role": "user", "content": PARTS}], {}),
    ("chat", [t.Message(role="user", content="x")], {"model": "other"}),
    ("chat", [*MESSAGES, CALLED, {"role": "tool", "content": "rain", "tool_call_id": "0"}], {}),
    ("chat", MESSAGES, {"tools": [TOOL], "tool_choice": "auto", "tool_prompt": "Choose."}),
    ("chat", MESSAGES, {"tools": [TOOL], "tool_choice": "f"}),
    ("chat", MESSAGES, {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}}),
    ("chat", MESSAGES, {"tools": [get_weather], "tool_choice": "required"}),
    ("chat", MESSAGES, {"response_format": {"type": "json", "value": SCHEMA}}),
    ("chat", MESSAGES, {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}}),
    ("chat", MESSAGES, {"output": City}),
    ("chat", MESSAGES, {"output": Mood, "stream": True}),
    ("chat", MESSAGES, {"omit_nulls": True}),
    ("completion", "x", {}),
    ("completion", ["x", "y"], {"stream": True, "max_tokens": 5, "seed": 1}),
    ("completion", "x", {"temperature": 0.5, "top_p": 0.5, "stop": ["."], "model": "m"}),
    ("completion", "x", {"frequency_penalty": 1.0, "repetition_penalty": 1.5, "omit_nulls": True}),
    ("tokenize", "x\U0001f600", {}),
    ("chat_tokenize", MESSAGES, {}),
    ("info", None, {}),
    ("health", None, {}),
    ("metrics", None, {}),
    ("models", None, {}),
]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[RawServer]:
    """Refuses everything, and remembers it."""
    with RawServer([response(422, REFUSAL)]) as made:
        made.repeat = True
        yield made


@pytest.fixture(scope="module")
def faces() -> Iterator[tuple[Sync, Async]]:
    made = (Sync(), Async())
    yield made
    for face in made:
        face.finish()


def sent(
    face: Sync | Async, server: RawServer, method: str, about: Any, options: dict[str, Any], path: str = ""
) -> tuple[Seen | None, str]:
    """The request that one client makes of a call, and what it raises; None if it sends nothing."""
    client = face.clients[-1] if face.clients and not path else face.client(server.url + path)
    server.seen.clear()
    arguments = () if about is None else (about,)
    try:
        if method == "generate_stream" or options.get("stream"):
            _, error = face.collect(face.stream(client, method, *arguments, **options))
            assert error is not None
        else:
            face.call(client, method, *arguments, **options)
            raise AssertionError("the server refuses everything")
    except (errors.TextGenerationError, pydantic.ValidationError) as raised:
        error = raised
    assert len(server.seen) <= 1
    return (server.seen[0] if server.seen else None), f"{type(error).__name__}: {error}"


def wire(request: Seen) -> tuple[str, str, bytes, dict[str, str]]:
    headers = {name: value for name, value in request.headers.items() if name not in NOT_COMPARED}
    return request.method, request.path, request.body, headers


def check(request: Seen) -> None:
    """The request has a route, and its body satisfies the schema of that route."""
    wanted = endpoint(request.method, request.path).request
    assert (wanted is None) == (request.body == b"")
    if wanted is not None:
        assert request.headers["content-type"] == "application/json"
        assert [str(v) for v in violations(json.loads(request.body), wanted)] == []


@pytest.mark.parametrize(("method", "about", "options"), CALLS, ids=lambda value: str(value)[:40])
def test_a_call_sends_what_its_route_takes_and_both_clients_the_same(
    faces: tuple[Sync, Async], server: RawServer, method: str, about: Any, options: dict[str, Any]
) -> None:
    (one, said), (other, also) = (sent(face, server, method, about, options) for face in faces)
    assert one is not None
    assert other is not None
    check(one)
    assert wire(one) == wire(other)
    assert said == also


@pytest.mark.parametrize("path", ["/generate", "/generate_stream", "/models/bigscience/bloomz"])
@pytest.mark.parametrize("method", ["generate", "generate_stream"])
def test_the_other_routes_that_generate_get_what_they_take(
    faces: tuple[Sync, Async], server: RawServer, method: str, path: str
) -> None:
    requests = [sent(face, server, method, "x", {"do_sample": True, "seed": 1}, path)[0] for face in faces]
    for face in faces:
        face.client(server.url)  # the next test's
    one, other = requests
    assert one is not None
    assert other is not None
    check(one)
    assert wire(one) == wire(other)


TEXTS = st.text(min_size=1, max_size=20)
GENERATION = st.fixed_dictionaries(
    {},
    optional={
        "do_sample": st.booleans(),
        "max_new_tokens": st.integers(1, 2**32 - 1),
        "best_of": st.none() | st.integers(1, 4),
        "repetition_penalty": st.none() | st.floats(0.1, 10),
        "frequency_penalty": st.none() | st.floats(0.1, 2),
        "return_full_text": st.booleans(),
        "seed": st.none() | st.integers(0, 2**64 - 1),
        "stop_sequences": st.none() | st.lists(TEXTS, max_size=4),
        "temperature": st.none() | st.floats(0.01, 100),
        "top_k": st.none() | st.integers(1, 2**31 - 1),
        "top_p": st.none() | st.floats(0.01, 0.99) | st.just(1.0),
        "truncate": st.none() | st.integers(1, 2**31),
        "typical_p": st.none() | st.floats(0.01, 0.99),
        "watermark": st.booleans(),
        "decoder_input_details": st.booleans(),
        "top_n_tokens": st.none() | st.integers(1, 5),
        "adapter_id": st.none() | TEXTS,
        "omit_nulls": st.booleans(),
    },
)
CHAT = st.fixed_dictionaries(
    {},
    optional={
        "repetition_penalty": st.none() | st.floats(0.1, 10),
        "frequency_penalty": st.none() | st.floats(-2, 2),
        "logit_bias": st.none() | st.lists(st.floats(-1, 1), max_size=3),
        "logprobs": st.none() | st.booleans(),
        "top_logprobs": st.none() | st.integers(0, 5),
        "max_tokens": st.none() | st.integers(1, 2**32 - 1),
        "n": st.none() | st.integers(1, 4),
        "presence_penalty": st.none() | st.floats(-1.9, 2),
        "stream": st.booleans(),
        "seed": st.none() | st.integers(0, 2**64 - 1),
        "temperature": st.none() | st.floats(0, 100),
        "top_p": st.none() | st.floats(0.01, 0.99) | st.just(1.0),
        "tool_choice": st.none() | st.sampled_from(["auto", "none", "required", "f"]),
        "tools": st.none() | st.just([TOOL]),
        "tool_prompt": st.none() | TEXTS,
        "stop": st.none() | st.lists(TEXTS, max_size=4),
        "omit_nulls": st.booleans(),
    },
)
MESSAGE = st.fixed_dictionaries({"role": st.sampled_from(["user", "system", "assistant"]), "content": TEXTS})
COMPLETION = st.fixed_dictionaries(
    {},
    optional={
        "frequency_penalty": st.none() | st.floats(-2, 2),
        "max_tokens": st.none() | st.integers(1, 2**32 - 1),
        "repetition_penalty": st.none() | st.floats(0.1, 10),
        "seed": st.none() | st.integers(0, 2**64 - 1),
        "stream": st.booleans(),
        "temperature": st.none() | st.floats(0, 100),
        "top_p": st.none() | st.floats(0.01, 0.99) | st.just(1.0),
        "stop": st.none() | st.lists(TEXTS, max_size=4),
        "omit_nulls": st.booleans(),
    },
)
CALL = st.one_of(
    st.tuples(st.just("generate"), TEXTS, GENERATION),
    st.tuples(
        st.just("generate_stream"),
        TEXTS,
        GENERATION.map(lambda given: {k: v for k, v in given.items() if k not in NOT_STREAMED}),
    ),
    st.tuples(st.just("chat"), st.lists(MESSAGE, min_size=1, max_size=3), CHAT),
    st.tuples(st.just("completion"), TEXTS | st.lists(TEXTS, min_size=1, max_size=3), COMPLETION),
    st.tuples(st.just("tokenize"), TEXTS, st.just({})),
)
NOT_STREAMED = {"best_of", "decoder_input_details"}


@settings(max_examples=examples(200), deadline=None, suppress_health_check=list(HealthCheck))
@given(call=CALL)
def test_whatever_is_asked_both_clients_send_the_same_or_refuse_alike(
    faces: tuple[Sync, Async], server: RawServer, call: tuple[str, Any, dict[str, Any]]
) -> None:
    """Refused beforehand is what the arguments together forbid: best_of without sampling, say."""
    (one, said), (other, also) = (sent(face, server, *call) for face in faces)
    assert said == also
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        check(one)
        assert wire(one) == wire(other)


def test_every_route_that_a_call_can_reach_is_reached_here() -> None:
    """All but the platforms' own routes, the documents, and the routes that the hosted API's client asks."""
    left = {"/vertex", "/invocations", "/ping", "/docs", "/docs/", "/docs/{file}"}
    left |= {"/api-doc/openapi.json"}
    reached = {"generate": "/", "chat": "/v1/chat/completions", "completion": "/v1/completions",
               "tokenize": "/tokenize", "chat_tokenize": "/chat_tokenize", "info": "/info",
               "health": "/health", "metrics": "/metrics", "models": "/v1/models",
               "generate_stream": "/generate_stream"}  # fmt: skip
    assert {method for method, _, _ in CALLS} == set(reached)
    assert all(hasattr(Client, method) for method in reached)
    routes = {each.path for each in endpoints() if each.origin == "router"}
    assert routes - left - set(reached.values()) == {"/generate"}  # reached by the base URL, above
