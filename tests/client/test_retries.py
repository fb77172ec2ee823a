"""Retries: off unless asked for, only before the first token, patient and bounded."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from text_generation import Retries, Timeouts, errors
from text_generation._retry import RetryBudget, delay_before_retry, retryable
from text_generation.errors import Partial

from .raw_server import CLOSE, RESET, RawServer, chunk, response, stream_head
from .wire import answer, event, events, sse, stream

FULL = response(429, b'{"error":"Model is overloaded","error_type":"overloaded"}')
QUICK = Retries(3, first_delay=0.01, longest_delay=0.02)


def test_nothing_is_retried_unasked(face: Any, server: RawServer) -> None:
    """One request, one error."""
    server.scripts += [[FULL], [answer()]]
    with pytest.raises(errors.OverloadedError):
        face.call(face.client(server.url), "generate", "hi")
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    "trouble",
    [
        FULL,
        response(503, b""),
        response(502, b"<html>", "text/html"),
        response(504, b"{}"),
        response(429, b""),
    ],
    ids=["overloaded", "503", "502", "504", "429"],
)
def test_a_full_server_is_asked_again(face: Any, server: RawServer, trouble: bytes) -> None:
    """Until it answers, and the meta says how often."""
    server.scripts += [[trouble], [trouble], [answer()]]
    found = face.call(face.client(server.url, retries=QUICK), "generate", "hi")
    assert found.generated_text == " Rayleigh scattering"
    assert found.meta.attempts == 3


@pytest.mark.parametrize(
    "trouble", [[CLOSE], [RESET], [stream_head(), CLOSE]], ids=["close", "reset", "head only"]
)
def test_streams_are_retried_before_their_first_token(face: Any, server: RawServer, trouble: Any) -> None:
    """Also a stream that reports overload as an event of a 200."""
    overloaded = stream({"error": "Model is overloaded", "error_type": "overloaded"})
    server.scripts += [trouble, [overloaded], [stream(*events("ab"))]]
    made = face.stream(face.client(server.url, retries=QUICK), "generate_stream", "hi")
    items, error = face.collect(made)
    assert (len(items), error) == (2, None)
    assert made.meta.attempts == 3


def test_a_stream_is_never_retried_after_its_first_token(face: Any, server: RawServer) -> None:
    """What was handed out cannot be taken back."""
    server.scripts += [[stream_head() + chunk(sse(event("a"))), CLOSE], [stream(*events("ab"))]]
    items, error = face.collect(face.stream(face.client(server.url, retries=QUICK), "generate_stream", "hi"))
    assert [item.token.text for item in items] == ["a"]
    assert isinstance(error, errors.IncompleteGenerationError)
    assert len(server.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 424, 500])
def test_what_time_does_not_heal_is_final(face: Any, server: RawServer, status: int) -> None:
    """Wrong requests, wrong tokens, failed generations."""
    server.scripts += [[response(status, b'{"error":"x"}')], [answer()]]
    with pytest.raises(errors.TextGenerationError):
        face.call(face.client(server.url, retries=QUICK), "generate", "hi")
    assert len(server.seen) == 1


@pytest.mark.parametrize("kind", ["incomplete_generation", "overloaded", "healthcheck"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_a_wrong_request_is_final_whatever_its_body_says(
    face: Any, server: RawServer, status: int, kind: str
) -> None:
    """Who may not ask is refused again: the status is the server's, the body may be anybody's."""
    body = b'{"error":"x","error_type":"%b"}' % kind.encode()
    server.scripts += [[response(status, body)], [answer()]]
    with pytest.raises(errors.TextGenerationError) as caught:
        face.call(face.client(server.url, retries=QUICK), "generate", "hi")
    assert (caught.value.status, caught.value.error_type) == (status, kind)
    server.scripts[:] = [[response(status, body)], [stream(*events("ab"))]]
    made = face.stream(face.client(server.url, retries=QUICK), "generate_stream", "hi")
    assert isinstance(face.collect(made)[1], type(caught.value))
    assert len(server.seen) == 2


@pytest.mark.parametrize("status", [408, 425, 429, 500])
def test_an_incomplete_generation_is_asked_again(face: Any, server: RawServer, status: int) -> None:
    """With every status that does not blame the request for good."""
    body = b'{"error":"Incomplete generation","error_type":"incomplete_generation"}'
    server.scripts += [[response(status, body)], [answer()]]
    face.call(face.client(server.url, retries=QUICK), "generate", "hi")
    assert len(server.seen) == 2


def test_the_last_error_is_raised(face: Any, server: RawServer) -> None:
    """After the given number of retries; per call, too."""
    server.scripts += [[FULL]] * 10
    with pytest.raises(errors.OverloadedError):
        face.call(face.client(server.url, retries=QUICK), "generate", "hi")
    assert len(server.seen) == 4
    with pytest.raises(errors.OverloadedError):
        face.call(face.client(server.url, retries=QUICK), "generate", "hi", retries=0)
    assert len(server.seen) == 5


def test_retry_after_is_obeyed(face: Any, server: RawServer) -> None:
    """At least as long as the server asks, whatever the backoff says."""
    asked = response(429, b'{"error":"slow down"}', headers={"retry-after": "0.3"})
    server.scripts += [[asked], [answer()]]
    started = time.monotonic()
    face.call(face.client(server.url, retries=QUICK), "generate", "hi")
    assert time.monotonic() - started >= 0.3


def test_a_retry_after_beyond_the_limit_is_final(face: Any, server: RawServer) -> None:
    """Better an error with `retry_after` on it than a call that hangs for an hour."""
    server.scripts += [[response(429, b'{"error":"come tomorrow"}', headers={"retry-after": "3600"})]]
    with pytest.raises(errors.RateLimitExceededError) as caught:
        face.call(face.client(server.url, retries=QUICK), "generate", "hi")
    assert caught.value.retry_after == 3600


def test_retries_do_not_outlive_the_total(face: Any, server: RawServer) -> None:
    """No waiting for an attempt that could not end in time."""
    server.scripts += [[FULL]] * 10
    # It waits 0.2 to 0.4 s, then 0.4 to 0.8: there is time for the first and none for the second.
    client = face.client(server.url, retries=Retries(50, first_delay=0.4), timeout=Timeouts(total=0.58))
    started = time.monotonic()
    with pytest.raises(errors.OverloadedError):
        face.call(client, "generate", "hi")
    assert time.monotonic() - started < 1.5


def test_a_kept_connection_that_was_closed_is_replaced_unseen(face: Any, server: RawServer) -> None:
    """The server closes between two requests: no error, no retry, and the request is answered once."""
    server.scripts += [[answer(), 0.02, CLOSE], [answer()]]
    client = face.client(server.url)
    face.call(client, "generate", "hi")
    time.sleep(0.1)
    assert face.call(client, "generate", "hi").meta.attempts == 1
    assert server.connections == 2


def test_a_kept_connection_that_closes_on_the_request_is_replaced_once(face: Any, server: RawServer) -> None:
    """The server closes just as the next request comes; a fresh connection that closes is an error."""
    server.scripts += [[answer()], [CLOSE], [answer()], [CLOSE], [CLOSE], [answer()]]
    client = face.client(server.url)
    face.call(client, "generate", "hi")
    assert face.call(client, "generate", "hi").generated_text == " Rayleigh scattering"
    with pytest.raises(errors.ConnectionFailedError):
        face.call(client, "generate", "hi")
    assert len(server.seen) == 5


def test_closing_ends_the_wait_between_attempts(server: RawServer) -> None:
    """Another thread need not wait for the backoff."""
    from text_generation import Client

    server.scripts += [[FULL]] * 3
    made = Client(server.url, retries=Retries(3, first_delay=30)).generate_stream("hi")
    threading.Timer(0.2, made.close).start()
    started = time.monotonic()
    with pytest.raises(errors.CancelledGenerationError):
        next(made)
    assert time.monotonic() - started < 5


def test_waits_double_and_are_spread() -> None:
    """Between half and all of the doubled delay, up to the longest."""
    policy = Retries(10, first_delay=1.0, longest_delay=4.0)
    error = errors.OverloadedError("x")
    assert [delay_before_retry(policy, n, error, lambda: 1.0) for n in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 4.0]
    assert [delay_before_retry(policy, n, error, lambda: 0.0) for n in (1, 2, 3, 4)] == [0.5, 1.0, 2.0, 2.0]
    assert delay_before_retry(policy, 11, error, lambda: 1.0) is None


def test_the_budget_stops_a_storm() -> None:
    """Twenty retries, then one for every ten successes."""
    budget = RetryBudget(20)
    assert [budget.spend() for _ in range(25)] == [True] * 20 + [False] * 5
    for _ in range(10):
        budget.earn()
    assert [budget.spend(), budget.spend()] == [True, False]


def test_the_budget_is_shared_by_the_calls_of_a_client(face: Any, server: RawServer) -> None:
    """A server that is down does not get its load multiplied."""
    server.scripts += [[FULL]]
    server.repeat = True
    client = face.client(server.url, retries=Retries(5, first_delay=0.001))
    for _ in range(10):
        with pytest.raises(errors.OverloadedError):
            face.call(client, "generate", "hi")
    assert len(server.seen) == 10 + 20


def test_only_undelivered_errors_are_retryable() -> None:
    """An error that carries items is final, whatever its class."""
    error = errors.IncompleteGenerationError("x")
    error.partial = Partial()
    assert retryable(error)
    error.partial = Partial("a", (1,))
    assert not retryable(error)
    assert not retryable(errors.CancelledGenerationError("x"))
    assert not retryable(errors.FirstTokenTimeoutError("x"))


@pytest.mark.parametrize("value", [-1, True, 1.5, "3"])
def test_wrong_numbers_of_retries_are_refused(face: Any, value: Any) -> None:
    """When the client is made."""
    with pytest.raises(errors.ConfigurationError, match="retries"):
        face.client("http://x", retries=value)
