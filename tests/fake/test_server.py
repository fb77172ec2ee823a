"""A server in a thread starts and stops at will, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import http.client
import logging
import socket
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
