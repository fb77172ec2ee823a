"""Answers of one turn of the loop go out together, and nobody can tell by the bytes or their order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.clock import Handle, Later
from fake_tgi.hyper.outbox import FEWEST, MOST, Outbox
from fake_tgi.hyper.protocol import HttpProtocol, Service
from fake_tgi.server import _new_event_loop
from fake_tgi.settings import Settings

Log = list[tuple[str, str]]


def post(path: str, body: Any, *headers: str) -> bytes:
    data = json.dumps(body).encode()
    lines = [f"POST {path} HTTP/1.1", "Content-Type: application/json", f"Content-Length: {len(data)}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + data


ASK = post("/generate", {"inputs": "Why is the sky blue?"})
LAST = post("/generate", {"inputs": "Why is the sky blue?"}, "Connection: close")
STREAM = post("/generate_stream", {"inputs": "one two three", "parameters": {"max_new_tokens": 4}})


class Line:
    """The server's end of a connection that is no socket; `log` is told of all that is done to any."""

    def __init__(self, service: Service, name: str, log: Log) -> None:
        self.name = name
        self.log = log
        self.written: list[bytes] = []
        self.full = False
        self.protocol = HttpProtocol(service)
        self.protocol.connection_made(self)  # type: ignore[arg-type]  # as much of a transport as is needed

    def ask(self, data: bytes = ASK) -> None:
        self.protocol.data_received(data)

    def write(self, data: bytes) -> None:
        self.log.append((self.name, "write"))
        self.written.append(data)
        if self.full:
            self.protocol.pause_writing()

    def __getattr__(self, name: str) -> Callable[..., bool]:
        def done(*args: Any) -> bool:
            self.log.append((self.name, name))
            return False

        return done


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Any:
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    made = _new_event_loop() if request.param == "uvloop" else asyncio.new_event_loop()
    yield made
    made.close()


def lines(log: Log, app: Application | None = None, count: int = 2) -> list[Line]:
    """So many connections of a server that has enough of them, on the running loop."""
    app = app or create_app(Settings(ignore_eos=True))
    service = Service(app, app, asyncio.get_running_loop())
    return [Line(service, chr(ord("a") + number), log) for number in range(max(count, FEWEST))][:count]


def run(loop: asyncio.AbstractEventLoop, main: Callable[[Log], Awaitable[None]]) -> Log:
    """What was done to connections while `main` ran; it must not need a turn more."""
    log: Log = []
    loop.run_until_complete(main(log))  # type: ignore[arg-type]  # an async function's
    return log


def test_answers_of_a_turn_go_out_when_it_is_over_in_the_order_in_which_they_were_made(loop: Any) -> None:
    async def main(log: Log) -> None:
        a, b, c = lines(log, count=3)
        for line in (b, a, c):
            line.ask()
        assert log == []
        await asyncio.sleep(0)
        assert log == [("b", "write"), ("a", "write"), ("c", "write")]
        assert all(line.written[0].startswith(b"HTTP/1.1 200 OK\r\n") for line in (a, b, c))
        a.ask()
        assert len(log) == 3
        await asyncio.sleep(0)
        assert log[3:] == [("a", "write")]

    run(loop, main)


def test_no_more_of_them_wait_than_is_said(loop: Any) -> None:
    async def main(log: Log) -> None:
        made = lines(log, count=2 * MOST + 1)
        waited = []
        for line in made:
            line.ask()
            waited.append(len(log))
        assert waited == [0] * (MOST - 1) + [MOST] * MOST + [2 * MOST] * 2
        await asyncio.sleep(0)
        assert [name for name, _ in log] == [line.name for line in made]

    run(loop, main)


def test_where_few_are_connected_each_is_answered_at_once(loop: Any) -> None:
    async def main(log: Log) -> None:
        made = lines(log, count=FEWEST)
        for answers, line in enumerate(made[1:]):
            line.protocol.connection_lost(None)
            made[0].ask()
            assert log == [("a", "write")] * (answers + 1)

    run(loop, main)


def test_who_is_left_is_answered_behind_those_who_were_there_before(loop: Any) -> None:
    async def main(log: Log) -> None:
        (a,) = lines(log, count=1)
        a.ask()
        service = a.protocol._service
        service.connections.clear()
        service.outbox.put(a, b"more")  # type: ignore[arg-type]  # as above
        assert a.written[1:] == [b"more"]

    run(loop, main)


OTHERS: dict[str, tuple[Callable[[Line], object], list[str]]] = {
    "another connection is refused": (lambda b: b.ask(b"\x00\r\n\r\n"), ["write", "can_write_eof", "close"]),
    "a body is asked for": (
        lambda b: b.ask(ASK.partition(b"\r\n\r\n")[0] + b"\r\nExpect: 100-continue\r\n\r\n"),
        ["write"],
    ),
    "a server stops": (lambda b: b.protocol.shutdown(), ["close"]),
    "a server stops at once": (lambda b: b.protocol.abort(), ["abort"]),
    "a connection is handed over": (lambda b: b.protocol.leave(), ["abort"]),
    "a connection is hung up": (lambda b: b.protocol.hang_up("close"), ["close"]),
    "a connection is reset": (lambda b: b.protocol.hang_up("reset"), []),
    "a client has left": (lambda b: b.protocol.connection_lost(None), []),
    "a client closes its side": (lambda b: b.protocol.eof_received(), []),
    "somebody asks how much waits": (lambda b: b.protocol.transport.get_write_buffer_size(), [
        "get_write_buffer_size"
    ]),
}  # fmt: skip


@pytest.mark.parametrize(("act", "done"), OTHERS.values(), ids=list(OTHERS))
def test_whatever_else_is_done_to_a_connection_comes_behind_what_waits(
    loop: Any, act: Callable[[Line], object], done: list[str]
) -> None:
    async def main(log: Log) -> None:
        a, b = lines(log)
        a.ask()
        assert log == []
        act(b)
        assert log == [("a", "write"), *[("b", what) for what in done]]

    run(loop, main)


def test_an_answer_that_ends_its_connection_is_out_before_it_is_closed(loop: Any) -> None:
    async def main(log: Log) -> None:
        a, b = lines(log)
        b.ask()
        a.ask(LAST)
        assert log == [("b", "write"), ("a", "write"), ("a", "close")]

    run(loop, main)


def test_a_client_that_closes_its_side_behind_its_request_has_its_answer(loop: Any) -> None:
    async def main(log: Log) -> None:
        a, _ = lines(log)
        a.ask()
        assert a.protocol.eof_received() is None  # the transport is closed behind this
        assert log == [("a", "write")]

    run(loop, main)


def test_each_of_several_requests_in_one_packet_is_answered_before_the_next_one(loop: Any) -> None:
    async def main(log: Log) -> None:
        a, _ = lines(log)
        a.full = True
        a.ask(ASK + ASK + ASK)
        assert len(a.written) == 1  # and its client does not read
        a.full = False
        a.protocol.resume_writing()
        await asyncio.sleep(0)
        assert len(a.written) == 3

    run(loop, main)


def test_a_client_that_does_not_read_is_known_when_its_answers_are_out(loop: Any) -> None:
    async def main(log: Log) -> None:
        a, b = lines(log)
        a.full = True
        a.ask()
        await asyncio.sleep(0)
        assert not a.protocol.writable
        a.ask()
        b.ask()
        await asyncio.sleep(0)
        assert (len(a.written), len(b.written)) == (1, 1)
        a.full = False
        a.protocol.resume_writing()
        await asyncio.sleep(0)
        assert len(a.written) == 2

    run(loop, main)


def test_a_token_in_time_is_written_when_it_is_due_and_behind_what_waits(loop: Any) -> None:
    """Each of them, the last one with the end of its stream too."""
    now = [0.0]
    due: list[Callable[[], float | None]] = []

    def again(loop: Any, seconds: float, callback: Callable[[], float | None]) -> Handle:
        due.append(callback)
        return loop.call_later(60, callback)  # type: ignore[no-any-return]  # the loop is Any

    app = create_app(Settings(ignore_eos=True, inter_token_latency="5ms"), clock=lambda: now[0])
    app.later = Later(app.later.call, again)

    async def main(log: Log) -> None:
        a, b = lines(log, app)
        ask = post("/tokenize", {"inputs": "one"})
        a.ask(ask)
        b.ask(STREAM)
        assert log == [("a", "write"), ("b", "write")]  # the head with a token that is due
        (token,) = due
        for left in (2, 1, 0):
            await asyncio.sleep(0)
            log.clear()
            a.ask(ask)
            now[0] += 0.005
            assert (token() is None) == (left == 0)
            assert log == [("a", "write"), ("b", "write")]
        assert b.written[-1].endswith(b"\r\n0\r\n\r\n")

    run(loop, main)


def test_a_write_that_fails_holds_no_other_answer_back(loop: Any) -> None:
    told: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    async def main(log: Log) -> None:
        a, b, c = lines(log, count=3)
        for line in (a, b, c):
            line.ask()

        def fail(data: bytes) -> None:
            raise RuntimeError("no such socket")

        a.write = fail  # type: ignore[method-assign]  # in place of a socket that fails
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert log == [("b", "write"), ("c", "write")]

    run(loop, main)
    assert [str(context["exception"]) for context in told] == ["no such socket"]


def test_an_answer_that_is_made_while_others_are_written_comes_behind_them(loop: Any) -> None:
    """As with a transport in memory, whose client may ask again before `write` returns."""

    async def main(log: Log) -> None:
        made: list[bytes] = []
        outbox = Outbox(asyncio.get_running_loop(), range(FEWEST))

        class Eager:
            def write(self, data: bytes) -> None:
                made.append(data)
                if data == b"1":
                    outbox.put(self, b"3")  # type: ignore[arg-type]  # as much of a transport as is needed
                    outbox.flush()

        eager: Any = Eager()
        outbox.put(eager, b"1")
        outbox.put(eager, b"2")
        outbox.flush()
        assert made == [b"1", b"2", b"3"]

    run(loop, main)


def test_what_waits_when_a_server_stops_is_written(loop: Any) -> None:
    async def main(log: Log) -> None:
        a, b = lines(log)
        a.ask()
        for line in (b, a):
            line.protocol.shutdown()
        assert log == [("a", "write"), ("b", "close"), ("a", "close")]

    run(loop, main)
