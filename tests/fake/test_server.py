"""A server in a thread starts and stops at will, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import http.client
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from fake_tgi.app import create_app
from fake_tgi.listening import CannotListen, listen, url_of
from fake_tgi.server import Server
from fake_tgi.settings import Settings


class Slow:
    """An ASGI application that answers `ok` after so many seconds, and knows what became of each call."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.begun = threading.Event()
        self.ended: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                message = await receive()
                await send({"type": f"{message['type']}.complete"})
            return
        while (await receive()).get("more_body"):
            pass
        self.begun.set()
        gone = asyncio.ensure_future(receive())
        _, waiting = await asyncio.wait({gone}, timeout=self.seconds)
        if not waiting:
            self.ended.append("client gone")
            return
        gone.cancel()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})
        self.ended.append("answered")


def ask(port: int, outcome: list[str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/")
        outcome.append(connection.getresponse().read().decode())
    except (http.client.HTTPException, OSError) as error:
        outcome.append(type(error).__name__)
    finally:
        connection.close()


def while_asking(app: Slow, act: Callable[[Server], None]) -> list[str]:
    """What a client gets that asked before `act`."""
    outcome: list[str] = []
    server = Server(app).start()
    client = threading.Thread(target=ask, args=(server.port, outcome))
    client.start()
    assert app.begun.wait(5)
    act(server)
    client.join(5)
    return outcome


def test_a_server_answers_while_its_block_lasts_and_not_after() -> None:
    with Server(create_app(Settings())) as server:
        port = server.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/ping")
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"")
        connection.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_two_servers_in_one_process_share_nothing() -> None:
    with (
        Server(create_app(Settings(model_id="a/a"))) as one,
        Server(create_app(Settings(model_id="b/b"))) as two,
    ):
        assert one.port != two.port
        for server, name in ((one, b"a/a"), (two, b"b/b")):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
            connection.request("GET", "/info")
            assert name in connection.getresponse().read()
            connection.close()


def test_a_stopped_server_can_start_again() -> None:
    server = Server(Slow(0))
    for _ in range(3):
        outcome: list[str] = []
        with server:
            ask(server.port, outcome)
        assert outcome == ["ok"]


def test_starting_twice_is_an_error_and_stopping_twice_is_not() -> None:
    server = Server(Slow(0)).start()
    with pytest.raises(RuntimeError, match=r"already running at http://127\.0\.0\.1:"):
        server.start()
    server.stop()
    server.stop()
    with pytest.raises(RuntimeError, match="not running"):
        _ = server.base_url


def test_stopping_cuts_a_request_in_flight_and_the_application_learns_of_it() -> None:
    app = Slow(5)
    began = time.monotonic()
    assert while_asking(app, lambda server: server.stop()) == ["RemoteDisconnected"]
    assert app.ended == ["client gone"]
    assert time.monotonic() - began < 2


def test_stopping_with_grace_lets_a_request_in_flight_finish() -> None:
    app = Slow(0.3)
    assert while_asking(app, lambda server: server.stop(grace=5)) == ["ok"]
    assert app.ended == ["answered"]


def test_starting_and_stopping_take_milliseconds() -> None:
    app = create_app(Settings())
    Server(app).start().stop()  # the first one imports the protocol
    times = []
    for _ in range(10):
        began = time.perf_counter()
        Server(app).start().stop()
        times.append(time.perf_counter() - began)
    assert min(times) < 0.05


def test_a_taken_port_is_told_with_what_to_do() -> None:
    with (
        Server(Slow(0)) as server,
        pytest.raises(CannotListen, match="the port is in use; choose another") as error,
    ):
        Server(Slow(0), port=server.port).start()
    assert error.value.errno is not None


def test_an_application_that_does_not_start_is_an_error_of_start() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no tokenizer"})

    before = threading.active_count()
    server = Server(broken)
    with pytest.raises(RuntimeError, match="could not start"):
        server.start()
    assert threading.active_count() == before


def test_the_answer_names_the_date_but_no_server() -> None:
    with Server(create_app(Settings())) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/ping")
        names = [name.lower() for name, _ in connection.getresponse().getheaders()]
        connection.close()
    assert names.count("date") == 1
    assert "server" not in names


def test_a_connection_is_kept_for_the_next_call() -> None:
    with Server(create_app(Settings())) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        ports = set()
        for _ in range(3):
            connection.request("GET", "/ping")
            connection.getresponse().read()
            ports.add(connection.sock.getsockname()[1])
        connection.close()
    assert len(ports) == 1


def test_a_server_leaves_the_logging_of_its_process_alone() -> None:
    names = ("uvicorn", "uvicorn.access", "uvicorn.error", "uvicorn.asgi")

    def state() -> list[tuple[int, bool, list[logging.Handler]]]:
        loggers = [logging.getLogger(name) for name in names]
        return [(logger.level, logger.propagate, list(logger.handlers)) for logger in loggers]

    before = state()
    with Server(Slow(0)) as server:
        ask(server.port, [])
        assert state() == before


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("tgi", "http://tgi:80"),
    ],
)
def test_the_url_leads_to_the_server_from_this_machine(host: str, url: str) -> None:
    assert url_of(host, 80) == url


def test_a_socket_listens_before_anything_runs() -> None:
    with listen("127.0.0.1", 0) as sock:
        socket.create_connection(sock.getsockname(), timeout=1).close()


def exchange(port: int, data: bytes) -> tuple[bytes, bool]:
    """What comes back for these bytes, without its date; and whether the connection was then closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(data)
        sock.settimeout(0.3)
        answer = b""
        try:
            while piece := sock.recv(65536):
                answer += piece
        except TimeoutError:
            return re.sub(rb"date: [^\r]*\r\n", b"", answer), False
        return re.sub(rb"date: [^\r]*\r\n", b"", answer), True


REFUSED = {
    "no HTTP at all": (b"\x00\x01\r\n\r\n", 400),
    "a version of the future": (b"GET / HTTP/9.9\r\n\r\n", 400),
    "a header without a colon": (b"GET / HTTP/1.1\r\nHost: a\r\nfoo\r\n\r\n", 400),
    "a length that is no number": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400),
    "a bracket in the path": (b"GET /<a> HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "a quote in the query": (b'GET /info?"a" HTTP/1.1\r\nHost: a\r\n\r\n', 400),
    "a target of 65,535 bytes": (b"GET /" + b"a" * 65_534 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "101 headers": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 101 + b"\r\n", 431),
}


@pytest.mark.parametrize(("data", "status"), REFUSED.values(), ids=list(REFUSED))
def test_what_hyper_refuses_is_refused_as_hyper_does(
    data: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with Server(create_app(Settings())) as server:
        answer, closed = exchange(server.port, data)
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *headers = head.split(b"\r\n")
    assert line.startswith(b"HTTP/1.1 %d " % status)
    assert (headers, body, closed) == ([b"connection: close", b"content-length: 0"], b"", True)
    assert caplog.records == []


NOT_FOUND = {
    "a quote in the path": b'GET /"a" HTTP/1.1\r\nHost: a\r\n\r\n',
    "an escape that is none": b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    "two slashes": b"GET //info HTTP/1.1\r\nHost: a\r\n\r\n",
    "a target of 65,534 bytes": b"GET /" + b"a" * 65_533 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    "100 headers": b"GET /a HTTP/1.1\r\n" + b"a: b\r\n" * 100 + b"\r\n",
    "a wish for a websocket": (
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n\r\n"
    ),
}


@pytest.mark.parametrize("data", NOT_FOUND.values(), ids=list(NOT_FOUND))
def test_what_hyper_lets_through_reaches_the_router(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with Server(create_app(Settings())) as server:
        answer, closed = exchange(server.port, data)
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert not closed
    assert caplog.records == []


def test_an_answer_on_its_way_is_finished_before_nonsense_behind_it_is_refused() -> None:
    with Server(Slow(0.1)) as server:
        answer, closed = exchange(server.port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\x00\x00\r\n\r\n")
    first, found, refusal = answer.partition(b"\r\n\r\nok")
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert found
    assert refusal.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert closed


def test_a_bug_of_the_application_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Slow):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                raise RuntimeError("a bug")
            await super().__call__(scope, receive, send)

    with Server(Broken(0)) as server:
        answer, _ = exchange(server.port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert [record.exc_info[1].args for record in caplog.records if record.exc_info] == [("a bug",)]  # type: ignore[union-attr]


def test_without_the_fast_loop_the_server_works_the_same() -> None:
    program = (
        "import sys, urllib.request\n"
        "sys.modules['uvloop'] = None\n"
        "from fake_tgi.app import create_app\n"
        "from fake_tgi.server import Server\n"
        "with Server(create_app()) as server:\n"
        "    url, body = server.base_url + '/generate', b'{\"inputs\": \"Why is the sky blue?\"}'\n"
        "    request = urllib.request.Request(url, body)\n"
        "    request.add_header('Content-Type', 'application/json')\n"
        "    print(urllib.request.urlopen(request).read().decode())\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ('{"generated_text":" Rayleigh scattering"}\n', "")


def test_no_call_is_logged_even_where_the_process_wants_every_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Server(create_app(Settings())) as server:
        exchange(server.port, b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
    assert [record for record in caplog.records if "/ping" in record.getMessage()] == []
