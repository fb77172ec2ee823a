"""What went past a recorder is kept to the byte, and nobody on either side can tell that it is there."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from fake_tgi.app import create_app
from fake_tgi.cli import main
from fake_tgi.recordings.files import read_recordings
from fake_tgi.recordings.keeping import Keeper
from fake_tgi.recordings.recorder import Recorder
from fake_tgi.recordings.recording import Recording, recording_json
from fake_tgi.recordings.upstream import Upstream as Behind
from fake_tgi.server import Server
from tgi_contracts import violations

from .scripted_upstream import STREAM_HEAD, Upstream, chunk, reset, stream


@contextmanager
def recorder(url: str, folder: Path, *, limit: int = 10_000_000) -> Iterator[tuple[str, Keeper]]:
    upstream = Behind(url)
    keeper = Keeper(folder, upstream=upstream.url, limit=limit)
    with Server(Recorder(upstream, keeper)) as server:
        yield server.base_url, keeper


def ask(
    url: str, path: str = "/generate_stream", body: bytes | None = b'{"inputs": "Why?"}',
    method: str = "POST", **headers: str,
) -> tuple[http.client.HTTPResponse, bytes]:  # fmt: skip
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    with closing(connection):
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        with connection.getresponse() as response:
            return response, response.read()


def cut(url: str) -> http.client.IncompleteRead:
    """Asks for an answer that ends before it is complete."""
    with pytest.raises(http.client.IncompleteRead) as error:
        ask(url)
    return error.value


def recorded(folder: Path) -> list[Recording]:
    found = read_recordings(folder)
    assert found.refused == []
    for each in found.exchanges:
        assert violations(recording_json(each), "Exchange") == []
    return found.exchanges


def test_a_stream_is_kept_with_its_chunks_and_its_times(tmp_path: Path) -> None:
    events = [b'data: {"token":1}\n\n', b"data: ", b"\xc3", b"\xa9\n\n:\n\n", b"x" * 200_000]
    with Upstream(stream(*events, gap=0.05)) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        response, data = ask(url)
    assert response.status == 200
    assert response.getheader("x-own") == "1"
    assert data == b"".join(events)
    [kept] = recorded(tmp_path)
    assert kept.chunks == tuple(events)
    assert kept.chunked
    assert kept.ended == "complete"
    assert kept.headers == (
        ("content-type", "text/event-stream"), ("x-own", "1"), ("transfer-encoding", "chunked"),
    )  # fmt: skip
    for number, seconds in enumerate(kept.times, 1):
        assert 0.05 * number <= seconds < 0.05 * number + 0.25


def test_chunks_of_one_packet_are_several_and_a_chunk_of_several_packets_is_one(
    tmp_path: Path,
) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(STREAM_HEAD + chunk(b"a") + chunk(b"b") + b"4\r\ncd")
        time.sleep(0.05)
        connection.sendall(b"ef\r\n0\r\n\r\n")

    with Upstream(script) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        assert ask(url)[1] == b"abcdef"
    assert recorded(tmp_path)[0].chunks == (b"a", b"b", b"cdef")


def test_every_chunk_is_passed_on_before_the_next_one_comes(tmp_path: Path) -> None:
    got: list[float] = []
    with (
        Upstream(stream(b"a", b"b", b"c", gap=0.15)) as upstream,
        recorder(upstream.url, tmp_path) as (url, _),
    ):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        began = time.perf_counter()
        connection.request("POST", "/generate_stream", b"{}")
        response = connection.getresponse()
        got.append(time.perf_counter() - began)
        while response.read1():
            got.append(time.perf_counter() - began)
        connection.close()
    assert got[0] < 0.14  # the head, before anything else
    for number, seconds in enumerate(got[1:], 1):
        assert 0.15 * number <= seconds < 0.15 * number + 0.14


def test_a_plain_answer_of_the_fake_is_kept_as_it_was_with_the_request(tmp_path: Path) -> None:
    with Server(create_app()) as upstream, recorder(upstream.base_url, tmp_path) as (url, _):
        response, data = ask(url, "/generate", b'{"inputs": "Why is the sky blue?"}')
        refused, _ = ask(url, "/generate", b'{"inputs":', Accept="application/json")
        missing, _ = ask(url, "/nowhere?x=1", None, "GET")
        head, nothing = ask(url, "/health", None, "HEAD")
    assert (response.status, refused.status, missing.status, head.status) == (200, 400, 404, 200)
    assert nothing == b""
    by_target = {each.target: each for each in recorded(tmp_path) if b"blue" in (each.body or b"blue")}
    kept = by_target["/generate"]
    assert kept.chunks == (data,)
    assert not kept.chunked
    assert dict(kept.headers)["content-length"] == str(len(data))
    assert kept.request_headers == (("content-type", "application/json"),)
    assert kept.body == b'{"inputs": "Why is the sky blue?"}'
    assert by_target["/nowhere?x=1"].status == 404
    assert by_target["/health"].method == "HEAD"
    assert {each.status for each in recorded(tmp_path)} == {200, 400, 404}


def test_the_request_goes_on_as_it_came_but_for_what_belongs_to_the_connection(tmp_path: Path) -> None:
    with Upstream(stream(b"a")) as upstream, recorder(upstream.url + "/models/m/", tmp_path) as (url, _):
        ask(url, "/a%2Fb/?q=%20", b"\x00\xff", Authorization="Bearer hf_secret123", **{"X-Mine": "1"})
    [request] = upstream.requests
    head, _, body = request.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /models/m/a%2Fb/?q=%20 HTTP/1.1"
    assert sorted(line.lower() for line in lines[1:]) == sorted(
        [
            b"host: " + upstream.url[7:].encode(), b"accept-encoding: identity", b"x-mine: 1",
            b"content-type: application/json", b"authorization: bearer hf_secret123", b"content-length: 2",
        ]
    )  # fmt: skip
    assert body == b"\x00\xff"


def test_no_secret_is_written_and_both_sides_get_theirs(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cretcookie; Path=/\r\nContent-Type: application/json\r\n"
            b"Content-Length: 35\r\n\r\n" + b'{"echo": "hf_abcdef1234 s3cretkey"}'
        )

    with Upstream(script) as upstream:
        address = upstream.url.replace("http://", "http://me:passw0rd@")
        with recorder(address, tmp_path) as (url, _):
            response, data = ask(
                url, "/generate?token=s3crettoken", b'{"inputs": "my key is sk-abcdefgh1234"}',
                Cookie="sid=s3cretcookie", **{"X-Api-Key": "s3cretkey"},
            )  # fmt: skip
    assert data == b'{"echo": "hf_abcdef1234 s3cretkey"}'
    assert response.getheader("set-cookie") == "sid=s3cretcookie; Path=/"
    assert b"sk-abcdefgh1234" in upstream.requests[0]
    assert b"authorization: Basic bWU6cGFzc3cwcmQ=" in upstream.requests[0]
    [file] = (path for path in tmp_path.rglob("*") if path.is_file())
    written = file.read_text(encoding="utf-8") + str(file)
    for secret in ("s3cret", "hf_abcdef", "sk-abc", "passw0rd", "bWU6"):
        assert secret not in written
    [kept] = recorded(tmp_path)
    assert kept.target == "/generate?token=REDACTED"
    assert kept.body == b'{"inputs": "my key is sk-REDACTED"}'
    assert kept.chunks == (b'{"echo": "hf_REDACTED REDACTED"}',)
    assert dict(kept.headers)["content-length"] == str(len(kept.chunks[0]))
    assert kept.request_headers[-1] == ("x-api-key", "REDACTED")


def test_a_compressed_answer_is_searched_for_secrets_too(tmp_path: Path) -> None:
    body = gzip.compress(b"hf_abcdef1234 and more")

    def script(connection: socket.socket) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)

    with Upstream(script) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        assert ask(url)[1] == body
    [kept] = recorded(tmp_path)
    assert kept.chunks == (b"hf_REDACTED and more",)
    assert kept.headers == (("content-length", "20"),)


def test_what_a_client_got_before_it_left_is_kept_and_the_server_learns_that_it_left(tmp_path: Path) -> None:
    events = [b"data: %d\n\n" % number for number in range(500)]
    with Upstream(stream(*events, gap=0.02)) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.request("POST", "/generate_stream", b"{}")
        response = connection.getresponse()
        got = response.read1() + response.read1()
        response.close()
        connection.close()
        assert upstream.gone.wait(5)
    [kept] = recorded(tmp_path)
    assert kept.ended == "client_left"
    assert kept.chunks == tuple(events[: len(kept.chunks)])
    assert b"".join(kept.chunks).startswith(got)
    assert len(kept.chunks) < 100


def test_a_client_that_goes_once_it_has_seen_the_last_event_has_seen_everything(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(STREAM_HEAD + chunk(b"data: [DONE]\n\n"))
        time.sleep(0.02)
        connection.sendall(b"0\r\n\r\n")

    with Upstream(script) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        connection = http.client.HTTPConnection(urlsplit(url).netloc)
        connection.request("POST", "/generate_stream", b"{}")
        response = connection.getresponse()
        assert response.read1() == b"data: [DONE]\n\n"
        response.close()
        connection.close()
        time.sleep(0.1)
    assert recorded(tmp_path)[0].ended == "complete"


@pytest.mark.parametrize("end", [socket.socket.close, reset])
def test_what_came_before_an_upstream_died_is_kept_and_the_client_sees_it_die(
    tmp_path: Path, end: Callable[[socket.socket], None]
) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(STREAM_HEAD + chunk(b"data: 1\n\n"))
        time.sleep(0.05)
        connection.sendall(chunk(b"data: 2\n\n") + b"a\r\ndata: 3")
        if end is reset:
            time.sleep(0.05)  # a reset discards what the peer has not read
        end(connection)

    with Upstream(script) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        error = cut(url)
    assert error.partial == b"data: 1\n\ndata: 2\n\ndata: 3"
    [kept] = recorded(tmp_path)
    assert kept.ended == "upstream_died"
    assert kept.chunks == (b"data: 1\n\n", b"data: 2\n\n", b"data: 3")


def test_the_last_bytes_of_a_server_that_died_at_once_are_kept_every_time(tmp_path: Path) -> None:
    with Upstream(stream(b"a", b"b", end=False)) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        for _ in range(30):
            cut(url)
    assert [each.chunks for each in recorded(tmp_path)] == [(b"a", b"b")] * 30


def test_a_plain_answer_that_was_cut_is_kept_as_far_as_it_came(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

    with Upstream(script) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        error = cut(url)
    [kept] = recorded(tmp_path)
    assert error.partial == b"abc"
    assert (kept.ended, kept.chunks) == ("upstream_died", (b"abc",))
    assert kept.headers == (("content-length", "10"),)


def test_a_server_that_is_not_there_is_a_502_that_says_so(tmp_path: Path) -> None:
    with recorder("http://127.0.0.1:1", tmp_path) as (url, _):
        response, data = ask(url)
    assert response.status == 502
    assert "127.0.0.1:1" in json.loads(data)["error"]
    assert recorded(tmp_path) == []


def test_names_stay_from_run_to_run_so_that_recording_again_changes_what_has_changed(tmp_path: Path) -> None:
    def run() -> dict[str, str]:
        with Server(create_app()) as upstream, recorder(upstream.base_url, tmp_path) as (url, _):
            for _ in range(2):
                ask(
                    url,
                    "/generate",
                    b'{"inputs": "Why is the sky blue?"}',
                    Authorization=f"Bearer {time.time()}",
                )
            ask(url, "/generate", b'{ "inputs" : "Why is the sky blue?" }')
            ask(url, "/v1/completions", b'{"prompt": "Is it?", "model": "m", "max_tokens": 2}')
        return {
            str(file.relative_to(tmp_path)): file.read_text() for file in sorted(tmp_path.rglob("*.json"))
        }

    first, second = run(), run()
    assert list(first) == list(second)
    assert [name.rpartition("-")[0] for name in first] == ["generate/why-is-the-sky-blue"] * 3 + [
        "v1.completions/is-it"
    ]
    volatile = ('"at"', '"upstream"', '"times"', '   ["x-', '   ["date"', "created")
    for name, text in first.items():
        changed = set(text.splitlines()) ^ set(second[name].splitlines())
        assert [line for line in changed if not any(word in line for word in volatile)] == []


def test_an_answer_that_was_cut_takes_no_whole_ones_place(tmp_path: Path) -> None:
    for end in (True, False, True):
        with Upstream(stream(b"a", end=end)) as upstream, recorder(upstream.url, tmp_path) as (url, _):
            try:
                ask(url)
            except http.client.IncompleteRead:
                assert not end
    assert [each.ended for each in recorded(tmp_path)] == ["complete", "upstream_died"]


def test_a_full_disk_loses_nothing_and_what_waits_is_written_when_there_is_room(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "full"
    folder.write_text("a file where a folder should be: nothing can be written", encoding="utf-8")
    with Upstream(stream(b"a", b"b")) as upstream, recorder(upstream.url, folder) as (url, keeper):
        assert ask(url)[1] == b"ab"
        assert ask(url)[1] == b"ab"
        time.sleep(0.05)
        assert not keeper.flush(0.2)
        folder.unlink()
        assert keeper.flush(5)
        assert len(recorded(folder)) == 2


def test_what_cannot_be_written_to_the_end_goes_to_a_folder_that_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.write_text("", encoding="utf-8")
    upstream_url = "http://127.0.0.1:1"
    with Upstream(stream(b"a")) as upstream:
        app = Recorder(Behind(upstream.url), Keeper(folder, upstream=upstream_url))
        with Server(app) as server:
            ask(server.base_url)
    assert app.left is not None
    [file] = app.left.elsewhere
    assert app.left.lost == 0
    assert recorded(file)[0].chunks == (b"a",)


def test_an_upstream_that_closes_as_it_is_asked_again_is_asked_on_a_new_connection(tmp_path: Path) -> None:
    """Every server with a limit on idle connections does so now and then."""

    def closes_on_the_second(connection: socket.socket) -> None:
        stream(b"a")(connection)
        connection.recv(65536)

    with Upstream(closes_on_the_second) as upstream, recorder(upstream.url, tmp_path) as (url, _):
        assert [ask(url)[1] for _ in range(3)] == [b"a"] * 3
    assert len(upstream.requests) == len(recorded(tmp_path)) == 3


def test_when_too_much_waits_for_the_disk_calls_are_refused_and_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "full"
    folder.write_text("", encoding="utf-8")
    with (
        Upstream(stream(b"a" * 5000)) as upstream,
        recorder(upstream.url, folder, limit=6000) as (url, keeper),
    ):
        assert ask(url)[0].status == 200
        while not keeper.full:
            time.sleep(0.005)
        assert ask(url)[0].status == 507
        folder.unlink()
        assert keeper.flush(5)
        assert ask(url)[0].status == 200


def test_why_calls_cannot_be_passed_on_is_told_once(tmp_path: Path) -> None:
    told: list[str] = []
    upstream = Behind("http://127.0.0.1:1")
    with Server(Recorder(upstream, Keeper(tmp_path, upstream=upstream.url), told=told.append)) as server:
        for _ in range(2):
            assert ask(server.base_url)[0].status == 502
    assert told == ["not recorded: http://127.0.0.1:1: cannot be reached: Connection refused"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ["--out", f"{os.devnull}/x"],
            f"fake-tgi: --out: {os.devnull}/x cannot be a folder: Not a directory\n",
        ),
        (["--out", "x", "-g", "-1"], "expected seconds from 0, got '-1'"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="has another null device")
def test_what_cannot_be_recorded_into_is_told_at_the_start(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "--upstream", "http://127.0.0.1:1", *words]) in (1, 2)
    assert told in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process's files with prlimit")
def test_the_command_survives_a_disk_that_takes_no_file_and_ends_with_all_of_them(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: writing fails in the middle of a file."""
    import resource

    words = ["record", "--out", str(tmp_path / "out"), "--port", "0", "--upstream"]
    with Upstream(stream(b"a" * 5000)) as upstream:
        process = subprocess.Popen(
            [sys.executable, "-m", "fake_tgi.cli", *words, upstream.url], stderr=subprocess.PIPE, text=True
        )
        assert process.stderr is not None
        with process, process.stderr, contextlib.ExitStack() as otherwise:
            otherwise.callback(process.kill)
            url = process.stderr.readline().partition(" at ")[2].split()[0]
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
            for _ in range(3):
                assert ask(url)[1] == b"a" * 5000
            assert "recordings wait in memory" in process.stderr.readline()
            assert list((tmp_path / "out").rglob("*.json")) == []
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            assert "can be written to again" in process.stderr.readline()
            process.terminate()
            assert process.stderr.read() == ""
            otherwise.pop_all()
        assert process.returncode == 0
    assert len(recorded(tmp_path / "out")) == 3
    assert [file for file in (tmp_path / "out").rglob("*") if file.suffix == ".part"] == []
