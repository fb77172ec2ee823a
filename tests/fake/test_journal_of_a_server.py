"""The journal of a server with real connections: who carried what, who left when, and what was wasted."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection
from urllib.request import urlopen

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.journal import ServeEvent
from fake_tgi.journal.json_form import JournalFormatError, as_json, from_json
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from fake_tgi.stubs import Stub

SECRET = "hf_9Qz7kLm3Xw8Rt5Vb"
TOKENS = 40


@pytest.fixture(scope="module")
def application() -> Application:
    return create_app(Settings(ignore_eos=True, inter_token_latency="10ms", allow_fault_header=True))


@pytest.fixture(scope="module")
def server(application: Application) -> Iterator[Server]:
    with Server(application) as server:
        yield server


@pytest.fixture
def app(application: Application) -> Application:
    application.state.clear()
    return application


def asking(path: str, *, tokens: int = TOKENS, fault: str | None = None, query: str = "") -> bytes:
    body = json.dumps({"inputs": "hi", "parameters": {"max_new_tokens": tokens}})
    header = f"x-fake-tgi-fault: {fault}\r\n" if fault is not None else ""
    return (
        f"POST {path}{query} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n{header}"
        f"authorization: Bearer {SECRET}\r\ncontent-length: {len(body)}\r\n\r\n{body}"
    ).encode()


def until(said: Callable[[], object]) -> None:
    """Waits until something is true, for five seconds."""
    deadline = time.monotonic() + 5
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def last(app: Application) -> ServeEvent:
    assert app.state.journal.wait_until_idle(5)
    return list(app.state.journal)[-1]


def test_calls_of_one_connection_are_told_from_those_of_another(server: Server, app: Application) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port)) as kept:
        for _ in range(3):
            kept.request("GET", "/info")
            kept.getresponse().read()
        with urlopen(f"{server.base_url}/info") as other:
            other.read()
    one, two, three, four = app.state.journal
    assert [event.earlier for event in (one, two, three, four)] == [0, 1, 2, 0]
    assert one.connection == two.connection == three.connection != four.connection
    until(lambda: three.closed is not None and four.dropped is not None)
    assert (one.closed, two.closed, three.reset) == (None, None, False)
    assert four.closed is None  # it asked the server to close


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_leaves_in_mid_stream_is_seen_at_once(
    server: Server, app: Application, reset: bool
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(asking("/generate_stream"))
        read = b""
        while read.count(b"data:") < 3:
            read += client.recv(1000)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    event = last(app)
    assert event.ended == "client left"
    assert 3 <= event.tokens_sent < TOKENS
    assert event.tokens_wasted == event.generated - event.tokens_sent <= 2
    assert event.closed is not None
    assert event.last_sent is not None
    assert 0 <= event.closed - event.last_sent < 0.2
    assert event.reset == reset


def test_a_whole_answer_that_nobody_waited_for_is_wasted(server: Server, app: Application) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(asking("/generate"))
        time.sleep(0.05)
    event = last(app)
    assert (event.ended, event.status, event.tokens_sent) == ("client left", None, 0)
    assert 0 < event.tokens_wasted == event.generated < TOKENS


def test_tokens_of_a_complete_answer_are_all_sent(server: Server, app: Application) -> None:
    for path in ("/generate", "/generate_stream"):
        with closing(HTTPConnection("127.0.0.1", server.port)) as client:
            client.request("POST", path, *_body(5))
            client.getresponse().read()
        event = last(app)
        assert (event.ended, event.generated, event.tokens_sent, event.tokens_wasted) == ("complete", 5, 5, 0)


def _body(tokens: int) -> tuple[str, dict[str, str]]:
    body = json.dumps({"inputs": "hi", "parameters": {"max_new_tokens": tokens}})
    return body, {"content-type": "application/json"}


def test_a_stall_that_the_client_sat_out_is_a_wait_of_a_complete_answer(
    server: Server, app: Application
) -> None:
    with closing(HTTPConnection("127.0.0.1", server.port)) as client:
        body, headers = _body(4)
        fault = {"x-fake-tgi-fault": "stall(100ms, tokens=2)"}
        client.request("POST", "/generate_stream", body, {**headers, **fault})
        client.getresponse().read()
    event = last(app)
    assert (event.ended, event.faults) == ("complete", ("stall(seconds=100ms, tokens=2)",))
    assert max(seconds for _, seconds in event.waits) >= 0.1


@pytest.mark.damages_answers
def test_a_client_that_does_not_read_blocks_its_answer(server: Server, app: Application) -> None:
    state = app.state
    placed = state.stubs.add(Stub(answer=b"x" * 60_000_000))
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(asking("/generate"))
        until(lambda: len(state.journal) and next(iter(state.journal)).blocked_so_far > 0.05)
    event = last(app)
    state.stubs.remove(placed)
    until(lambda: event.dropped is not None)
    assert event.blocked > 0.05


def test_a_body_that_is_not_read_to_its_end_is_told(server: Server, app: Application) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST /nowhere HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\nabc")
        client.recv(1000)
    assert last(app).unread
    with urlopen(f"{server.base_url}/info") as other:
        other.read()
    assert not last(app).unread


@pytest.mark.damages_answers
def test_a_users_function_that_raises_is_told_with_its_traceback(server: Server, app: Application) -> None:
    def broken(asked: object) -> str:
        raise LookupError(f"no answer for {SECRET}")

    app.state.stubs.add(Stub(answer=broken))
    with closing(HTTPConnection("127.0.0.1", server.port)) as client:
        client.request("POST", "/generate", *_body(4))
        assert client.getresponse().read()
    event = last(app)
    assert (event.ended, event.status) == ("complete", 500)
    assert event.error == "LookupError: no answer for hf_REDACTED"
    assert isinstance(event.exception, LookupError)
    assert "in broken" in str(event.traceback)
    assert SECRET not in str(event.traceback)


@pytest.mark.damages_answers
def test_a_record_is_the_same_after_a_journey_through_json(server: Server, app: Application) -> None:
    faults = (None, "damage(no_utf8)", "gzip", "resegment(1)", "cut(in_event)", "stall(50ms)")
    for number, fault in enumerate(faults):
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.settimeout(1)
            client.sendall(asking("/generate_stream", tokens=4, fault=fault, query=f"?token={SECRET}"))
            read = b""
            while b"0\r\n\r\n" not in read and (piece := client.recv(10_000)):
                read += piece
                if number == 0 and b"data" in read:
                    break
    app.state.journal.wait_until_idle(5)
    listed = json.loads(urlopen(f"{server.base_url}/__admin/requests").read())["requests"]
    text = json.dumps(listed)
    assert SECRET not in text
    until(lambda: list(app.state.journal)[-1].dropped is not None)
    assert len(app.state.journal) == len(faults)
    for event in app.state.journal:
        written = as_json(event)
        back = from_json(json.loads(json.dumps(written)))
        assert as_json(back) == written
        assert back.body == event.body
        assert back.tokens_sent == event.tokens_sent


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ([], "a record: expected a JSON object, got list"),
        ({"request": 5}, "request: expected a JSON object, got int"),
        ({"request": {"headers": [["a"]]}}, "request.headers[0]: expected a name and a value"),
        ({"response": {"chunks": [{"at": "1"}]}}, "response.chunks[0].at: expected a number, got str"),
        ({"response": {"chunks": [{"data_b64": "!"}]}}, "response.chunks[0].data_b64: expected base64"),
        ({"ended": "well"}, "ended: expected one of in flight, complete"),
        ({"arrived": "yesterday"}, "arrived: expected an ISO 8601 time, got 'yesterday'"),
    ],
)
def test_what_is_no_record_is_refused_with_its_place(written: object, said: str) -> None:
    with pytest.raises(JournalFormatError) as refused:
        from_json(written)
    assert said in str(refused.value)


def test_the_comments_in_a_journal_are_those_that_were_sent() -> None:
    app = create_app(Settings(clock="virtual", time_to_first_token="50s", inter_token_latency="16s"))
    with Server(app) as server, closing(HTTPConnection("127.0.0.1", server.port, timeout=5)) as client:
        client.request("POST", "/generate_stream", *_body(3))
        received = client.getresponse().read()
        event = last(app)
    assert received.count(b":\n\n") == event.comments == 5
    assert event.body == received
    assert [at for at, data in event.sent if data.startswith(b":")] == [15.0, 30.0, 45.0, 65.0, 81.0]
