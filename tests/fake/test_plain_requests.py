"""A plain request has a shorter way to its answer, and nobody can tell."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from fake_tgi.alarms import Alarms
from fake_tgi.app import create_app
from fake_tgi.call import Call
from fake_tgi.clock import Later
from fake_tgi.frames import Body, Chunks, Frame, Head, PrintedHead, Whole
from fake_tgi.hyper import request_head, response_head
from fake_tgi.hyper.outbox import FEWEST
from fake_tgi.hyper.protocol import HttpProtocol, Service
from fake_tgi.hyper.request_head import Heads
from fake_tgi.settings import Settings

from ..benchmarks.calls import python_calls

LINES = b"content-type: text/plain\r\nx-compute-time: 0.1"
PAIRS = ((b"content-type", b"text/plain"), (b"x-compute-time", b"0.1"))
PLAIN = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"

ANSWERS: dict[str, Whole] = {
    "a printed head and its body": Whole(PrintedHead(200, LINES, 5), Body(b"12345")),
    "an empty body": Whole(PrintedHead(200, LINES, 0), Body(b"")),
    "a body shorter than was promised": Whole(PrintedHead(200, LINES, 5), Body(b"123")),
    "a body that is a chunk": Whole(PrintedHead(200, LINES), Body(b"123")),
    "chunks": Whole(PrintedHead(200, LINES), Chunks((b"1" * 20, b"", b"23"))),
    "no chunks": Whole(PrintedHead(200, LINES), Chunks(())),
    "chunks of a known length": Whole(PrintedHead(200, LINES, 3), Chunks((b"1", b"23"))),
    "another status": Whole(PrintedHead(422, LINES, 5), Body(b"12345")),
    "a status without a body": Whole(PrintedHead(204, LINES), Body(b"")),
    "a head that is not printed": Whole(Head(200, PAIRS, 5), Body(b"12345")),
    "an end of the connection": Whole(Head(200, (*PAIRS, (b"connection", b"close")), 5), Body(b"12345")),
}
BIG = b"a" * (request_head.SHORT + 1)
REQUESTS: dict[str, tuple[bytes, ...]] = {
    "plain": (PLAIN,),
    "without a body": (b"GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",),
    "an empty body": (b"POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n",),
    "lines that end in LF": (b"GET /a HTTP/1.1\nHost: a\n\n",),
    "HEAD": (b"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n",),
    "HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n",),
    "HTTP/1.0 to be kept": (b"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",),
    "the last one": (b"GET /a HTTP/1.1\r\nConnection: close\r\n\r\n",),
    "a body that is to be asked for": (PLAIN.replace(b"Host: a", b"Expect: 100-continue"),),
    "a long body": (b"POST /a HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(BIG), BIG),),
    "a chunked body": (b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",),
    "head and body": (PLAIN[:-3], b"abc"),
    "one byte at a time": tuple(PLAIN[at : at + 1] for at in range(len(PLAIN))),
    "two in one": (PLAIN + PLAIN,),
    "one and a half": (PLAIN + PLAIN[:20], PLAIN[20:]),
    "one with nonsense behind it": (PLAIN + b"\x00\r\n\r\n",),
    "an empty line before it": (b"\r\n" + PLAIN,),
    "as a header of another": (PLAIN, b"POST /b HTTP/1.1\r\nA: ", PLAIN),
    "as the body of another": (PLAIN, b"POST /b HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(PLAIN), PLAIN),
    "nothing that a head begins with": (PLAIN, b"GET /" + b"a" * 30 + b"\x01"),
    "a body that nobody wants": (b"POST /no HTTP/1.1\r\nContent-Length: 40000\r\n\r\n" + b"a" * 40_000,),
}


class Direct:
    """An application that has one answer; `whole`: and hands it over as one."""

    payload_limit = 1

    def __init__(self, answer: Whole, *, whole: bool = True, coalesce: bool = False) -> None:
        self.answer = answer
        self.whole = whole
        self.coalesce = coalesce
        self.calls: list[Call] = []
        alarms = Alarms()
        self.later = Later(alarms.call_later, alarms.call_again)

    def clock(self) -> float:
        return 0.0

    def direct(self, path: str) -> bool:
        return not path.startswith("/asgi")

    def needs_body(self, call: Call) -> bool:
        return call.path != "/no"

    def frames(self, call: Call) -> Whole | Iterator[Frame]:
        self.calls.append(call)
        return self.answer if self.whole else iter(self.answer)


class Line:
    """The server's end of a connection that is no socket."""

    def __init__(self, service: Service) -> None:
        self.log: list[Any] = []
        self.protocol = HttpProtocol(service)
        self.protocol.connection_made(self)  # type: ignore[arg-type]  # as much of a transport as is needed

    def write(self, data: bytes) -> None:
        self.log.append(re.sub(rb"date: [^\r]*", b"date", data))

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.log.append(name)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.mark.parametrize("coalesce", [False, True], ids=["apart", "coalesced"])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=list(ANSWERS))
@pytest.mark.parametrize("packets", REQUESTS.values(), ids=list(REQUESTS))
def test_on_either_way_the_same_is_read_written_and_done(
    packets: tuple[bytes, ...], answer: Whole, coalesce: bool, loop: asyncio.AbstractEventLoop
) -> None:
    done = []
    for short in (True, False):
        app = Direct(answer, whole=short, coalesce=coalesce)
        service = Service(app, app, loop)
        logs = []
        for _ in range(2):  # what was read before is known
            line = Line(service)
            logs.append(line.log)
            if not short:
                line.protocol._plain = {}
            for packet in packets + packets:
                line.protocol.data_received(packet)
                line.log.append("read")
        done.append((logs, app.calls))
    assert done[0] == done[1]


def test_a_plain_request_is_read_in_one_step_once_its_head_is_known(loop: asyncio.AbstractEventLoop) -> None:
    app = Direct(ANSWERS["a printed head and its body"])
    line = Line(Service(app, app, loop))
    counts = [python_calls(lambda: line.protocol.data_received(PLAIN), "fake_tgi.hyper") for _ in range(3)]
    assert counts[0]["fake_tgi.hyper.protocol._read"] == 1
    assert counts[1] == counts[2]
    assert sorted(name.rpartition(".")[2] for name in counts[1].elements()) == [
        "_answer", "data_received", "line", "put", "send"
    ]  # fmt: skip
    assert len(line.log) == len(app.calls) == 3


def test_what_is_not_answered_directly_has_no_shorter_way() -> None:
    heads = Heads(lambda path: path == "/a")
    for path in (b"/a", b"/b"):
        heads.read(PLAIN.replace(b"/a", path))
    assert [head.path for head in heads.plain.values()] == ["/a"]
    Heads().read(PLAIN)
    assert Heads().plain == {}


def test_no_more_plain_heads_are_kept_than_their_bound_and_one_asked_for_again_comes_back() -> None:
    heads = Heads(lambda path: True)
    for number in range(1025):
        heads.read(b"GET /%d HTTP/1.1\r\n\r\n" % number)
    assert len(heads.plain) == 1
    first = b"GET /0 HTTP/1.1\r\n\r\n"
    assert first not in heads.plain
    heads.read(first)
    assert first in heads.plain
    heads.read(long := b"GET / HTTP/1.1\r\nA: %b\r\n\r\n" % (b"a" * 2048))
    assert long not in heads.plain


def test_another_process_is_asked_about_each_plain_request_once(loop: asyncio.AbstractEventLoop) -> None:
    app = Direct(ANSWERS["a printed head and its body"])
    asked: list[tuple[str, bytes]] = []

    def pass_on(protocol: HttpProtocol, path: str, read: bytes) -> bool:
        asked.append((path, read))
        return len(asked) == 3

    line = Line(Service(app, app, loop, pass_on=pass_on))
    for _ in range(3):
        line.protocol.data_received(PLAIN)
    assert asked == [("/a", PLAIN)] * 3
    assert len(line.log) == 2


def test_a_client_that_does_not_read_is_answered_when_it_does(loop: asyncio.AbstractEventLoop) -> None:
    app = Direct(ANSWERS["a printed head and its body"])
    line = Line(Service(app, app, loop))
    line.protocol.data_received(PLAIN)
    line.protocol.pause_writing()
    line.protocol.data_received(PLAIN)
    line.protocol.data_received(PLAIN)
    assert len(line.log) == 1
    line.protocol.resume_writing()
    assert [data for data in line.log if data != "resume_reading"] == line.log[:1] * 3


def test_a_server_that_stops_answers_the_request_that_it_has_begun_to_read_and_closes(
    loop: asyncio.AbstractEventLoop,
) -> None:
    app = Direct(ANSWERS["a printed head and its body"])
    line = Line(Service(app, app, loop))
    line.protocol.data_received(PLAIN[:-3])
    line.protocol.shutdown()
    assert line.log == []
    line.protocol.data_received(PLAIN[-3:])
    assert line.log[1:] == ["close"]


@pytest.mark.parametrize(
    ("coalesce", "body"),
    [(False, b"14\r\n%b\r\n2\r\n23\r\n0\r\n\r\n"), (True, b"16\r\n%b23\r\n0\r\n\r\n")],
    ids=["apart", "coalesced"],
)
def test_each_part_of_a_stream_is_a_chunk_unless_they_are_to_be_one(
    coalesce: bool, body: bytes, loop: asyncio.AbstractEventLoop
) -> None:
    app = Direct(ANSWERS["chunks"], coalesce=coalesce)
    line = Line(Service(app, app, loop))
    for _ in range(2):
        line.protocol.data_received(PLAIN)
    head = b"HTTP/1.1 200 OK\r\n%b\r\ntransfer-encoding: chunked\r\ndate\r\n\r\n" % LINES
    assert line.log == [head + body % (b"1" * 20)] * 2


@pytest.mark.parametrize("state", ["a stopped server", "a lost connection"])
def test_nothing_is_answered_behind_the_end(state: str, loop: asyncio.AbstractEventLoop) -> None:
    app = Direct(ANSWERS["a printed head and its body"])
    line = Line(Service(app, app, loop))
    line.protocol.data_received(PLAIN)
    if state == "a stopped server":
        line.protocol.shutdown()
    else:
        line.protocol.connection_lost(None)
    line.protocol.data_received(PLAIN)
    assert len(app.calls) == 1


def test_a_token_that_is_due_goes_out_before_an_answer_is_made(loop: asyncio.AbstractEventLoop) -> None:
    app = Direct(ANSWERS["a printed head and its body"])
    made: list[int] = []
    app.later = Later(app.later.call, app.later.again, lambda: made.append(len(app.calls)))
    line = Line(Service(app, app, loop))
    for _ in range(3):
        line.protocol.data_received(PLAIN)
    assert made == [0, 1, 2]


def test_answers_that_go_out_together_have_one_date(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter(range(1_000_000, 1_000_100, 10))
    monkeypatch.setattr(response_head.time, "time", lambda: next(now))
    app = Direct(ANSWERS["a printed head and its body"])
    service = Service(app, app, loop)
    made = [Line(service) for _ in range(FEWEST)]
    written: list[bytes] = []
    for line in made:
        line.write = written.append  # type: ignore[method-assign]  # what is written is looked at

    async def turns() -> None:
        for _ in range(2):
            for line in made:
                line.protocol.data_received(PLAIN)
            await asyncio.sleep(0)

    loop.run_until_complete(turns())
    dates = [re.findall(rb"date: ([^\r]*)", data)[0][-12:-4] for data in written]
    assert dates == [b"13:46:40"] * FEWEST + [b"13:46:50"] * FEWEST


@pytest.mark.parametrize("cors", [(), ("https://example.com",)])
@pytest.mark.parametrize("path", ["/generate", "/generate_stream", "/v1/chat/completions"])
def test_a_printed_head_says_nothing_of_the_connection(path: str, cors: tuple[str, ...]) -> None:
    """Nor of what frames the body: that is the server's, which adds it without a look."""
    app = create_app(Settings(ignore_eos=True, cors_allow_origin=cors))
    asked = {"inputs": "a", "parameters": {"max_new_tokens": 5}}
    chat = {"messages": [{"role": "user", "content": "a"}], "max_tokens": 5}
    body = json.dumps({**asked, **chat}).encode()
    headers = ((b"content-type", b"application/json"), (b"connection", b"keep-alive"))
    answer = app.frames(Call("POST", path, headers, body, received=app.clock()))
    assert isinstance(answer, Whole)
    names = {name for name, _ in answer.head.headers}
    assert b"content-type" in names
    assert names.isdisjoint({b"connection", b"content-length", b"transfer-encoding", b"date"})
