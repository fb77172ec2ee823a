"""For each finding: what a client does that earns it, and what looks like it and does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fake_tgi.journal import ServeEvent
from fake_tgi.verdict import Received

from .events import call, error_event, stream, token
from .habits import (
    CUT,
    HELLO,
    TALK,
    attempts,
    chunk,
    commented,
    herd,
    left,
    of_session,
    refused,
    refused_in_a_row,
    sawtooth,
    split,
    talk,
)

__all__ = ["GUILTY", "INNOCENT", "Case"]


@dataclass(frozen=True)
class Case:
    """Some calls of a client, and what it made of them. `about` says what it does."""

    about: str
    events: Sequence[ServeEvent]
    received: Sequence[Any] = field(default=())

    def __str__(self) -> str:
        return self.about


GUILTY: dict[str, list[Case]] = {
    "error-event-ignored": [
        Case("returns what came before the error", [stream(1, 0, *HELLO[:1], error_event())], ["Hel"]),
        Case("returns nothing, as if there were nothing", [stream(1, 0, error_event("overloaded"))], [""]),
        Case(
            "goes on with what came before the error",
            [
                stream(1, 0, chunk("Hal"), error_event(), **talk(TALK)),
                call(2, 1, **talk(TALK, ("assistant", "Hal"), ("user", "go on"))),
            ],
        ),
    ],
    "truncated-stream-accepted": [
        Case("returns half a stream", [stream(1, 0, *HELLO[:1], **CUT)], ["Hel"]),
        Case(
            "returns a stream that ended cleanly without its final event",
            [stream(1, 0, *HELLO[:1], ended="cut by a fault", faults=("end_early(tokens=1)",))],
            [Received("Hel")],
        ),
        Case(
            "goes on with half an answer as what the assistant said",
            [
                stream(1, 0, chunk("Hal"), **talk(TALK), **CUT),
                call(2, 1, **talk(TALK, ("assistant", "Hal"), ("user", "go on"))),
            ],
        ),
        Case(
            "puts half an answer into the next prompt",
            [stream(1, 0, *HELLO[:1], **CUT), call(2, 1, body={"inputs": "hiHel\nAnd then?"})],
        ),
    ],
    "error-answer-accepted": [
        Case("returns a proxy's page", [call(1, status=502, sent=[(0.0, b"<html>")])], ["<html>"]),
    ],
    "damaged-event-accepted": [
        Case(
            "passes over what is no JSON",
            [stream(1, 0, b"data: {]\n\n", HELLO[1], faults=("damage",))],
            ["lo"],
        ),
    ],
    "keep-alive-comment-mishandled": [
        Case("hands the comment out", [commented()], ["Hel:lo"]),
        Case("raises over the comment", [commented()], [ValueError("no event")]),
    ],
    "split-character-mishandled": [
        Case("decodes each piece alone", [split()], ["k\ufffd\ufffdň"]),
        Case(
            "raises over half a character",
            [split()],
            [UnicodeDecodeError("utf-8", b"\xc5", 0, 1, "unexpected end of data")],
        ),
    ],
    "text-not-as-sent": [Case("loses a token", [stream(1, 0, *HELLO)], ["lo"])],
    "good-answer-refused": [Case("raises over nothing", [stream(1, 0, *HELLO)], [KeyError("details")])],
    "retry-of-what-cannot-succeed": [
        Case("asks again after a 422", attempts(0.5, status=422, last=422)),
        Case("asks again after a 401", attempts(0.5, status=401, last=401)),
        Case(
            "asks again after an invalid request inside a stream",
            [stream(1, 0, error_event("validation")), stream(2, 1, error_event("validation"))],
        ),
    ],
    "retry-against-retry-after": [
        Case("comes back too early", attempts(0.5, answered={"retry-after": "2"})),
        Case(
            "comes back before the date",
            attempts(0.5, answered={"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}),
        ),
    ],
    "retry-without-backoff": [
        Case("asks again at once", attempts(0.001)),
        Case("asks again at once, and again", attempts(0.001, 0.002, 0.001, status=500)),
        Case(
            "says itself that it is a retry",
            [
                call(1, 0, status=429, headers={"x-stainless-retry-count": "0"}),
                call(2, 0.002, status=429, headers={"x-stainless-retry-count": "0"}, body={"inputs": "b"}),
                call(3, 0.012, headers={"x-stainless-retry-count": "1"}),
            ],
        ),
    ],
    "never-ending-retry": [Case("does not give up", attempts(*[1.0 * n for n in range(1, 13)], last=429))],
    "retry-of-half-delivered": [
        Case("asks again behind a token", [stream(1, 0, *HELLO[:1], **CUT), stream(2, 1, *HELLO)]),
        Case(
            "asks again after an error behind a token",
            [stream(1, 0, *HELLO[:1], error_event()), stream(2, 1, *HELLO)],
        ),
    ],
    "retry-at-fixed-interval": [Case("always waits a second", attempts(1.0, 1.01, 1.0, 1.02))],
    "no-retry-on-overload": [
        Case("gives up at once", [call(1, status=429)]),
        Case("gives up on a stream at once", [stream(1, 0, error_event("overloaded"))]),
    ],
    "answer-thrown-away": [
        Case(
            "loses patience and asks again",
            [
                call(1, seconds=1.0, status=None, ended="client left", closed=1.0, generated=50),
                call(2, 2.0),
            ],
        ),
    ],
    "abandoned-stream-left-open": [
        Case("does not read", [stream(1, 0, *HELLO, ended="in flight", blocked=2.0, generated=99)]),
        Case(
            "reads on though its caller has stopped",
            [stream(1, 0, *[token(n, " a") for n in range(20)], every=0.02, generated=20)],
            [Received(" a a", stopped=True)],
        ),
    ],
    "new-connection-per-call": [
        Case(
            "closes after each call",
            [call(n, float(n), connection=n, earlier=0, closed=0.02) for n in range(1, 5)],
        ),
        Case(
            "leaves one open after each call",
            [call(n, float(n), connection=n, earlier=0) for n in range(1, 5)],
        ),
        Case(
            "has a session for each call, in which some are retried",
            [
                event
                for n in range(20)
                for event in (
                    of_session(n, status=429 if n % 4 == 0 else 200),
                    *([of_session(n, at=0.5, earlier=1)] if n % 4 == 0 else []),
                )
            ],
        ),
        Case(
            "keeps one connection by luck",
            [
                *(call(n, float(n), connection=n, earlier=0) for n in range(1, 8)),
                call(8, 8.0, connection=7, earlier=1),
            ],
        ),
    ],
    "total-timeout-as-read-timeout": [
        Case(
            "says that it timed out while tokens came",
            [left(1, 0, after=2.05, tokens=20)],
            [TimeoutError("timed out")],
        ),
        Case(
            "leaves after the same time, whatever comes",
            [
                sawtooth(1, 0, after=2.0, every=0.1),
                sawtooth(2, 5, after=2.01, every=0.07),
                sawtooth(3, 9, after=2.02, every=0.05),
            ],
        ),
    ],
    "thundering-herd": [
        Case("comes back all at once", herd(8)),
        Case(
            "waits as long each time, and is refused one after the other",
            refused_in_a_row(*(0.5 + 0.002 * (7 * index % 16) for index in range(12))),
        ),
    ],
    "unbounded-concurrency": [Case("starts more and more", refused(60, connections=12))],
    "secret-in-url": [Case("puts its token into the URL", [call(1, query="token=hf_9Qz7kLm3Xw8Rt5Vb")])],
}

INNOCENT: list[Case] = [
    Case("nothing at all", []),
    Case("one good call", [call(1)]),
    Case("raises on half a stream", [stream(1, 0, *HELLO[:1], **CUT)], [ConnectionError("cut")]),
    Case("raises on an error event", [stream(1, 0, *HELLO[:1], error_event())], [RuntimeError("failed")]),
    Case(
        "knows that half an answer is half, and asks to go on with it",
        [
            stream(1, 0, chunk("Hal"), **talk(TALK), **CUT),
            call(2, 1, **talk(TALK, ("assistant", "Hal"))),
            stream(3, 2, *HELLO[:1], **CUT),
            call(4, 3, body={"inputs": "hiHel"}),
        ],
    ),
    Case(
        "goes on with another text than the one that was cut",
        [
            stream(1, 0, chunk("Hal"), **talk(TALK), **CUT),
            call(2, 1, **talk(TALK, ("assistant", "Hallo, I repeated that"), ("user", "go on"))),
        ],
    ),
    Case("reads a comment right", [commented()], ["Hello"]),
    Case("reads a split character right", [split()], ["kůň"]),
    Case("strips its answer", [stream(1, 0, token(1, " Hi "), token(2, "!", " Hi !"))], ["Hi !"]),
    Case(
        "stops on purpose, and closes", [left(1, 0, after=0.35, tokens=3)], [Received(" a a", stopped=True)]
    ),
    Case(
        "stops on purpose when everything was there at once",
        [stream(1, 0, *[token(n, " a") for n in range(20)])],
        [Received(" a a", stopped=True)],
    ),
    Case("waits longer each time", attempts(0.5, 1.0, 2.0)),
    Case("waits longer each time, from very little", attempts(0.008, 0.016, 0.03)),
    Case("waits as long as it is told", attempts(2.01, answered={"retry-after": "2"})),
    Case(
        "waits until the date",
        attempts(60.0, answered={"retry-after": "Thu, 01 Jan 1970 00:00:30 GMT"}),
    ),
    Case(
        "asks again at once on another connection, for the first was dead",
        [call(1, status=None, ended="cut by a fault", faults=("cut",)), call(2, 0.011, connection=2)],
    ),
    Case(
        "asks the same again after it was answered",
        [call(1), call(2, 0.02), call(3, 0.03)],
    ),
    Case(
        "asks the same from many threads, some of which are refused",
        [call(n, 0.001 * n, status=200 if n % 2 else 429, seconds=0.005) for n in range(1, 20)]
        + [call(20, 10.0)],
    ),
    Case(
        "keeps its connections, one for each of two at once",
        [call(n, 0.004 * n, connection=n % 2, earlier=n // 2, body={"inputs": n}) for n in range(8)],
    ),
    Case(
        "has four threads that begin one after the other, with a session each",
        [of_session(n, at=10.0 * turn, earlier=turn) for turn in range(2) for n in range(4)],
    ),
    Case(
        "opens a connection because the server has closed the one before",
        [call(n, float(n), connection=n, earlier=0, faults=("close",)) for n in range(1, 5)],
    ),
    Case(
        "opens a connection because the answer was broken off",
        [
            call(n, float(n), connection=n, earlier=0, ended="cut by a fault", faults=("cut",), body=[n])
            for n in range(1, 5)
        ],
    ),
    Case(
        "is another process each time",
        [call(n, float(n), connection=n, earlier=0, headers={"user-agent": "curl/8.1"}) for n in range(1, 5)],
    ),
    Case(
        "leaves streams after the same number of tokens",
        [left(n, 3.0 * n, after=1.05, tokens=10, body={"inputs": n}) for n in range(1, 5)],
    ),
    Case(
        "gives up on a stream that stalls",
        [stream(1, 0, *HELLO[:1], token(2, "b"), every=0.1, ended="client left", closed=5.2, seconds=5.2)],
        [TimeoutError("read timed out")],
    ),
    Case("comes back spread", herd(8, spread=0.05)),
    Case("comes back spread by a fifth of its wait", herd(20, spread=0.005)),
    Case(
        "waits up to a tenth longer than a second, as chance will have it",
        refused_in_a_row(*(1.0 + 0.1 * (7 * index % 12) / 12 for index in range(12))),
    ),
    Case(
        "waits up to a quarter less, as chance will have it",
        refused_in_a_row(*(0.5 - 0.125 * (7 * index % 12) / 12 for index in range(12))),
    ),
    Case("starts very many at once, before it knows", refused(60, connections=60)),
    Case(
        "starts the same many times at once, and is refused",
        [call(n, 0.001 * n, status=429, seconds=0.005, connection=n % 12) for n in range(1, 60)],
    ),
    Case("starts a few calls", refused(8)),
    Case("asks one after the other, over one connection", refused(60, connections=1)),
    Case("sends its token where it belongs", [call(1, headers={"authorization": "Bearer hf_9Qz7kLm3Xw"})]),
    Case("has a parameter that is no secret", [call(1, query="tokens=5&page=2")]),
]
"""Clients that nothing may be said against, but for what is worth knowing."""
