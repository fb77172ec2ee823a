"""Streams whose events are written before they are sent: when each goes out, and to whom no more."""

from __future__ import annotations

import asyncio
import json
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.app import Application, create_app
from fake_tgi.call import Call
from fake_tgi.frames import Chunks, Frame, Head, Paced, Wait
from fake_tgi.hyper.protocol import HttpProtocol, Service
from fake_tgi.journal import Journal
from fake_tgi.packed import Packed
from fake_tgi.settings import Settings

from ..benchmarks.calls import python_calls
from .test_delays import timed

PROMPT = {"inputs": "one two three", "parameters": {"max_new_tokens": 6}}
CHAT = {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 6, "stream": True, "seed": 3}
STREAMS: dict[str, dict[str, Any]] = {
    "/generate_stream": PROMPT,
    "/v1/chat/completions": CHAT,
    "/v1/completions": {"prompt": "one two", "max_tokens": 6, "stream": True, "seed": 3},
}


class Line:
    """The server's end of a connection, which keeps what is written to it and when."""

    def __init__(self, app: Application, log: list[tuple[Line, bytes]] | None = None) -> None:
        self.app = app
        self.written: list[tuple[float, bytes]] = []
        self._log = log
        self.protocol = HttpProtocol(Service(app, app, asyncio.get_running_loop()))
        self.protocol.connection_made(self)  # type: ignore[arg-type]  # as much of a transport as is needed

    def ask(self, path: str, body: dict[str, Any], version: str = "1.1") -> None:
        data = json.dumps(body).encode()
        head = f"POST {path} HTTP/{version}\r\nHost: a\r\nContent-Type: application/json\r\n"
        self.protocol.data_received(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    def write(self, data: bytes) -> None:
        self.written.append((self.app.clock(), data))
        if self._log is not None:
            self._log.append((self, data))

    def close(self) -> None:
        pass

    async def until(self, seen: Callable[[], bool]) -> None:
        async def look() -> None:
            while not seen():  # noqa: ASYNC110  every turn of the loop is somebody else's
                await asyncio.sleep(0)

        await asyncio.wait_for(look(), 10)

    def over(self) -> bool:
        return bool(self.written) and self.written[-1][1].endswith(b"\r\n0\r\n\r\n")

    def chunks(self) -> list[tuple[float, bytes]]:
        """The chunks of the body, each with its time."""
        found = []
        for at, data in self.written:
            if data.startswith(b"HTTP/1.1 200"):
                data = data.partition(b"\r\n\r\n")[2]
            while data:
                size, _, data = data.partition(b"\r\n")
                if length := int(size, 16):
                    found.append((at, data[:length]))
                data = data[length + 2 :]
        return found


def fake(**settings: Any) -> Application:
    return create_app(Settings(ignore_eos=True, **settings))


def run(main: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(main())  # type: ignore[arg-type]  # an async function's


@pytest.mark.parametrize(
    ("first", "gap"),
    [("1s", "20ms"), ("1s", "normal(20ms, 15ms)"), ("1s", "20s"), ("20s", "20ms")],
    ids=["steady", "drawn", "keep-alives between tokens", "keep-alives before the first"],
)
@pytest.mark.parametrize("path", STREAMS)
def test_every_server_sends_the_same_chunks_at_the_same_times(path: str, first: str, gap: str) -> None:
    async def ours() -> list[tuple[float, bytes]]:
        line = Line(fake(clock="virtual", time_to_first_token=first, inter_token_latency=gap))
        line.ask(path, STREAMS[path])
        await line.until(line.over)
        return line.chunks()

    app = fake(clock="virtual", time_to_first_token=first, inter_token_latency=gap)
    reply, times = asyncio.run(timed(app, path, STREAMS[path]))
    found = asyncio.run(ours())
    assert [at for at, _ in found] == pytest.approx(times)
    made = [json.loads(data[6:]) for _, data in found if data.startswith(b"data: {")]
    asked = [json.loads(data[6:]) for data in reply.chunks if data.startswith(b"data: {")]
    for event in *made, *asked:
        event.pop("created", None)
    assert made == asked
    assert len(found) == len(reply.chunks)


def test_a_client_of_http_1_0_gets_the_bare_events() -> None:
    async def main() -> None:
        line = Line(fake(clock="virtual", inter_token_latency="20ms"))
        line.ask("/generate_stream", PROMPT, "1.0")
        await line.until(lambda: line.app.state.journal.in_flight == 0)
        (event,) = line.app.state.journal
        assert b"".join(data for _, data in line.written).partition(b"\r\n\r\n")[2] == event.body
        assert len(event.events) == 6

    run(main)


def test_of_a_client_that_leaves_the_journal_tells_what_it_got() -> None:
    async def main() -> None:
        line = Line(fake(clock="virtual", inter_token_latency="1s"))
        state = line.app.state
        line.ask("/generate_stream", PROMPT)
        await line.until(lambda: len(line.written) == 3)
        line.protocol.connection_lost(ConnectionResetError())
        (event,) = state.journal
        assert (event.ended, event.tokens_sent, event.generated, event.tokens_wasted) == (
            "client left",
            3,
            3,
            0,
        )
        assert [at for at, _ in event.sent] == pytest.approx([0, 1, 2])
        assert event.size == len(event.call.body) + len(event.body) == state.journal._books.bytes
        assert state.permits.free == state.permits.total

    run(main)


def test_nothing_goes_to_a_client_that_has_closed_its_side() -> None:
    async def main() -> None:
        line = Line(fake(clock="virtual", inter_token_latency="1s"))
        line.ask("/generate_stream", PROMPT)
        await line.until(lambda: len(line.written) == 3)
        line.protocol.eof_received()
        await line.until(lambda: line.app.state.journal.in_flight == 0)
        assert len(line.chunks()) == 3

    run(main)


def test_a_client_that_does_not_read_gets_nothing_until_it_does_and_then_one_at_a_time() -> None:
    async def main() -> None:
        line = Line(fake(clock="stepped", inter_token_latency="1s"))
        clock = line.app.state.clock
        line.ask("/generate_stream", PROMPT)
        await clock.elapse(1)  # type: ignore[attr-defined]
        assert len(line.written) == 2
        line.protocol.pause_writing()
        await clock.elapse(2.5)  # type: ignore[attr-defined]
        assert len(line.written) == 2
        line.protocol.resume_writing()
        assert len(line.written) == 3
        await line.until(lambda: len(line.written) == 4)
        await clock.elapse(10)  # type: ignore[attr-defined]
        (event,) = line.app.state.journal
        assert [at for at, _ in event.sent] == pytest.approx([0, 1, 3.5, 3.5, 4, 5])
        assert event.blocked == 2.5

    run(main)


def test_streams_that_are_late_catch_up_in_turn() -> None:
    """Nothing is lost of the schedule: behind the delay each token comes when it was always to come."""

    async def main() -> None:
        log: list[tuple[Line, bytes]] = []
        app = fake(inter_token_latency="10ms")
        lines = [Line(app, log), Line(app, log)]
        for line in lines:
            line.ask("/generate_stream", {"inputs": "x", "parameters": {"max_new_tokens": 10}})
        await lines[0].until(lambda: len(log) >= 4)
        time.sleep(0.045)  # noqa: ASYNC251  the loop is busy with something else
        await lines[0].until(lambda: len(log) == 20)
        ahead = list(accumulate(1 if line is lines[0] else -1 for line, _ in log))
        assert max(map(abs, ahead)) <= 2
        for line, event in zip(lines, app.state.journal, strict=True):
            times = [at for at, _ in event.sent]
            assert all(at >= 0.01 * number for number, at in enumerate(times))
            assert line.over()

    run(main)


def test_a_token_that_is_due_goes_out_before_a_new_request_is_answered() -> None:
    async def main() -> None:
        log: list[tuple[Line, bytes]] = []
        app = fake(inter_token_latency="10ms")
        first, second = Line(app, log), Line(app, log)
        first.ask("/generate_stream", PROMPT)
        time.sleep(0.015)  # noqa: ASYNC251  the loop is busy with something else
        second.ask("/generate_stream", PROMPT)
        assert [line for line, _ in log] == [first, first, second]
        for line in first, second:
            line.protocol.connection_lost(None)

    run(main)


def test_a_token_costs_a_handful_of_calls() -> None:
    """Counted, not timed: what plays a stream, and is called more often in one that has 40 tokens more."""

    def stream(tokens: int) -> Counter[str]:
        async def main() -> None:
            line = Line(fake(inter_token_latency="1ms"))
            line.ask("/generate_stream", {"inputs": "x", "parameters": {"max_new_tokens": tokens}})
            await line.until(line.over)

        return python_calls(lambda: run(main), "fake_tgi")

    stream(60)  # what is made once is there
    more = stream(60) - stream(20)
    playing = (
        "alarms",
        "clock",
        "delays",
        "endpoints",
        "frames",
        "hyper",
        "journal",
        "packed",
        "run",
        "serve",
    )
    called = {name for name, often in more.items() if often > 20 and name.split(".")[1] in playing}
    assert "fake_tgi.hyper.playing._token" in called
    assert {name.rpartition(".")[2] for name in called} <= {
        "_rings", "_ring", "wind",  # once for all that are due at once
        "_token", "__getitem__", "set",
    }  # fmt: skip


def test_at_another_speed_the_gaps_are_those_of_its_clock() -> None:
    async def main() -> None:
        line = Line(fake(speedup=50.0, inter_token_latency="1s"))
        began = time.monotonic()
        line.ask("/generate_stream", PROMPT)
        await line.until(line.over)
        assert 0.1 <= time.monotonic() - began < 4
        (event,) = line.app.state.journal
        assert all(at >= number for number, (at, _) in enumerate(event.sent))

    run(main)


def test_a_journal_keeps_of_a_long_stream_what_it_has_room_for() -> None:
    now = 5.0
    kept = Journal(clock=lambda: now, size=400)
    event = kept.begin(Call("POST", "/generate_stream", received=2.0))
    frame = Paced([b"x" * 30] * 5, array("d", [6, 7, 8, 9, 10]))
    seen: list[Frame] = []
    for step in kept.record(event, iter((Head(200), frame))):
        seen.append(step)
        if isinstance(step, Wait):
            now = step.until
    assert sum(isinstance(step, Chunks) for step in seen) == 5
    assert [(at, len(data)) for at, data in event.sent] == [(4, 30), (5, 30), (6, 30), (7, 10)]
    assert (event.unkept, event.unkept_pieces, event.ended) == (50, 2, "complete")


@given(
    st.binary(max_size=3),
    st.binary(max_size=3),
    st.lists(st.binary(max_size=3), min_size=1),
    st.integers(0, 9),
)
def test_what_is_packed_comes_out_as_it_was(begin: bytes, end: bytes, bare: list[bytes], count: int) -> None:
    parts = [begin + part + end for part in bare]
    packed = Packed(parts)
    assert (list(packed), len(packed), packed.size) == (parts, len(parts), sum(map(len, parts)))
    packed.cut(count)
    parts = parts[:count]
    assert (list(packed), len(packed), packed.size) == (parts, len(parts), sum(map(len, parts)))


def test_what_all_have_in_common_is_kept_once() -> None:
    alike = Packed([b'data: {"n":%d,"nothing":null}\n\n' % number for number in range(1000)])
    assert len(alike._data) == sum(len(str(number)) for number in range(999))
