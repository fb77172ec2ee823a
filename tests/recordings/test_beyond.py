"""What nobody recorded is answered by the real server: faults and the journal see that answer, not a miss."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
import requests

from fake_tgi import FakeTGI
from fake_tgi.app import Application, create_app
from fake_tgi.journal import ServeEvent
from fake_tgi.recordings.files import read_recordings, write
from fake_tgi.recordings.on_miss import passing_on
from fake_tgi.server import Server
from fake_tgi.settings import Settings

from ..fake.asking import ask as within
from .scripted_upstream import Upstream, stream
from .test_replay import recording

pytestmark = pytest.mark.damages_answers  # what is passed on here was made up

CUT = "cut(tokens=2)"
EVENTS = tuple(b'data: {"token":{"text":"%d"}}\n\n' % number for number in range(3))


def whole(status: bytes, body: bytes, *, says: int | None = None) -> Callable[[socket.socket], None]:
    """A script: an answer with a length, or as much of it as there is."""

    def script(connection: socket.socket) -> None:
        length = len(body) if says is None else says
        connection.sendall(
            b"HTTP/1.1 %b\r\nX-Own: 1\r\nContent-Length: %d\r\n\r\n%b" % (status, length, body)
        )

    return script


def sent(head: bytes, body: bytes = b"") -> Callable[[socket.socket], None]:
    """A script: this, and the end of the connection."""
    return lambda connection: connection.sendall(head + b"\r\n\r\n" + body)


@contextmanager
def serving(folder: Path, upstream: str, on_miss: str = "proxy", **more: object) -> Iterator[Application]:
    """A fake with nothing recorded and the server at `upstream` behind it; `app.state.url` is its own."""
    given = {"replay": str(folder), "on_miss": on_miss, "upstream": upstream}
    app = create_app(Settings(**{**given, **more}))  # type: ignore[arg-type]  # whatever a test gives
    assert app.state.replay is not None
    outer = passing_on(app, app.state.replay, upstream, folder if on_miss == "record" else None)
    with Server(outer) as server:
        app.url = server.base_url  # type: ignore[attr-defined]  # where it is served
        yield app


def ask(app: Application, path: str = "/generate_stream") -> tuple[int, bytes]:
    """Status and body; what there is of it if the connection is cut."""
    connection = http.client.HTTPConnection(urlsplit(app.url).netloc, timeout=10)  # type: ignore[attr-defined]  # set where it was served
    with closing(connection):
        connection.request("POST", path, b'{"inputs": "New?"}', {"Content-Type": "application/json"})
        response = connection.getresponse()
        try:
            return response.status, response.read()
        except http.client.IncompleteRead as error:
            return response.status, error.partial


def last(app: Application) -> ServeEvent:
    assert app.state.journal.wait_until_idle(10)
    return list(app.state.journal)[-1]


def test_the_journal_tells_of_the_answer_that_the_client_got(tmp_path: Path) -> None:
    with Upstream(stream(*EVENTS)) as upstream, serving(tmp_path, upstream.url) as app:
        assert ask(app) == (200, b"".join(EVENTS))
        event = last(app)
    assert (event.status, event.ended, event.tokens_sent) == (200, "complete", 3)
    assert [data for _, data in event.sent] == list(EVENTS)
    assert event.why == f"passed on to {upstream.url}"
    assert (b"x-own", b"1") in event.headers


@pytest.mark.parametrize(
    ("script", "path", "got"),
    [
        (whole(b"424 Failed Dependency", b"sorry"), "/generate", (424, b"sorry")),
        (whole(b"200 OK", b""), "/generate", (200, b"")),
        (sent(b"HTTP/1.1 204 No Content"), "/generate", (204, b"")),
        (sent(b"HTTP/1.1 200 OK", b"to the end"), "/generate", (200, b"to the end")),
    ],
)
def test_an_answer_of_any_form_is_passed_on(
    tmp_path: Path, script: Callable[[socket.socket], None], path: str, got: tuple[int, bytes]
) -> None:
    with Upstream(script) as upstream, serving(tmp_path, upstream.url) as app:
        for _ in range(2):
            assert ask(app, path) == got
            assert (last(app).status, last(app).body) == got


def test_the_answer_to_head_has_the_length_it_had(tmp_path: Path) -> None:
    write(tmp_path, recording(), {}, name="0")  # with nothing recorded the fake answers what needs no model
    with Upstream(whole(b"200 OK", b"", says=7)) as upstream, serving(tmp_path, upstream.url) as app:
        for _ in range(2):
            connection = http.client.HTTPConnection(urlsplit(app.url).netloc, timeout=10)  # type: ignore[attr-defined]  # set where it was served
            with closing(connection):
                connection.request("HEAD", "/unknown")
                response = connection.getresponse()
                assert (response.status, response.headers["content-length"]) == (200, "7")
            assert last(app).status == 200
        assert len(upstream.requests) == 2


def test_a_server_that_cannot_be_reached_is_a_502_for_the_client_and_in_the_journal(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    with serving(tmp_path, f"http://127.0.0.1:{port}", fault=("gzip rate=0",)) as app:
        status, body = ask(app)
        assert (status, json.loads(body)["error_type"]) == (502, "recorder")
        assert (last(app).status, last(app).body) == (502, body)


@pytest.mark.parametrize("script", [stream(EVENTS[0], end=False), whole(b"200 OK", EVENTS[0], says=99)])
def test_a_server_that_dies_ends_the_answer_as_abruptly(
    tmp_path: Path, script: Callable[[socket.socket], None]
) -> None:
    with Upstream(script) as upstream, serving(tmp_path, upstream.url) as app:
        assert ask(app) == (200, EVENTS[0])
        assert (last(app).body, last(app).ended) == (EVENTS[0], "hung up")


@pytest.mark.parametrize("stopped", [False, True])
def test_a_fault_strikes_what_the_server_answers_and_the_recording_is_whole(
    tmp_path: Path, stopped: bool
) -> None:
    """As far as it can be: what has not come when the fake is stopped never will."""
    script = stream(*EVENTS, gap=0.1)
    with Upstream(script) as upstream, serving(tmp_path, upstream.url, "record", fault=(CUT,)) as app:
        assert ask(app) == (200, EVENTS[0] + EVENTS[1])
        event = last(app)
        assert (event.status, event.ended, event.faults) == (200, "cut by a fault", (CUT,))
        assert event.body == EVENTS[0] + EVENTS[1]
        deadline = time.monotonic() + 10
        while not (stopped or app.state.replay) and time.monotonic() < deadline:
            time.sleep(0.01)
    [kept] = read_recordings(tmp_path).exchanges
    assert (kept.ended, kept.chunks) == (("client_left", EVENTS[:2]) if stopped else ("complete", EVENTS))


@pytest.mark.parametrize(
    ("fault", "status", "asked"),
    [("error(status=500)", 500, 0), ("overload", 429, 0), ("gzip", 200, 1), ("end_early", 200, 1)],
)
def test_a_fault_is_told_where_it_has_struck(tmp_path: Path, fault: str, status: int, asked: int) -> None:
    with Upstream(whole(b"200 OK", b"{}") if fault == "gzip" else stream(*EVENTS)) as upstream:
        with serving(tmp_path, upstream.url, fault=(fault,)) as app:
            got, body = ask(app, "/generate")
            event = last(app)
        assert (got, len(upstream.requests)) == (status, asked)
    changed = body not in (b"{}", b"".join(EVENTS))
    assert bool(event.faults) is changed is (fault != "end_early")


def test_a_client_that_leaves_ends_the_call_to_the_server_and_what_had_come_is_kept(tmp_path: Path) -> None:
    script = stream(*EVENTS * 20, gap=0.05)
    with Upstream(script) as upstream, serving(tmp_path, upstream.url, "record") as app:
        connection = http.client.HTTPConnection(urlsplit(app.url).netloc, timeout=10)  # type: ignore[attr-defined]  # set where it was served
        with closing(connection):
            headers = {"Content-Type": "application/json"}
            connection.request("POST", "/generate_stream", b'{"inputs": "New?"}', headers)
            connection.getresponse().read(len(EVENTS[0]))
        assert upstream.gone.wait(10)
        assert last(app).ended == "client left"
    [kept] = read_recordings(tmp_path).exchanges
    assert (kept.ended, kept.chunks[0]) == ("client_left", EVENTS[0])


def test_a_body_that_is_too_long_for_the_fake_is_refused_by_it(tmp_path: Path) -> None:
    with Upstream(stream(*EVENTS)) as upstream, serving(tmp_path, upstream.url, payload_limit=10) as app:
        assert ask(app)[0] == 413
        assert upstream.requests == []


def test_who_may_control_a_fake_says_what_a_miss_gets_as_far_as_its_start_allows(tmp_path: Path) -> None:
    def control(app: Application, value: object) -> object:
        data = json.dumps(value).encode()
        request = Request(f"{app.url}/__admin/recordings", data, method="POST")  # type: ignore[attr-defined]  # set where it was served
        try:
            with urlopen(request, timeout=10) as reply:
                return json.load(reply)["on_miss"]
        except HTTPError as error:
            with error:
                return json.load(error)["error"]

    with Upstream(stream(*EVENTS)) as upstream:
        with serving(tmp_path, upstream.url, "record") as app:
            for words, status in (("fail", 501), ("proxy", 200)):
                assert control(app, {"on_miss": words}) == words
                assert ask(app)[0] == status
        assert not read_recordings(tmp_path).exchanges
        with serving(tmp_path, upstream.url) as app:
            refused = (
                "on_miss: expected seeded, fail or proxy (record: start with --on-miss record), got 'record'"
            )
            assert control(app, {"on_miss": "record"}) == refused
            app.state.beyond = None
            refused = "on_miss: expected seeded or fail (the others: start with --upstream), got 'proxy'"
            assert control(app, {"on_miss": "proxy"}) == refused


@pytest.mark.parametrize("listen", [False, True])
def test_a_fake_of_the_library_passes_on_what_it_misses(tmp_path: Path, listen: bool) -> None:
    given: dict[str, Any] = {"replay": tmp_path, "on_miss": "record", "listen": listen}
    with (
        Upstream(stream(*EVENTS)) as upstream,
        FakeTGI(**given, upstream=upstream.url) as fake,
        requests.Session() as session,
    ):
        session.mount(fake.base_url, fake.requests_adapter())
        answer = session.post(f"{fake.base_url}/generate_stream", json={"inputs": "New?"}, timeout=10)
        assert answer.content == b"".join(EVENTS)
        assert fake.last_request.status == 200
    assert len(read_recordings(tmp_path).exchanges) == 1


def test_an_overload_that_a_recording_does_not_notice_is_not_told(tmp_path: Path) -> None:
    write(tmp_path, recording(), {}, name="0")
    app = create_app(Settings(replay=str(tmp_path), replay_speed="instant", fault=("overload",)))
    for inputs, faults in (("Why?", ()), ("New?", ("overload",))):
        payload = json.dumps({"inputs": inputs}).encode()
        overloaded = b"overloaded" in within(app, "POST", "/generate_stream", raw=payload).body
        assert (list(app.state.journal)[-1].faults, overloaded) == (faults, bool(faults))
