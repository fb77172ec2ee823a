"""The journal: what it keeps, what it never keeps, and when it forgets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from fake_tgi.call import Call
from fake_tgi.frames import Body, Chunks, Frame, Head
from fake_tgi.journal import Journal, ServeEvent


def journal(**bounds: int) -> Journal:
    return Journal(clock=lambda: 5.0, **bounds)


def call(body: bytes = b"{}", *headers: tuple[bytes, bytes]) -> Call:
    return Call("POST", "/generate", headers, body, received=2.0)


def played(kept: Journal, asked: Call, *frames: Frame) -> ServeEvent:
    event = kept.begin(asked)
    list(kept.record(event, iter(frames)))
    return event


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


def test_an_answer_that_nobody_finished_ended_because_the_client_left() -> None:
    kept = journal()
    event = kept.begin(call())
    frames = kept.record(event, iter((Head(200), Chunks((b"a",)), Chunks((b"b",)))))
    next(frames), next(frames), next(frames)
    assert kept.in_flight == 1
    frames.close()  # type: ignore[attr-defined]  # it is a generator, typed as what its callers may know
    assert (event.ended, event.body, kept.in_flight) == ("client left", b"a", 0)


def test_an_error_on_the_way_is_kept_and_goes_on() -> None:
    def failing() -> Iterator[Frame]:
        yield Head(200)
        raise RuntimeError("boom")

    kept = journal()
    event = kept.begin(call())
    with pytest.raises(RuntimeError):
        list(kept.record(event, failing()))
    assert (event.ended, event.error) == ("failed", "RuntimeError: boom")


@pytest.mark.parametrize("name", [b"authorization", b"cookie", b"x-api-key"])
def test_no_secret_is_kept(name: bytes) -> None:
    event = journal().begin(call(b"{}", (name, b"Bearer hf_secret"), (b"accept", b"*/*")))
    assert dict(event.call.headers) == {name: b"[redacted]", b"accept": b"*/*"}


def test_the_oldest_records_go_when_there_are_too_many() -> None:
    kept = journal(entries=2)
    ids = [played(kept, call(), Head(200, length=0)).id for _ in range(5)]
    assert [event.id for event in kept] == ids[-2:]
    assert kept.dropped == 3


def test_the_oldest_records_go_when_they_are_too_large_together() -> None:
    kept = journal(size=100)
    for _ in range(5):
        played(kept, call(b"x" * 20), Head(200, length=20), Body(b"y" * 20))
    assert len(kept) == 2
    assert sum(event.size for event in kept) <= 100


def test_a_record_that_was_let_go_costs_nothing_more() -> None:
    kept = journal(size=100)
    event = kept.begin(call())
    frames = kept.record(event, iter((Head(200), Chunks((b"x" * 90,)))))
    kept.clear()
    list(frames)
    for _ in range(3):
        played(kept, call(b"x" * 20))
    assert len(kept) == 3


def test_waiting_for_idle_returns_when_the_last_answer_is_out() -> None:
    async def wait() -> bool:
        kept = journal()
        event = kept.begin(call())
        waiting = asyncio.create_task(kept.idle())
        await asyncio.sleep(0)
        assert not waiting.done()
        list(kept.record(event, iter((Head(200),))))
        await asyncio.wait_for(waiting, 1)
        return True

    assert asyncio.run(wait())
