"""Each defect of the published client (text-generation 0.7.0, D1 to D36) is a test by its number."""

from __future__ import annotations

import asyncio
import http.server
import json
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from typing import Any

import pytest

from text_generation import AsyncClient, Client, InferenceAPIAsyncClient, Timeouts, errors, types

from .raw_server import CLOSE, END, RawServer, chunk, response, stream_head
from .wire import (
    ANSWER,
    DETAILS,
    answer,
    chat_answer,
    chat_event,
    completion_event,
    dumps,
    event,
    events,
    sse,
    stream,
)

USER = [{"role": "user", "content": "hi"}]
STREAMS = [
    ("generate_stream", ("hi",), {}),
    ("chat", (USER,), {"stream": True}),
    ("completion", ("hi",), {"stream": True}),
]
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"


@pytest.mark.parametrize(("method", "args", "options"), STREAMS, ids=["generate", "chat", "completion"])
@pytest.mark.parametrize(
    ("reply", "expected", "said"),
    [
        (response(502, HTML, "text/html"), errors.ServiceUnavailableError, "502 Bad Gateway"),
        (
            response(422, b'{"error":"Input validation error: x","error_type":"validation"}'),
            errors.ValidationError,
            "Input validation error: x",
        ),
        (
            response(429, b'{"error":"Model is overloaded","error_type":"overloaded"}'),
            errors.OverloadedError,
            "Model is overloaded",
        ),
        (
            response(422, b'{"error":{"message":"Input validation error: x","http_status_code":422}}'),
            errors.ValidationError,
            "Input validation error: x",
        ),
        (response(200, HTML, "text/html; charset=utf-8"), errors.InvalidResponseError, "text/html"),
    ],
    ids=["html", "validation", "overloaded", "openai", "login page"],
)
def test_d01_a_refused_stream_raises(
    face: Any,
    server: RawServer,
    method: str,
    args: Any,
    options: Any,
    reply: bytes,
    expected: type,
    said: str,
) -> None:
    """A stream that was refused raises the refusal, never an empty iteration."""
    server.scripts += [[reply]]
    items, error = face.collect(face.stream(face.client(server.url), method, *args, **options))
    assert items == []
    assert type(error) is expected
    assert said in str(error)


@pytest.mark.parametrize(("method", "args", "options"), STREAMS, ids=["generate", "chat", "completion"])
def test_d02_an_error_event_is_the_servers_error(
    face: Any, server: RawServer, method: str, args: Any, options: Any
) -> None:
    """An error inside a stream comes out as the error it names, with the server's words."""
    failed = {"error": "Request failed during generation: boom", "error_type": "generation"}
    server.scripts += [[stream(failed)]]
    _, error = face.collect(face.stream(face.client(server.url), method, *args, **options))
    assert type(error) is errors.GenerationError
    assert str(error) == "Request failed during generation: boom"


def test_d03_chat_streams_of_current_servers_are_read(face: Any, server: RawServer) -> None:
    """Deltas without `tool_calls`, as TGI has sent them since 2.1."""
    server.scripts += [[stream(chat_event("He"), chat_event("llo", "stop"), b"[DONE]")]]
    items, error = face.collect(face.stream(face.client(server.url), "chat", USER, stream=True))
    assert error is None
    assert [item.choices[0].delta.content for item in items] == ["He", "llo"]


@pytest.mark.parametrize(
    ("method", "args", "options", "values"),
    [
        ("generate_stream", ("hi",), {}, [event("a", 1), event("b", 2, "ab")]),
        ("chat", (USER,), {"stream": True}, [chat_event("a"), chat_event("b", "stop")]),
        ("completion", ("hi",), {"stream": True}, [completion_event("a"), completion_event("b", "length")]),
    ],
    ids=["generate", "chat", "completion"],
)
def test_d04_done_is_a_clean_end(
    face: Any, server: RawServer, method: str, args: Any, options: Any, values: Any
) -> None:
    """`data: [DONE]` ends a stream and is no item."""
    server.scripts += [[stream(*values, b"[DONE]")]]
    items, error = face.collect(face.stream(face.client(server.url), method, *args, **options))
    assert error is None
    assert len(items) == 2


def test_d05_completions_stream(face: Any, server: RawServer) -> None:
    """`completion(stream=True)` yields chunks with their choices."""
    server.scripts += [[stream(completion_event("a"), completion_event("b", "length"), b"[DONE]")]]
    made = face.stream(face.client(server.url), "completion", "hi", stream=True)
    items, error = face.collect(made)
    assert error is None
    assert [item.choices[0].text for item in items] == ["a", "b"]
    assert made.text == "ab"
    assert face.result(made).choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("reply", "expected", "said"),
    [
        (response(502, HTML, "text/html"), errors.ServiceUnavailableError, "502 Bad Gateway"),
        (response(503, b"", None), errors.ServiceUnavailableError, "503"),
        (response(404, b"", None), errors.NotFoundError, "404"),
        (response(401, b"", None), errors.AuthenticationError, "401"),
        (
            response(422, b"Failed to deserialize the JSON body: x at line 1", "text/plain"),
            errors.ValidationError,
            "Failed to deserialize the JSON body: x at line 1",
        ),
    ],
    ids=["html", "empty 503", "empty 404", "empty 401", "axum"],
)
def test_d06_bodies_that_are_no_json_become_typed_errors(
    face: Any, server: RawServer, reply: bytes, expected: type, said: str
) -> None:
    """Status and body survive, whatever the body is."""
    server.scripts += [[reply]]
    with pytest.raises(errors.TextGenerationError) as caught:
        face.call(face.client(server.url), "generate", "hi")
    assert type(caught.value) is expected
    assert said in str(caught.value)
    assert caught.value.status == int(reply[9:12])


@pytest.mark.parametrize(
    ("status", "inner", "expected"),
    [
        (400, {"message": "bad thing", "type": "invalid_request_error", "code": 400}, errors.BadRequestError),
        (404, {"message": "no such model", "code": "model_not_found"}, errors.NotFoundError),
        (422, {"message": "Model is overloaded", "http_status_code": 422}, errors.OverloadedError),
        (429, {"message": "slow down", "type": "requests"}, errors.RateLimitExceededError),
    ],
)
def test_d07_openai_style_errors(
    face: Any, server: RawServer, status: int, inner: Any, expected: type
) -> None:
    """The message is the message, not the repr of a dict, and the class is the right one."""
    server.scripts += [[response(status, dumps({"error": inner}))]]
    with pytest.raises(errors.TextGenerationError) as caught:
        face.call(face.client(server.url), "generate", "hi")
    assert type(caught.value) is expected
    assert str(caught.value) == inner["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "m"}, "m"),
        ({"detail": "d"}, "d"),
        ({"detail": [{"loc": ["body", "inputs"], "msg": "field required"}]}, "body.inputs: field required"),
        (["a", "b"], "a; b"),
        ({"error": ["x", "y"]}, "x; y"),
        ("plain", "plain"),
        ({}, "{}"),
        (None, "400"),
    ],
)
def test_d08_any_json_error_body_is_understood(face: Any, server: RawServer, body: Any, said: str) -> None:
    """No KeyError, no TypeError: a typed error with what the body says."""
    server.scripts += [[response(400, dumps(body))]]
    with pytest.raises(errors.BadRequestError) as caught:
        face.call(face.client(server.url), "generate", "hi")
    assert said in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 202, 206])
def test_d09_every_2xx_is_a_success(face: Any, server: RawServer, status: int) -> None:
    """Also those other than 200."""
    server.scripts += [[response(status, dumps([ANSWER]))]]
    assert face.call(face.client(server.url), "generate", "hi").generated_text == " Rayleigh scattering"


def test_d10_an_object_is_as_good_as_a_list(face: Any, server: RawServer) -> None:
    """A base URL that points at `/generate` gets an object instead of a list."""
    server.scripts += [[response(200, dumps(ANSWER))], [stream(*events("ab"))]]
    client = face.client(server.url + "/generate")
    assert face.call(client, "generate", "hi").generated_text == " Rayleigh scattering"
    assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None
    assert [seen.path for seen in server.seen] == ["/generate", "/generate_stream"]


def test_d11_unknown_finish_reasons_are_kept(face: Any, server: RawServer) -> None:
    """A newer server's reason is a member of the enum, with its own value."""
    odd = {**event("a", 1, "a"), "details": {"finish_reason": "abort", "generated_tokens": 1, "seed": None}}
    server.scripts += [
        [response(200, dumps([{**ANSWER, "details": {**DETAILS, "finish_reason": "abort"}}]))],
        [stream(odd)],
    ]
    client = face.client(server.url)
    reason = face.call(client, "generate", "hi").details.finish_reason
    assert isinstance(reason, types.FinishReason)
    assert reason == reason.value == "abort"
    items, error = face.collect(face.stream(client, "generate_stream", "hi"))
    assert error is None
    assert items[0].details.finish_reason == "abort"


def test_d12_missing_members_are_tolerated(face: Any, server: RawServer) -> None:
    """Servers in front of TGI leave out details, logprobs, system_fingerprint and usage."""
    bare = {"choices": [{"message": {"role": "assistant", "content": "x"}}]}
    server.scripts += [[response(200, b'[{"generated_text":"x"}]')], [response(200, dumps(bare))]]
    client = face.client(server.url)
    assert face.call(client, "generate", "hi").details is None
    assert face.call(client, "chat", USER).choices[0].message.content == "x"


@pytest.mark.parametrize(
    "body",
    [
        b"".join(sse(value) for value in events("ab")).replace(b"\n", b"\r"),
        b"".join(sse(value) for value in events("ab")).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + b"".join(sse(value) for value in events("ab")),
        b"".join(
            b"data: " + dumps(v).replace(b',"token"', b',\ndata:"token"') + b"\n\n" for v in events("ab")
        ),
        b": hello\n\n" + b":\n\n".join(sse(value) for value in events("ab")),
        b"".join(b"data:" + dumps(value) + b"\n\n" for value in events("ab")),
        b"id: 7\nretry: 10\nevent: message\n" + b"event:\n".join(sse(value) for value in events("ab")),
        b"".join(sse(value) for value in events("ab"))[:-2],
        b"".join(sse(value) for value in events("ab"))[:-1],
    ],
    ids=["CR", "CRLF", "BOM", "several lines", "comments", "no space", "fields", "no empty line", "one LF"],
)
def test_d13_the_whole_event_stream_format(face: Any, server: RawServer, body: bytes) -> None:
    """Everything the specification allows is read, and a forgiven last line."""
    server.scripts += [[stream_head() + chunk(body) + END]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    items, error = face.collect(made)
    assert error is None
    assert [item.token.text for item in items] == ["a", "b"]


def test_d13_an_event_named_error_is_an_error(face: Any, server: RawServer) -> None:
    """`event: error` counts, even with plain text as its data."""
    server.scripts += [[stream_head() + chunk(sse(event("a")) + b"event: error\ndata: it broke\n\n") + END]]
    items, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert [item.token.text for item in items] == ["a"]
    assert isinstance(error, errors.UnknownError)
    assert str(error) == "it broke"


def test_d13_plain_text_in_a_stream_is_a_typed_error(face: Any, server: RawServer) -> None:
    """A `data:` line that is no JSON is shown, not a JSONDecodeError."""
    server.scripts += [[stream_head() + chunk(b"data: Internal Server Error\n\n") + END]]
    _, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert type(error) is errors.InvalidResponseError
    assert "Internal Server Error" in str(error)


@pytest.mark.parametrize("text", ["data: ad:", "dat", "n/n/", "/n", ": d"])
def test_d14_field_names_are_removed_and_no_characters(face: Any, server: RawServer, text: str) -> None:
    """Texts made of the letters of `data:` and of `/n` arrive whole."""
    server.scripts += [[stream(*events([text, text]))]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    assert face.result(made).generated_text == text * 2
    assert made.text == text * 2


@pytest.mark.parametrize(
    "cut",
    [
        [stream_head() + chunk(sse(event("a"))) + END],
        [stream_head() + chunk(sse(event("a")) + sse(event("b"))[:20]) + END],
        [stream_head() + chunk(sse(event("a"))), CLOSE],
        [stream_head() + chunk(sse(event("a"))) + b"40\r\ndata: {", CLOSE],
        [
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"
            + sse(event("a")),
            CLOSE,
        ],
        [
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 900\r\n\r\n"
            + sse(event("a")),
            CLOSE,
        ],
        [stream_head() + chunk(sse(event("a"))), "reset"],
    ],
    ids=[
        "clean end",
        "in an event",
        "in the coding",
        "in a chunk",
        "until close",
        "short of its length",
        "reset",
    ],
)
def test_d15_a_truncated_stream_is_an_error(face: Any, server: RawServer, cut: Any) -> None:
    """An end before the final event raises IncompleteGenerationError with what had arrived."""
    server.scripts += [cut]
    items, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert isinstance(error, errors.IncompleteGenerationError)
    assert error.partial is not None
    if cut[-1] != "reset":  # a reset may overtake what was sent before it
        assert [item.token.text for item in items] == ["a"]
    assert error.partial.items == tuple(items)
    assert error.partial.text == "".join(item.token.text for item in items)


def test_d16_a_huge_event_is_read_in_linear_time(face: Any, server: RawServer) -> None:
    """Five megabytes in one event, in pieces: well under a second of CPU time, with no limit in between."""
    text = "x" * 5_000_000
    body = sse(event(text, 1, text[:10]))
    pieces = [chunk(body[start : start + 16_384]) for start in range(0, len(body), 16_384)]
    server.scripts += [[stream_head() + b"".join(pieces) + END]]
    started = time.thread_time()
    items, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert error is None
    assert len(items[0].token.text) == 5_000_000
    assert time.thread_time() - started < 1.0


def test_d17_tokens_arrive_one_by_one_without_chunks(face: Any, server: RawServer) -> None:
    """Also when the body is not chunked and ends with the connection."""
    head = b"HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
    gates = [threading.Event() for _ in range(3)]
    script: list[Any] = [head]
    for gate, value in zip(gates, events("abc"), strict=True):
        script += [gate, sse(value)]
    server.scripts += [[*script, CLOSE]]
    made = face.stream(face.client(server.url), "generate_stream", "hi")
    gates[0].set()
    assert [item.token.text for item in _one(face, made)] == ["a"]  # though nothing else has been sent
    gates[1].set()
    assert [item.token.text for item in _one(face, made)] == ["b"]
    gates[2].set()
    assert [item.token.text for item in _one(face, made)] == ["c"]


def _one(face: Any, made: Any) -> list[Any]:
    return [next(made)] if face.name == "sync" else [face.run(made.__anext__())]


def test_d18_connections_are_used_again(face: Any, server: RawServer) -> None:
    """Thirty streams and ten calls over one connection."""
    server.scripts += [[stream(*events("ab"))]] * 30 + [[answer()]] * 10
    client = face.client(server.url)
    for _ in range(30):
        assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None
    for _ in range(10):
        face.call(client, "generate", "hi")
    assert server.connections == 1


def test_d19_a_number_is_never_the_total(face: Any, server: RawServer) -> None:
    """`timeout=0.4` lets a stream of 0.8 s pass whose pieces come in time, in both clients."""
    script: list[Any] = [stream_head()]
    for value in events("abcd"):
        script += [chunk(sse(value)), 0.2]
    server.scripts += [[*script, END]]
    items, error = face.collect(face.stream(face.client(server.url, timeout=0.4), "generate_stream", "hi"))
    assert error is None
    assert len(items) == 4


@pytest.mark.parametrize(
    "timeout", [0.2, (5, 0.2), Timeouts(first_token=0.2)], ids=["number", "pair", "clocks"]
)
def test_d19_a_silent_server_times_out_with_a_name(face: Any, server: RawServer, timeout: Any) -> None:
    """The error is a TimeoutError and names the clock, its value and the knob."""
    server.scripts += [[threading.Event()]]
    with pytest.raises(errors.FirstTokenTimeoutError) as caught:
        face.call(face.client(server.url, timeout=timeout), "generate", "hi")
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.clock == "first_token"
    assert caught.value.seconds == 0.2
    assert "0.2 s" in str(caught.value)
    assert "Timeouts(first_token=...)" in str(caught.value)


def test_d20_an_explicit_authorization_wins(
    face: Any, server: RawServer, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """~/.netrc is for requests without a token of their own; then both clients honour it."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    netrc.chmod(0o600)
    server.scripts += [[answer()], [answer()]]
    face.call(face.client(server.url, {"Authorization": "Bearer mine"}), "generate", "hi")
    face.call(face.client(server.url), "generate", "hi")
    assert server.seen[0].headers["authorization"] == "Bearer mine"
    assert server.seen[1].headers["authorization"].startswith("Basic ")


def test_d21_proxies_are_honoured_by_both(
    face: Any, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment, from an argument, and not when told so."""
    server.scripts += [[answer()]] * 3
    monkeypatch.setenv("HTTP_PROXY", server.url)
    face.call(face.client("http://tgi.example:1234"), "generate", "hi")
    monkeypatch.delenv("HTTP_PROXY")
    face.call(face.client("http://tgi.example:1234", proxies={"http": server.url}), "generate", "hi")
    assert [seen.path.rstrip("/") for seen in server.seen] == ["http://tgi.example:1234"] * 2
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    face.call(face.client(server.url, trust_env=False), "generate", "hi")


def test_d21_verify_and_session_are_taken(face: Any, server: RawServer) -> None:
    """A session of the caller's own is used for sending, with its headers."""
    server.scripts += [[answer()], [stream(*events("ab"))]]
    if face.name == "sync":
        import requests

        session: Any = requests.Session()
        session.headers["x-mine"] = "1"
    else:
        import aiohttp

        async def make() -> Any:
            return aiohttp.ClientSession(headers={"x-mine": "1"})

        session = face.run(make())
    client = face.client(server.url, session=session, verify=False)
    face.call(client, "generate", "hi")
    assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None
    assert [seen.headers["x-mine"] for seen in server.seen] == ["1", "1"]
    assert server.connections == 1
    session.close() if face.name == "sync" else face.run(session.close())


@pytest.mark.parametrize("status", [307, 308])
def test_d22_redirects_that_keep_the_method_are_followed(face: Any, server: RawServer, status: int) -> None:
    """The POST is sent again with its body."""
    moved = response(status, b"", None, {"location": "/elsewhere"})
    server.scripts += [[moved], [answer()], [moved], [stream(*events("ab"))]]
    client = face.client(server.url)
    assert face.call(client, "generate", "hi").generated_text == " Rayleigh scattering"
    assert face.collect(face.stream(client, "generate_stream", "hi"))[1] is None
    assert [(seen.method, seen.path) for seen in server.seen] == [("POST", "/"), ("POST", "/elsewhere")] * 2
    assert server.seen[0].body == server.seen[1].body


@pytest.mark.parametrize("status", [301, 302, 303])
def test_d22_a_post_never_becomes_a_get(face: Any, server: RawServer, status: int) -> None:
    """Redirects that would change the method are errors that name the place."""
    server.scripts += [[response(status, b"", None, {"location": "https://elsewhere.example/x"})]]
    with pytest.raises(errors.InvalidResponseError, match=r"https://elsewhere\.example/x"):
        face.call(face.client(server.url), "generate", "hi")
    assert len(server.seen) == 1


def test_d22_secrets_do_not_follow_to_another_host(face: Any, server: RawServer) -> None:
    """Authorization and cookies stay with the host they were given for."""
    with RawServer([answer()]) as other:
        server.scripts += [[response(307, b"", None, {"location": other.url})]]
        face.call(face.client(server.url, {"Authorization": "Bearer x"}, {"c": "1"}), "generate", "hi")
        assert "authorization" not in other.seen[0].headers
        assert "cookie" not in other.seen[0].headers


@pytest.mark.parametrize("held", [False, True], ids=["dropped", "held"])
def test_d23_leaving_a_loop_closes_the_connection_at_once(face: Any, server: RawServer, held: bool) -> None:
    """Whether or not somebody still holds the stream object."""
    server.scripts += [[stream_head() + chunk(sse(event("a"))), threading.Event()]]
    client = face.client(server.url)
    if held:
        made = face.stream(client, "generate_stream", "hi")
        face.take(made, 1)
    else:
        face.take(face.stream(client, "generate_stream", "hi"), 1)
    assert server.seen[0].client_left.wait(1.0)
    if held:
        assert made.closed
        assert made.text == "a"


def test_d23_an_abandoned_client_leaves_nothing_behind(server: RawServer) -> None:
    """A stream left in the middle, a client never closed, a loop gone: no warning and no traceback."""
    server.scripts += [[stream_head() + chunk(sse(event("a"))), threading.Event()], [answer()]]
    script = f"""
        import asyncio, gc, warnings
        warnings.simplefilter("error")
        from text_generation import AsyncClient
        client = AsyncClient({server.url!r})
        async def main():
            stream = client.generate_stream("hi")
            async for item in stream:
                break
            await client.generate("hi")
            return stream
        kept = asyncio.run(main())
        del client, kept
        gc.collect()
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_d24_a_wrong_type_is_an_ordinary_validation_error() -> None:
    """Validators that look at other fields do not stumble over the ones that failed."""
    import pydantic

    with pytest.raises(pydantic.ValidationError, match="seed"):
        types.Parameters(seed="abc", best_of=2)  # type: ignore[arg-type]
    with pytest.raises(pydantic.ValidationError, match="top_p"):
        types.Request(inputs="x", parameters={"top_p": "x"}, stream=True)  # type: ignore[arg-type]


def test_d25_values_that_mean_off_are_sent_as_null(face: Any, server: RawServer) -> None:
    """`frequency_penalty=0` and `top_p=1.0` are what their documentation says: no penalty, no cut."""
    server.scripts += [[answer()], [response(200, dumps(chat_answer()))]]
    client = face.client(server.url)
    face.call(client, "generate", "hi", frequency_penalty=0, top_p=1.0)
    face.call(client, "chat", USER, top_p=1.0)
    parameters = json.loads(server.seen[0].body)["parameters"]
    assert parameters["frequency_penalty"] is None
    assert parameters["top_p"] is None
    assert json.loads(server.seen[1].body)["top_p"] is None


def test_d26_chat_takes_what_tgi_takes(face: Any, server: RawServer) -> None:
    """Content parts, tool results, tool choices of every form, response formats, stop, stream options."""
    call = {"id": "0", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
    server.scripts += [[response(200, dumps(chat_answer(None, tool_calls=[call])))]]
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "hi"}, {"type": "image_url", "image_url": {"url": "u"}}],
        },
        {"role": "tool", "content": "42", "tool_call_id": "0"},
    ]
    answer = face.call(
        face.client(server.url),
        "chat",
        messages,
        tools=[{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        tool_choice={"type": "function", "function": {"name": "f"}},
        response_format={"type": "json", "value": {"properties": {}}},
        stop=["x"],
        stream_options={"include_usage": True},
        logit_bias=[0.5],
    )
    body = json.loads(server.seen[0].body)
    assert body["messages"][0]["content"] == messages[0]["content"]
    assert body["messages"][1]["tool_call_id"] == "0"
    assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
    assert body["response_format"] == {"type": "json", "value": {"properties": {}}}
    assert (body["stop"], body["stream_options"], body["logit_bias"]) == (
        ["x"],
        {"include_usage": True},
        [0.5],
    )
    assert answer.choices[0].message.tool_calls[0].id == "0"


@pytest.mark.parametrize(
    "sent",
    [
        [{"id": "0", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}],
        [
            {
                "id": 0,
                "type": "function",
                "function": {"name": "f", "arguments": {"a": 1}, "description": None},
            }
        ],
        {"id": 0, "type": "function", "function": {"name": "f", "arguments": {"a": 1}}},
        [{"id": "0", "type": "function", "function": {"name": "f", "parameters": {"a": 1}}}],
    ],
    ids=["3.3", "2.x", "2.0", "parameters"],
)
def test_d26_tool_calls_have_one_shape(face: Any, server: RawServer, sent: Any) -> None:
    """List or object, text or object: a list of calls with JSON text, readable as objects and as dicts."""
    server.scripts += [[response(200, dumps(chat_answer(None, tool_calls=sent)))]]
    calls = face.call(face.client(server.url), "chat", USER).choices[0].message.tool_calls
    assert calls[0].function.arguments == '{"a":1}'
    assert calls[0]["function"]["name"] == "f"
    assert calls[0].function.parsed == {"a": 1}


def test_d27_model_and_nulls_are_the_callers_choice(face: Any, server: RawServer) -> None:
    """By default as published; `model=` and `omit_nulls=True` for stricter servers, per client or call."""
    server.scripts += [[response(200, dumps(chat_answer()))]] * 3
    face.call(face.client(server.url), "chat", USER)
    face.call(face.client(server.url, model="llama", omit_nulls=True), "chat", USER)
    face.call(face.client(server.url), "chat", USER, model="other", omit_nulls=True)
    published, strict, single = (json.loads(seen.body) for seen in server.seen)
    assert published["model"] == "tgi"
    assert published["seed"] is None
    assert strict == {"model": "llama", "messages": [{"role": "user", "content": "hi"}], "stream": False}
    assert single == {**strict, "model": "other"}


@pytest.mark.parametrize("base", ["", "/", "/v1", "/v1/", "/generate", "/v1/chat/completions"])
def test_d28_base_urls_are_normalised(face: Any, server: RawServer, base: str) -> None:
    """A trailing slash, or the name of a route, is no reason for a 404."""
    server.scripts += [[response(200, dumps(chat_answer()))]]
    face.call(face.client(server.url + base), "chat", USER)
    assert server.seen[0].path == "/v1/chat/completions"


def test_d29_headers_and_timeouts_are_read_alike(face: Any, server: RawServer) -> None:
    """None leaves a header out, numbers are written out; what cannot be sent is refused before sending."""
    server.scripts += [[answer()]]
    face.call(face.client(server.url, {"x-none": None, "x-number": 7}), "generate", "hi")
    assert "x-none" not in server.seen[0].headers
    assert server.seen[0].headers["x-number"] == "7"
    for options in ({"timeout": 0}, {"timeout": -1}, {"timeout": "10"}, {"headers": {"x": "a\r\nb: c"}}):
        with pytest.raises(errors.ConfigurationError) as caught:
            face.call(face.client(server.url, **options), "generate", "hi")
        assert isinstance(caught.value, ValueError)
    assert len(server.seen) == 1


def test_d30_nothing_of_huggingface_hub_is_needed() -> None:
    """Neither installed nor imported."""
    script = """
        import sys
        sys.modules["huggingface_hub"] = None
        import text_generation.inference_api, text_generation.client, text_generation.async_client
        text_generation.Client("http://x"), text_generation.AsyncClient("http://x")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_d31_chat_streams_under_the_asynchronous_client_on_every_python(server: RawServer) -> None:
    """Awaited, then iterated, as published."""
    server.scripts += [[stream(chat_event("a"), chat_event("b", "stop"), b"[DONE]")]]

    async def main() -> list[str]:
        async with AsyncClient(server.url) as client:
            return [c.choices[0].delta.content or "" async for c in await client.chat(USER, stream=True)]

    assert asyncio.run(main()) == ["a", "b"]


def test_d32_no_call_warns(face: Any, server: RawServer) -> None:
    """Not even under `-W error`."""
    server.scripts += [[answer()], [stream(*events("ab"))], [response(200, dumps(chat_answer()))]]
    client = face.client(server.url)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        face.call(client, "generate", "hi")
        face.collect(face.stream(client, "generate_stream", "hi"))
        face.call(client, "chat", USER)


def test_d33_one_client_serves_many_threads() -> None:
    """Thirty-two threads, each with its own answers."""
    with RawServer([answer()]) as server:
        server.repeat = True
        client = Client(server.url)
        wrong: list[Any] = []

        def work() -> None:
            for _ in range(10):
                try:
                    if client.generate("hi").generated_text != " Rayleigh scattering":
                        wrong.append("text")
                except Exception as error:
                    wrong.append(error)

        threads = [threading.Thread(target=work) for _ in range(32)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close()
        assert wrong == []
        assert len(server.seen) == 320
        assert server.connections <= 32


def test_d33_one_async_client_serves_several_loops(server: RawServer) -> None:
    """One after the other, and at the same time in two threads."""
    server.scripts += [[answer()]]
    server.repeat = True
    client = AsyncClient(server.url)

    async def main() -> list[str]:
        return [a.generated_text for a in await asyncio.gather(*(client.generate("hi") for _ in range(5)))]

    found: list[list[str]] = [asyncio.run(main()), asyncio.run(main())]
    threads = [threading.Thread(target=lambda: found.append(asyncio.run(main()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [[" Rayleigh scattering"] * 5] * 4


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="this system has no fork")
def test_d33_a_fork_does_not_share_connections(server: RawServer) -> None:
    """Parent and child each speak over their own."""
    import os

    server.scripts += [[answer()]]
    server.repeat = True
    client = Client(server.url)
    client.generate("hi")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork in a process with threads
        child = os.fork()
    if child == 0:
        try:
            os._exit(0 if client.generate("hi").generated_text == " Rayleigh scattering" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    client.generate("hi")
    client.close()
    assert [seen.connection for seen in server.seen] == [1, 2, 1]


def test_d34_odd_bytes_and_numbers_are_read(face: Any, server: RawServer) -> None:
    """Invalid UTF-8 is replaced, as the specification has it; NaN is a number as it is in Python."""
    torn = sse(event("é", 1, "x")).replace("é".encode(), b"\xc3")
    nan = sse(event("a")).replace(b"-0.5", b"NaN")
    server.scripts += [[stream_head() + chunk(nan + torn) + END]]
    items, error = face.collect(face.stream(face.client(server.url), "generate_stream", "hi"))
    assert error is None
    assert items[0].token.logprob != items[0].token.logprob
    assert items[1].token.text == "\N{REPLACEMENT CHARACTER}"


def test_d35_what_the_server_tells_besides_is_reachable(face: Any, server: RawServer) -> None:
    """Headers, status, request id, `index` and `input_length`."""
    server.scripts += [
        [
            answer(
                x_total_time="120",
                x_queue_time="30",
                x_validation_time="1",
                x_inference_time="80",
                x_time_per_token="16",
                x_compute_time="0.12",
                x_compute_type="cpu",
                x_compute_characters="2",
                x_prompt_tokens="7",
                x_generated_tokens="5",
                x_request_id="r",
            )
        ],
        [stream(*events("ab"))],
    ]
    client = face.client(server.url)
    meta = face.call(client, "generate", "hi").meta
    assert (meta.status, meta.request_id, meta.total_time, meta.queue_time) == (200, "r", 0.12, 0.03)
    assert (meta.validation_time, meta.inference_time, meta.time_per_token) == (0.001, 0.08, 0.016)
    assert (meta.compute_time, meta.prompt_tokens, meta.generated_tokens) == (0.12, 7, 5)
    assert (meta.compute_type, meta.compute_characters) == ("cpu", 2)
    assert meta.network_time == max(0.0, meta.elapsed - 0.12)
    items, _ = face.collect(face.stream(client, "generate_stream", "hi"))
    assert [item.index for item in items] == [1, 2]
    assert items[-1].details.input_length == 3


class _Hosted(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        framework = "transformers" if "other" in self.path else "text-generation-inference"
        body: Any = {"framework": framework}
        if self.path.startswith("/framework/"):
            body = [{"model_id": "bigscience/bloomz", "sha": "abc", "task": "text-generation"}]
        self._answer(dumps(body))

    def do_POST(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["content-length"]))
        self._answer(dumps([ANSWER]))

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


def test_d36_the_hosted_api_can_be_moved(face: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`HF_INFERENCE_ENDPOINT` moves the model, its status and the list of models."""
    from text_generation.inference_api import deployed_models

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Hosted) as hosted:
        hosted.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=hosted.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("HF_INFERENCE_ENDPOINT", f"http://127.0.0.1:{hosted.server_port}")
        client = face.hosted("bigscience/bloomz", token="hf_x")
        assert face.call(client, "generate", "hi").generated_text == " Rayleigh scattering"
        assert [model.model_id for model in deployed_models()] == ["bigscience/bloomz"]
        assert hosted.asked == [  # type: ignore[attr-defined]
            "/status/bigscience/bloomz",
            "/models/bigscience/bloomz",
            "/framework/text-generation-inference",
        ]
        with pytest.raises(errors.NotSupportedError, match="other/model"):
            face.call(face.hosted("other/model"), "generate", "hi")
        hosted.shutdown()


def test_d36_the_async_constructor_asks_nobody() -> None:
    """It would block the loop; the first call asks, and says how to go on when the endpoint is gone."""
    started = time.monotonic()
    client = InferenceAPIAsyncClient("bigscience/bloomz")
    assert time.monotonic() - started < 0.2
    assert client.base_url == "https://api-inference.huggingface.co/models/bigscience/bloomz"


def test_d36_an_endpoint_that_is_gone_says_how_to_go_on(
    face: Any, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error points to Client and to HF_INFERENCE_ENDPOINT."""
    monkeypatch.setenv("HF_INFERENCE_ENDPOINT", server.url)
    server.scripts += [[response(404, b"Not Found", "text/plain")]]
    with pytest.raises(errors.NotFoundError, match=r"(?s)Client\(.*HF_INFERENCE_ENDPOINT"):
        face.call(face.hosted("bigscience/bloomz"), "generate", "hi")
