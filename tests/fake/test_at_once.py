"""The short way to a whole answer says, counts and records what the long way does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_tgi.app import Application, create_app
from fake_tgi.call import Call
from fake_tgi.connection import Connection
from fake_tgi.endpoints.at_once import AtOnce
from fake_tgi.exposition import exposition
from fake_tgi.frames import Body, Chunks, Head, Work
from fake_tgi.serve import serve
from fake_tgi.settings import Settings
from fake_tgi.templates import ChatTemplate

from ..sweeps import examples
from .asking import make

PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        "max_new_tokens": st.sampled_from([0, 1, 5, 16, 1024, 1025, None, 5000]),
        "best_of": st.sampled_from([None, 1, 2]),
        "temperature": st.sampled_from([None, 0.5, 0.0]),
        "do_sample": st.booleans(),
        "seed": st.sampled_from([None, 7]),
        "details": st.booleans(),
        "decoder_input_details": st.booleans(),
        "return_full_text": st.sampled_from([None, True, False]),
        "stop": st.sampled_from([[], ["e"], ["."]]),
        "truncate": st.sampled_from([None, 1, 3, 0]),
        "top_n_tokens": st.sampled_from([None, 0, 2]),
        "watermark": st.booleans(),
        "adapter_id": st.sampled_from([None, "a"]),
        "grammar": st.sampled_from([None, {"type": "regex", "value": "[a-c]{3}"}]),
    },
)
INPUTS = st.sampled_from(["Hello", "", "Why is the sky blue?", "word " * 1200, "é\n", "Deep Learning? "])
BODIES = st.tuples(
    st.sampled_from(["/generate", "/generate_stream"]),
    st.fixed_dictionaries({"inputs": INPUTS, "parameters": PARAMETERS}),
)
MESSAGES = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["user", "system", "assistant"]),
        "content": INPUTS | st.sampled_from(["What is a tensor?", "What is a graph?"]),
    }
)
CHATS = st.tuples(
    st.just("/v1/chat/completions"),
    st.fixed_dictionaries(
        {"messages": st.lists(MESSAGES, max_size=3)},
        optional={
            "model": st.sampled_from(["tgi", "a/model", None]),
            "max_tokens": st.sampled_from([0, 1, 7, 1025, None, 5000]),
            "temperature": st.sampled_from([None, 0.0, 0.5]),
            "seed": st.just(7),
            "stop": st.sampled_from([[], ["e"]]),
            "logprobs": st.booleans(),
            "top_logprobs": st.just(2),
            "presence_penalty": st.just(0.5),
            "n": st.just(2),
            "stream": st.sampled_from([False, None, True]),
            "stream_options": st.sampled_from([{"include_usage": True}, {"include_usage": False}]),
            "response_format": st.just({"type": "regex", "value": "[a-c]{3}"}),
            "tools": st.just([{"type": "function", "function": {"name": "f", "arguments": {}}}]),
        },
    ),
)
OTHER_TEMPLATE = (
    "{% for message in messages %}{{ message.role }}: {{ message.content | trim }}{% endfor %}{{ bos_token }}"
)


def told(
    app: Application, asked: list[tuple[str, Any]], *, short: bool, each: int
) -> tuple[list[Any], str, list[Any]]:
    """All answers, the books and the journal of a fake whose clock stands still; each is asked so often."""
    app.state.unix_time = lambda: 5  # type: ignore[method-assign]  # its clock stands still, too
    answers = []
    for path, body in [one for one in asked for _ in range(each)]:
        data = json.dumps(body).encode()
        call = Call("POST", path, ((b"content-type", b"application/json"),), data)
        answers.append(said_once(app, call, short=short))
    kept = [
        (event.status, event.body, event.ended, event.generated, event.size, event.streamed, len(event.sent))
        for event in app.state.journal
    ]
    return answers, exposition(app.state.metrics), kept


@pytest.mark.parametrize("template", [None, OTHER_TEMPLATE], ids=["own template", "another template"])
@settings(max_examples=examples(60), deadline=None)
@given(st.lists(BODIES | CHATS, min_size=1, max_size=4), st.integers(1, 3))
def test_both_ways_lead_to_the_same(template: str | None, asked: list[Any], each: int) -> None:
    books = [told(fresh(template), asked, short=short, each=each) for short in (True, False)]
    assert books[0] == books[1]


JSON = ((b"content-type", b"application/json"),)
ODD: dict[str, tuple[Any, bytes]] = {
    "other content type": (((b"content-type", b"text/plain"),), b'{"inputs":"Hello there",%b}'),
    "no content type": ((), b'{"inputs":"Hello there",%b}'),
    "no JSON": (JSON, b'{"inputs":"Hello there",%b'),
    "not UTF-8": (JSON, b'{"inputs":"Hello there \xff",%b}'),
    "a key twice": (JSON, b'{"inputs":"Hello there","inputs":"Hello there",%b}'),
    "more behind it": (JSON, b'{"inputs":"Hello there",%b} "and so on"'),
    "the text elsewhere as well": (JSON, b'{"inputs":"Hello there",%b,"ignored":"Hello there"}'),
    "another text behind it": (
        JSON,
        b'{"inputs":"Hello there","parameters":{"max_new_tokens":3,"adapter_id":"some adapter"}}',
    ),
    "longer than is read": (JSON, b'{"inputs":"Hello there",%b}' + b" " * 2000),
}


def said(app: Application, call: Call, *, short: bool) -> list[list[Any]]:
    """The answers of an app that is asked four times, and whose clock stands still."""
    app.state.unix_time = lambda: 5  # type: ignore[method-assign]  # that of the calendar, too
    return [said_once(app, call, short=short) for _ in range(4)]


def said_once(app: Application, call: Call, *, short: bool) -> list[Any]:
    """The answer, however it is divided into frames."""
    answer: list[Any] = []
    for frame in app.frames(call) if short else serve(app.state, call):
        if isinstance(frame, Work):
            frame.result = frame.run()
        elif isinstance(frame, Head):
            answer.append((frame.status, frame.headers, frame.length))
        elif isinstance(frame, Body):
            answer.append(frame.data)
        elif isinstance(frame, Chunks):
            answer.extend(frame.parts)
    return answer


def fresh(template: str | None = None, **settings: Any) -> Application:
    app = create_app(Settings(**settings), clock=lambda: 0.0, tokenizer=APP.state.tokenizer)
    if template is not None:
        app.state._template = lambda: ChatTemplate(template, "<s>", "</s>")
    return app


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("path", ["/generate", "/generate_stream"])
def test_bodies_that_are_odd_are_answered_in_the_same_way_again_and_again(path: str, name: str) -> None:
    headers, body = ODD[name]
    call = Call("POST", path, headers, body.replace(b"%b", b'"parameters":{"max_new_tokens":3}'))

    answers = [said(fresh(payload_limit=1000), call, short=short) for short in (True, False)]
    assert answers[0] == answers[1]


SAID = "What is a tensor? "
ODD_CHATS: dict[str, dict[str, Any]] = {
    "the assistant has begun": {
        "messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": SAID}]
    },
    "log-probabilities": {"messages": [{"role": "user", "content": SAID}], "logprobs": True},
    "a tool": {
        "tools": [{"type": "function", "function": {"name": "f", "arguments": {}}}],
        "messages": [{"role": "user", "content": SAID}],
    },
    "a format": {
        "response_format": {"type": "regex", "value": "[a-c]{3}"},
        "messages": [{"role": "user", "content": SAID}],
    },
    "another text behind it": {"messages": [{"role": "user", "content": "Hi"}], "model": "some/adapter"},
    "the same text twice": {
        "messages": [{"role": "system", "content": SAID}, {"role": "user", "content": SAID}]
    },
    "no messages": {"messages": [], "ignored": SAID},
    "a text in parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": SAID}]}]},
    "nothing odd": {"messages": [{"role": "user", "content": SAID}]},
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("template", [None, OTHER_TEMPLATE], ids=["own template", "another template"])
@pytest.mark.parametrize("name", ODD_CHATS)
def test_chats_that_are_odd_are_answered_in_the_same_way_again_and_again(
    name: str, template: str | None, stream: bool
) -> None:
    body = {"max_tokens": 3, "seed": 1, "stream": stream, **ODD_CHATS[name]}
    call = Call("POST", "/v1/chat/completions", JSON, json.dumps(body).encode())
    answers = [said(fresh(template), call, short=short) for short in (True, False)]
    assert answers[0] == answers[1]


def test_a_body_that_broke_off_and_a_client_that_does_not_read_take_the_long_way() -> None:
    body = b'{"inputs":"Hello there","parameters":{"max_new_tokens":3}}'
    broken = Call("POST", "/generate", JSON, body, broken=True)
    app = create_app(Settings(), tokenizer=APP.state.tokenizer)
    head, *_ = app.frames(broken)
    assert isinstance(head, Head)
    assert head.status == 400

    at_once, connection = AtOnce(app.state), Connection(1)
    call = Call("POST", "/generate", JSON, body, connection=connection)
    connection.event = app.state.journal.begin(call)
    connection.pause()
    assert at_once.answer(call) is None
    connection.resume()
    assert at_once.answer(call) is not None


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/generate", {"inputs": "Hello", "parameters": {"max_new_tokens": 5}}),
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "Good day."}], "max_tokens": 5}),
        ("/generate_stream", {"inputs": "Hello", "parameters": {"max_new_tokens": 5}}),
        (
            "/v1/chat/completions",
            {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5, "stream": True},
        ),
    ],
)
def test_the_short_way_is_taken(monkeypatch: pytest.MonkeyPatch, path: str, body: Any) -> None:
    call = Call("POST", path, ((b"content-type", b"application/json"),), json.dumps(body).encode())
    monkeypatch.setattr(APP.state.infer, "generate", None)  # what the long way would ask
    for _ in range(3):
        head, body = APP.frames(call)
        assert isinstance(head, Head)
        assert type(body) is (Chunks if head.length is None else Body)


def test_a_chat_like_another_is_not_rendered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def call(text: str) -> Call:
        body = {
            "messages": [
                {"role": "system", "content": "Be short and kind."},
                {"role": "user", "content": text},
            ]
        }
        data = json.dumps({**body, "max_tokens": 5}).encode()
        return Call("POST", "/v1/chat/completions", ((b"content-type", b"application/json"),), data)

    for number in range(3):
        list(APP.frames(call(f"What is the number {number}?")))
    monkeypatch.setattr(ChatTemplate, "render", None)
    assert [type(frame) for frame in APP.frames(call("What is the number 12345?"))] == [Head, Body]


def test_what_breaks_on_the_short_way_is_told_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    app = create_app(Settings(), tokenizer=APP.state.tokenizer)
    monkeypatch.setattr(app.state.metrics, "answered", None)
    body = json.dumps({"inputs": "Hello", "parameters": {"max_new_tokens": 5}}).encode()
    with pytest.raises(TypeError):
        list(app.frames(Call("POST", "/generate", ((b"content-type", b"application/json"),), body)))
    (event,) = app.state.journal
    assert (event.ended, app.state.journal.in_flight) == ("failed", 0)


APP = make()
