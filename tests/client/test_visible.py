"""What a call shows of itself: log records without secrets, a tracing hook, traceparent."""

from __future__ import annotations

import logging
import sys
import types as python_types
from typing import Any

import pytest

from text_generation import Retries, TraceEvent, errors

from .raw_server import RawServer, response
from .wire import answer, events, stream

SECRETS = {"Authorization": "Bearer hf_secret", "X-Api-Key": "secret", "Cookie": "secret=1"}


def test_the_log_holds_no_secret(face: Any, server: RawServer, caplog: pytest.LogCaptureFixture) -> None:
    """Requests and answers at DEBUG, retries at WARNING."""
    full = response(429, b'{"error":"Model is overloaded"}', headers={"Set-Cookie": "secret=2"})
    server.scripts += [[full], [answer()]]
    with caplog.at_level(logging.DEBUG, logger="text_generation"):
        client = face.client(server.url + "/?api_key=secret", SECRETS, retries=Retries(1, first_delay=0.01))
        face.call(client, "generate", "hi")
    records = [record for record in caplog.records if record.name == "text_generation"]
    text = "\n".join(record.getMessage() for record in records)
    assert "secret" not in text
    assert "POST" in text
    assert "Bearer ***" in text
    assert [r.levelname for r in records if "trying again" in r.getMessage()] == ["WARNING"]


def test_a_hook_sees_every_step(face: Any, server: RawServer) -> None:
    """Of a call that is retried, and of a stream."""
    seen: list[TraceEvent] = []
    full = response(429, b'{"error":"x","error_type":"overloaded"}')
    server.scripts += [[full], [stream(*events("ab"))], [response(404, b"")]]
    client = face.client(server.url, SECRETS, retries=Retries(1, first_delay=0.01), trace=seen.append)
    face.collect(face.stream(client, "generate_stream", "hi"))
    with pytest.raises(errors.NotFoundError):
        face.call(client, "generate", "hi")
    kinds = [event.kind for event in seen]
    assert kinds[:7] == ["request", "response", "retry", "request", "response", "first_token", "end"]
    assert kinds[7:] == ["request", "response", "error"]
    assert {event.call for event in seen[:7]} == {seen[0].call}
    assert [event.at for event in seen] == sorted(event.at for event in seen)
    assert seen[5].facts["seconds"] > 0
    assert seen[6].facts["attempts"] == 2
    assert seen[9].facts["status"] == 404
    assert "secret" not in repr(seen)


def test_a_failing_hook_changes_nothing(
    face: Any, server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged."""

    def broken(event: TraceEvent) -> None:
        raise RuntimeError("hook")

    server.scripts += [[answer()]]
    assert face.call(face.client(server.url, trace=broken), "generate", "hi").generated_text
    assert "tracing hook failed" in caplog.text


def test_traceparent_is_sent_when_opentelemetry_is_in_use(
    face: Any, server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The current span's context; the caller's own header wins; nothing without a span."""

    class Context:
        is_valid = True
        trace_id, span_id, trace_flags = 0xABC, 0xDEF, 1

    class Span:
        def get_span_context(self) -> Any:
            return Context

    api: Any = python_types.ModuleType("opentelemetry.trace")
    api.get_current_span = Span
    server.scripts += [[answer()]] * 4
    client = face.client(server.url)
    face.call(client, "generate", "hi")
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", api)
    face.call(client, "generate", "hi")
    face.call(client, "generate", "hi", headers={"traceparent": "mine"})
    monkeypatch.setattr(Context, "is_valid", False)
    face.call(client, "generate", "hi")
    sent = [seen.headers.get("traceparent") for seen in server.seen]
    assert sent == [None, f"00-{0xABC:032x}-{0xDEF:016x}-01", "mine", None]


def test_a_client_shows_its_address_and_no_secret(face: Any) -> None:
    """In its repr."""
    shown = repr(face.client("http://me:secret@host/x?token=secret", SECRETS))
    assert "host/x" in shown
    assert "secret" not in shown
