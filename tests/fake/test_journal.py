"""The journal: what it keeps, what it never keeps, and when it forgets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from fake_tgi.call import Call
from fake_tgi.connection import Connection
from fake_tgi.fault_plans import FaultRule
from fake_tgi.faults import FAULTS
from fake_tgi.frames import Body, Chunks, Frame, Hangup, Head, Wait
from fake_tgi.journal import Journal, ServeEvent
from fake_tgi.journal.keeping import ENDS_EARLY


class Time:
    """A clock that a test moves."""

    def __init__(self, now: float = 5.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def journal(clock: Time | None = None, **bounds: int) -> Journal:
    return Journal(clock=clock or Time(), **bounds)


def call(body: bytes = b"{}", *headers: tuple[bytes, bytes], query: str = "") -> Call:
    return Call("POST", "/generate", headers, body, query, received=2.0)


def played(kept: Journal, asked: Call, *frames: Frame) -> ServeEvent:
    event = kept.begin(asked)
    list(kept.record(event, iter(frames)))
    return event


def token(index: int) -> bytes:
    return b'data: {"index":%d,"token":{"id":1,"text":" a"},"generated_text":null}\n\n' % index


def test_a_record_tells_what_was_sent_and_when() -> None:
    event = played(
        journal(), call(), Head(200, ((b"a", b"b"),)), Chunks((b"data: 1\n\n", b"data: [DONE]\n\n"))
    )
    assert (event.status, event.headers, event.ended, event.seconds) == (
        200,
        ((b"a", b"b"),),
        "complete",
        3.0,
    )
    assert event.sent == [(3.0, b"data: 1\n\n"), (3.0, b"data: [DONE]\n\n")]
    assert event.events == [b"1", b"[DONE]"]


def test_silence_is_told_with_its_time_and_its_length() -> None:
    clock = Time(2.0)
    kept = journal(clock)
    event = kept.begin(call())
    for frame in kept.record(event, iter((Head(200), Wait(3.0), Chunks((token(1),)), Wait(5.5)))):
        if isinstance(frame, Wait):
            clock.now = frame.until
    assert event.waits == [(0.0, 1.0), (1.0, 2.5)]


def test_comments_that_the_player_sends_in_a_long_silence_are_told() -> None:
    """One every fifteen seconds, as long as there is more than fifteen seconds left."""
    clock = Time(2.0)
    kept = journal(clock)
    event = kept.begin(call())
    for frame in kept.record(event, iter((Head(200), Wait(2.0 + 45), Chunks((token(1),)), Wait(80, True)))):
        if isinstance(frame, Wait):
            clock.now = frame.until
    assert event.sent == [(15.0, b":\n\n"), (30.0, b":\n\n"), (45.0, token(1))]
    assert (event.comments, event.tokens_sent) == (2, 1)


def test_an_answer_that_nobody_finished_ended_because_the_client_left() -> None:
    kept = journal()
    event = kept.begin(call())
    frames = kept.record(event, iter((Head(200), Chunks((b"a",)), Chunks((b"b",)))))
    next(frames), next(frames), next(frames)
    assert kept.in_flight == 1
    frames.close()  # type: ignore[attr-defined]  # it is a generator, typed as what its callers may know
    assert (event.ended, event.body, kept.in_flight) == ("client left", b"a", 0)


def test_nothing_more_is_made_for_a_client_whose_connection_is_gone() -> None:
    kept, line, made = journal(), Connection(7), 0

    def frames() -> Iterator[Frame]:
        nonlocal made
        yield Head(200)
        for made in range(1, 11):
            kept.produced(1)
            yield Chunks((token(made),))

    asked = Call("POST", "/generate_stream", received=2.0, connection=line)
    event = kept.begin(asked)
    for frame in kept.record(event, frames()):
        if isinstance(frame, Chunks) and made == 3:
            line.left()
    assert (event.ended, event.tokens_sent, event.generated, made) == ("client left", 3, 3, 3)


def test_tokens_that_a_client_did_not_wait_for_are_wasted() -> None:
    kept = journal()
    event = kept.begin(call())

    def frames() -> Iterator[Frame]:
        yield Head(200)
        try:
            yield Chunks((token(1), token(2)))
            yield Chunks((token(3),))
        finally:
            kept.produced(20)  # told as a Run tells it: when it is closed

    playing = kept.record(event, frames())
    next(playing), next(playing), next(playing)
    playing.close()  # type: ignore[attr-defined]
    assert (event.tokens_sent, event.generated, event.tokens_wasted) == (2, 20, 18)


def test_a_call_knows_its_connection_and_what_became_of_it() -> None:
    clock, line = Time(2.0), Connection(7)
    kept = journal(clock)
    first, second = (
        played(kept, Call("GET", "/info", received=2.0, connection=line), Head(200, length=0)) for _ in "ab"
    )
    clock.now = 6.0
    line.left(reset=True)
    assert [(event.connection, event.earlier) for event in (first, second)] == [(7, 0), (7, 1)]
    assert (first.closed, second.closed, second.reset) == (None, 4.0, True)


def test_a_client_that_does_not_read_is_told_with_how_long_it_did_not() -> None:
    clock, line = Time(2.0), Connection(1)
    kept = journal(clock)
    event = kept.begin(Call("GET", "/info", received=2.0, connection=line))
    line.pause()
    clock.now = 5.0
    assert event.blocked_so_far == 3.0
    line.resume()
    clock.now = 9.0
    assert event.blocked == event.blocked_so_far == 3.0


def test_a_server_that_stops_is_not_a_client_that_left() -> None:
    kept = journal()
    event = kept.begin(Call("GET", "/info", received=2.0, connection=Connection(1)))
    playing = kept.record(event, iter((Head(200), Body(b"a"))))
    next(playing)
    playing.close()  # type: ignore[attr-defined]
    assert event.ended == "server stopped"


@pytest.mark.parametrize(
    ("fault", "frames", "ended"),
    [
        ("stall(seconds=1s)", (Head(200), Chunks((b"a",))), "complete"),
        ("damage(how=no_json)", (Head(200), Chunks((b"a",))), "complete"),
        ("error(status=500)", (Head(500, length=0),), "complete"),
        ("end_early(tokens=3)", (Head(200), Chunks((b"a",))), "cut by a fault"),
        ("cut(tokens=2)", (Head(200), Hangup("reset")), "cut by a fault"),
        ("close", (Head(200, length=0), Hangup("after")), "complete"),
        (None, (Hangup(),), "hung up"),
    ],
)
def test_only_what_ends_before_its_end_is_cut(
    fault: str | None, frames: tuple[Frame, ...], ended: str
) -> None:
    kept = journal()
    event = kept.begin(call())
    if fault is not None:
        event.strike(fault)
    list(kept.record(event, iter(frames)))
    assert event.ended == ended
    assert event.faults == ((fault,) if fault is not None else ())


def test_the_faults_that_end_an_answer_early_are_faults() -> None:
    assert set(ENDS_EARLY) <= set(FAULTS)
    assert FaultRule.__name__  # their rules are spelled by these names


def test_an_error_on_the_way_is_kept_and_goes_on() -> None:
    def failing() -> Iterator[Frame]:
        yield Head(200)
        raise RuntimeError("boom")

    kept = journal()
    event = kept.begin(call())
    with pytest.raises(RuntimeError) as raised:
        list(kept.record(event, failing()))
    assert (event.ended, event.error) == ("failed", "RuntimeError: boom")
    assert event.exception is raised.value
    assert event.traceback is not None
    assert "in failing" in event.traceback


SECRET = b"hf_9Qz7kLm3Xw8Rt5Vb"


@pytest.mark.parametrize(
    "name",
    [
        b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"api-key", b"x-goog-api-key",
        b"x-fake-tgi-admin-token", b"x-auth-token", b"x-amz-security-token", b"x-session-id",
    ],
)  # fmt: skip
def test_no_secret_header_is_shown(name: bytes) -> None:
    event = journal().begin(call(b"{}", (name, b"Bearer correct horse"), (b"accept", b"*/*")))
    headers = dict(event.call.headers)
    assert b"REDACTED" in headers[name]
    assert b"horse" not in headers[name]
    assert headers[b"accept"] == b"*/*"


@pytest.mark.parametrize(
    "asked",
    [
        call(b'{"inputs":"use %b please"}' % SECRET),
        call(b'{"api_key":"%b"}' % SECRET),
        call(query=f"token={SECRET.decode()}&a=1"),
        call(b'{"inputs":"%b"}' % SECRET, (b"authorization", b"Bearer " + SECRET)),
    ],
)
def test_no_secret_is_shown_of_a_body_or_a_query_or_an_answer(asked: Call) -> None:
    half = len(SECRET) // 2
    kept = journal()
    event = kept.begin(asked)
    frames = (
        Head(200, ((b"set-cookie", b"session=" + SECRET),)),
        Chunks((b"data: " + SECRET[:half], SECRET[half:] + b"\n\n")),
    )
    list(kept.record(event, iter(frames)))
    event.fail(ValueError(f"no such token {SECRET.decode()}"))
    shown = repr((event, event.call, event.headers, event.sent, event.body, event.events, event.error))
    assert SECRET.decode() not in shown
    assert SECRET.decode()[half:] not in shown
    assert SECRET.decode() not in str(event.traceback)
    assert len(event.sent) == 2


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (b'{"inputs":"a","password":"b\\"horse","n":1}', b'{"inputs":"a","password":"REDACTED","n":1}'),
        (b'{"inputs":"a","x-api-key":["horse", 5]}', b'{"inputs":"a","x-api-key":"REDACTED"}'),
        (b"password=horse&inputs=a&api_key=horse", b"password=REDACTED&inputs=a&api_key=REDACTED"),
    ],
)
def test_a_secret_is_known_by_its_name_whatever_it_is(asked: bytes, shown: bytes) -> None:
    assert journal().begin(call(asked)).call.body == shown


def test_what_is_no_secret_stays_byte_for_byte() -> None:
    body = b'{"inputs":"a token of thanks, testing 123","parameters":{"seed":1}}'
    event = journal().begin(call(body, (b"authorization", b"Bearer testing"), query="tokens=5"))
    assert (event.call.body, event.call.query) == (body, "tokens=5")


def test_the_oldest_records_go_when_there_are_too_many() -> None:
    kept = journal(entries=2)
    ids = [played(kept, call(), Head(200, length=0)).id for _ in range(5)]
    assert [event.id for event in kept] == ids[-2:]
    assert kept.dropped == 3


def test_the_oldest_records_go_when_they_are_too_large_together() -> None:
    kept = journal(size=200)
    for _ in range(9):
        played(kept, call(b"x" * 20), Head(200, length=20), Body(b"y" * 20))
    assert len(kept) == 5
    assert sum(event.size for event in kept) <= 200


def test_one_large_request_is_kept_in_part() -> None:
    kept = journal(size=400)
    event = played(kept, call(b"x" * 1000), Head(200, length=1), Body(b"y"))
    assert (len(event.call.body), event.body, event.unkept, event.size) == (100, b"", 901, 100)


def test_one_endless_stream_stays_within_the_bounds_and_is_still_counted() -> None:
    kept = journal(size=10_000)
    for _ in range(3):
        played(kept, call())
    event = kept.begin(call())
    size = len(token(1))

    def endless() -> Iterator[Frame]:
        yield Head(200)
        for _ in range(10_000):
            yield Chunks((token(1), token(1)))

    list(kept.record(event, endless()))
    assert event.size <= 2_500
    assert event.unkept == 20_000 * size - (event.size - 2)
    assert event.tokens_sent == 20_000
    assert len(kept) == 4


def test_the_bounds_hold_whatever_is_in_flight_at_once() -> None:
    kept = journal(size=1_000, entries=5)
    streams = []
    for _ in range(8):
        event = kept.begin(call(b"x" * 100))
        streams.append(kept.record(event, iter((Head(200), *[Chunks((b"y" * 60,))] * 50))))
    while streams:
        streams = [stream for stream in streams if next(stream, None) is not None]
        assert sum(event.size for event in kept) <= 1_000
        assert len(kept) <= 5
    assert kept.in_flight == 0


def test_a_record_that_was_let_go_costs_nothing_more() -> None:
    kept = journal(size=400)
    event = kept.begin(call())
    frames = kept.record(event, iter((Head(200), Chunks((b"x" * 90,)))))
    kept.clear()
    list(frames)
    for _ in range(20):
        played(kept, call(b"x" * 20))
    assert len(kept) == 20


def test_an_answer_from_before_a_reset_counts_for_nobody_after_it() -> None:
    kept = journal()
    old = kept.record(kept.begin(call()), iter((Head(200), Body(b"a"))))
    next(old)
    kept.clear()
    assert (len(kept), kept.in_flight, kept.wait_until_idle(0)) == (0, 0, True)
    new = kept.record(kept.begin(call()), iter((Head(200), Body(b"a"))))
    next(new)
    list(old)
    assert (len(kept), kept.in_flight, kept.wait_until_idle(0)) == (1, 1, False)
    list(new)
    assert kept.in_flight == 0


def test_waiting_for_idle_returns_when_the_last_answer_is_out() -> None:
    async def wait() -> bool:
        kept = journal()
        event = kept.begin(call())
        waiting = asyncio.create_task(kept.idle())
        await asyncio.sleep(0)
        assert not waiting.done()
        list(kept.record(event, iter((Head(200),))))
        return await asyncio.wait_for(waiting, 1)

    assert asyncio.run(wait())


def test_waiting_for_idle_gives_up_when_told_and_says_so() -> None:
    kept = journal()
    kept.begin(call())
    assert not asyncio.run(kept.idle(0.01))
    assert not kept.wait_until_idle(0.01)


def test_another_thread_can_wait_for_the_last_answer() -> None:
    kept = journal()
    playing = kept.record(kept.begin(call()), iter((Head(200),)))
    server = threading.Timer(0.02, lambda: list(playing))
    server.start()
    assert kept.wait_until_idle(5)
    server.join()


def test_the_records_can_be_read_while_calls_come() -> None:
    kept = journal(entries=50)
    stop = threading.Event()

    def serving() -> None:
        while not stop.is_set():
            played(kept, call(), Head(200, length=0))

    server = threading.Thread(target=serving)
    server.start()
    try:
        for _ in range(300):
            assert len(list(kept)) <= 51
    finally:
        stop.set()
        server.join()
