"""Errors: one root, the server's words, the facts on the exception, and no secrets."""

from __future__ import annotations

import asyncio
import pickle
from email.utils import formatdate
from typing import Any

import pytest

from text_generation import AsyncClient, Client, errors
from text_generation._refusals import retry_after

from .raw_server import CLOSE, RawServer, chunk, response, stream_head
from .wire import event, sse

SECRETS = {"Authorization": "Bearer hf_secret", "X-Api-Key": "secret2", "X-Trace": "shown"}


def test_every_error_has_the_root() -> None:
    """And the tree in the module's docstring names every class."""
    for name in errors.__all__:
        found = getattr(errors, name)
        if isinstance(found, type) and issubclass(found, BaseException):
            assert issubclass(found, errors.TextGenerationError)
            assert name in (errors.__doc__ or ""), name


def test_the_facts_are_on_the_exception(face: Any, server: RawServer) -> None:
    """Status, type, headers, body, retry_after, hint, request."""
    body = b'{"error":"Model is overloaded","error_type":"overloaded"}'
    server.scripts += [[response(429, body, headers={"Retry-After": "7", "X-Request-Id": "abc"})]]
    with pytest.raises(errors.OverloadedError) as caught:
        face.call(face.client(server.url, SECRETS), "generate", "hi")
    error = caught.value
    assert str(error) == "Model is overloaded"
    assert (error.status, error.error_type, error.retry_after) == (429, "overloaded", 7.0)
    assert error.headers["x-request-id"] == "abc"
    assert error.body == body.decode()
    assert error.partial is None
    assert "retries" in (error.hint or "")
    assert error.request.method == "POST"


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"Failed to buffer the request body: length limit exceeded", "text/plain; charset=utf-8"),
        (b"<html><head><title>413 Request Entity Too Large</title></head></html>", "text/html"),
        (b'{"error":"too large"}', "application/json"),
    ],
    ids=["router", "nginx", "json"],
)
def test_a_request_that_is_too_large_says_so(
    face: Any, server: RawServer, streamed: bool, body: bytes, kind: str
) -> None:
    """413 has a name of its own, below the published UnknownError, and a hint that names the limit."""
    server.scripts += [[response(413, body, kind)]]
    client = face.client(server.url)
    if streamed:
        error = face.collect(face.stream(client, "generate_stream", "hi"))[1]
    else:
        with pytest.raises(errors.UnknownError) as caught:
            face.call(client, "generate", "hi")
        error = caught.value
    assert type(error) is errors.RequestTooLargeError
    assert error.status == 413
    assert "--payload-limit" in (error.hint or "")


@pytest.mark.parametrize(
    ("url", "stream"),
    [("http://127.0.0.1:9", False), ("http://127.0.0.1:9", True), ("http://no.such.invalid", False)],
)
def test_transport_errors_are_wrapped_once(face: Any, url: str, stream: bool) -> None:
    """They are ours, also the built-in ConnectionError, also the library's own; the cause is kept."""
    client = face.client(url)
    if stream:
        error = face.collect(face.stream(client, "generate_stream", "hi"))[1]
    else:
        with pytest.raises(errors.ConnectionFailedError) as caught:
            face.call(client, "generate", "hi")
        error = caught.value
    assert isinstance(error, errors.ConnectionFailedError)
    assert isinstance(error, ConnectionError)
    assert error.__cause__ is not None
    assert not isinstance(error.__cause__, errors.TextGenerationError)
    assert url in str(error)
    if face.name == "sync":
        import requests

        assert isinstance(error, requests.exceptions.ConnectionError)
    else:
        import aiohttp

        assert isinstance(error, aiohttp.ClientConnectorError)
        assert error.host


@pytest.mark.parametrize(
    "url", ["", "localhost:8080", "ftp://x", "http://", "http://[::1", "//x", "http://x:port"]
)
def test_an_unusable_address_is_our_error(face: Any, url: str) -> None:
    """A ValueError that names the argument."""
    with pytest.raises(errors.TextGenerationError) as caught:
        face.call(face.client(url, timeout=1), "generate", "hi")
    assert isinstance(caught.value, errors.ConfigurationError | errors.ConnectionFailedError)


def test_a_base_url_that_is_no_text_is_refused(face: Any) -> None:
    """At the first call, naming the argument."""
    with pytest.raises(errors.ConfigurationError, match="base_url"):
        face.call(face.client(None), "generate", "hi")


def test_a_curl_command_repeats_the_request_without_secrets(face: Any, server: RawServer) -> None:
    """Ready to paste into a bug report."""
    server.scripts += [[response(500, b"{}")]]
    client = face.client(server.url + "/?token=secret3&x=1", SECRETS, {"session": "secret4"})
    with pytest.raises(errors.UnknownError) as caught:
        face.call(client, "generate", "it's")
    command = caught.value.as_curl()
    assert command.startswith("curl -N -X POST 'http://127.0.0.1")
    assert "secret" not in command
    assert "Authorization: Bearer ***" in command
    assert "X-Trace: shown" in command
    assert "it'\"'\"'s" in command
    assert errors.ValidationError("x").as_curl() == ""


def test_errors_can_be_pickled(face: Any, server: RawServer) -> None:
    """With everything on them, for worker processes."""
    server.scripts += [
        [response(422, b'{"error":"Input validation error: x","error_type":"validation"}')],
        [stream_head() + chunk(sse(event("a"))), CLOSE],
    ]
    client = face.client(server.url)
    with pytest.raises(errors.ValidationError) as caught:
        face.call(client, "generate", "hi")
    _, broken = face.collect(face.stream(client, "generate_stream", "hi"))
    with pytest.raises(errors.ConnectionFailedError) as refused:
        face.call(face.client("http://127.0.0.1:9"), "generate", "hi")
    for error in (caught.value, broken, refused.value, errors.NotSupportedError("a/b")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert again.__dict__.keys() == error.__dict__.keys()  # type: ignore[union-attr]
        assert again.partial == error.partial  # type: ignore[union-attr]
        assert again.as_curl() == error.as_curl()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after": formatdate(1010, usegmt=True)}, 10.0),
        ({"retry-after": formatdate(990, usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after_in_every_form(headers: Any, seconds: float | None) -> None:
    """Seconds, milliseconds, a date; nonsense is nothing."""
    assert retry_after(headers, now=1000.0) == seconds


def test_a_hint_is_a_note_and_not_the_message() -> None:
    """So that `str(error)` stays what the server said."""
    error = errors.parse_error(
        422, {"error": "Template error: template not found", "error_type": "template_error"}
    )
    assert str(error) == "Template error: template not found"
    assert "generate()" in (error.hint or "")
    if hasattr(error, "__notes__"):
        assert error.__notes__ == [f"Hint: {error.hint}"]


def test_the_callers_cancellation_is_left_alone(server: RawServer) -> None:
    """A cancelled task raises CancelledError, not one of ours, and its connection is closed."""
    import threading

    server.scripts += [[threading.Event()], [stream_head() + chunk(sse(event("a"))), threading.Event()]]

    async def main() -> None:
        async with AsyncClient(server.url) as client:
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.generate("hi"), 0.2)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(client.generate_stream("hi").result(), 0.2)

    asyncio.run(main())
    assert server.seen[0].client_left.wait(1)
    assert server.seen[1].client_left.wait(1)


def test_unknown_arguments_are_type_errors(face: Any) -> None:
    """A typo is not silently dropped."""
    for client in (Client, AsyncClient):
        with pytest.raises(TypeError, match="max_token"):
            face.call(face.client("http://x"), "generate", "hi", max_token=3)
        assert client


@pytest.mark.parametrize("headers", ["Bearer x", ["authorization"], {"authorization"}])
def test_headers_that_are_no_dict_are_said_to_be_none(face: Any, headers: Any) -> None:
    """And what came is not shown: it may be a secret."""
    with pytest.raises(errors.ConfigurationError, match="headers: expected names with their values") as told:
        face.call(face.client("http://127.0.0.1:1", headers), "generate", "hi")
    assert "Bearer" not in str(told.value)


@pytest.mark.parametrize("url", ["localhost:3000", "", "127.0.0.1:3000"])
def test_an_address_without_http_is_told_how_to_be_written(face: Any, url: str) -> None:
    with pytest.raises(errors.ConfigurationError, match=r"base_url: .*expected http://host or https://host"):
        face.call(face.client(url), "generate", "hi")
