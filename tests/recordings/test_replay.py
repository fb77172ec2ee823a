"""What was recorded is played byte for byte, at the recorded speed or another; what was not, as one chose."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import closing
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.assembling import assembled
from fake_tgi.recordings.files import read_recordings, write
from fake_tgi.recordings.on_miss import passing_on
from fake_tgi.recordings.recording import Recording, parse_recording, recording_json
from fake_tgi.recordings.redaction import Redactor
from fake_tgi.server import Server
from fake_tgi.settings import Settings, SettingsError
from fake_tgi.stubs import Stub
from tgi_contracts import body_of, recordings

from .scripted_upstream import Upstream, stream

pytestmark = pytest.mark.damages_answers  # what is played here was made up


def recording(**changes: Any) -> Recording:
    values: dict[str, Any] = {
        "name": "why",
        "method": "POST",
        "target": "/generate_stream",
        "request_headers": (("content-type", "application/json"),),
        "body": b'{"inputs": "Why?"}',
        "status": 200,
        "headers": (("content-type", "text/event-stream"), ("x-own", "1"), ("transfer-encoding", "chunked")),
        "chunked": True,
        "chunks": (b"data: 1\n\n", b"dat", b"a: \xc3", b"\xa9\n\n"),
        "times": (0.1, 0.2, 0.3, 0.4),
    }
    return Recording(**(values | changes))


def replaying(folder: Path, *exchanges: Recording, **settings: Any) -> Application:
    for index, exchange in enumerate(exchanges):
        write(folder, exchange, {}, name=f"{index}")
    given: dict[str, Any] = {"replay": str(folder), "replay_speed": float("inf")}
    return create_app(Settings(**(given | settings)))


Seen = tuple[int, dict[str, str], list[tuple[float, bytes]]]


def ask(
    url: str, path: str = "/generate_stream", body: bytes | None = b'{"inputs": "Why?"}',
    method: str = "POST", **headers: str,
) -> Seen:  # fmt: skip
    """Status, headers, and when (seconds since asking) which chunk came."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    with closing(connection):
        began = time.perf_counter()
        connection.request(method, path, body, {"Content-Type": "application/json", **headers})
        with connection.getresponse() as response:
            return response.status, dict(response.getheaders()), list(_chunks(response, began))


def _chunks(response: http.client.HTTPResponse, began: float) -> Iterator[tuple[float, bytes]]:
    if response.chunked is not True and response.length is not None:
        yield time.perf_counter() - began, response.read()
        return
    while True:
        size = int(response.fp.readline(), 16)
        data = response.fp.read(size)
        response.fp.readline()
        if not size:
            return
        yield time.perf_counter() - began, data


def body(seen: Seen) -> bytes:
    return b"".join(data for _, data in seen[2])


def test_a_stream_is_played_chunk_for_chunk_with_the_headers_it_had(tmp_path: Path) -> None:
    with Server(replaying(tmp_path, recording())) as server:
        status, headers, chunks = ask(server.base_url)
    assert status == 200
    assert [data for _, data in chunks] == list(recording().chunks)
    assert {name: value for name, value in headers.items() if name != "date"} == {
        "content-type": "text/event-stream", "x-own": "1", "transfer-encoding": "chunked",
    }  # fmt: skip


@pytest.mark.parametrize(("speed", "step"), [(1.0, 0.1), (4.0, 0.025), (0.5, 0.2), (float("inf"), 0.0)])
def test_a_stream_is_played_at_the_recorded_speed_or_another_or_at_once(
    tmp_path: Path, speed: float, step: float
) -> None:
    with Server(replaying(tmp_path, recording(), replay_speed=speed)) as server:
        ask(server.base_url)
        chunks = ask(server.base_url)[2]
    for number, (seconds, _) in enumerate(chunks, 1):
        assert step * number - 0.002 <= seconds < step * number + 0.08


@pytest.mark.sweep
def test_every_exchange_of_the_real_router_is_played_as_it_was_recorded() -> None:
    """Several of the same request come in their order, so each profile is asked in its own."""
    compared = 0
    with as_file(files("tgi_contracts") / "recordings") as folder:
        for profile in ("default", "auth", "limits", "sick", "fuzz"):
            app = create_app(
                Settings(replay=f"{folder}/{profile}.jsonl", replay_speed=float("inf"), on_miss="fail")
            )
            with Server(app) as server:
                host = urlsplit(server.base_url).netloc
                for exchange in recordings(profile=profile):
                    kept = parse_recording(exchange)
                    connection = http.client.HTTPConnection(host, timeout=10)
                    with closing(connection):
                        request = exchange["request"]
                        connection.putrequest(request["method"], request["path"], skip_accept_encoding=True)
                        for name, value in request["headers"].items():
                            if name.lower() not in ("content-length", "connection", "host"):
                                connection.putheader(name, value)
                        data = body_of(request)
                        if data is not None:
                            connection.putheader("content-length", str(len(data)))
                        connection.endheaders(data)
                        with connection.getresponse() as response:
                            got = response.read()
                            assert response.status == kept.status, exchange["name"]
                            assert got == b"".join(kept.chunks), exchange["name"]
                            compared += 1
    assert compared > 900


def test_a_request_is_the_same_however_it_is_spaced_ordered_or_authorised(tmp_path: Path) -> None:
    first = recording(body=b'{"inputs": "a", "parameters": {"x": 1, "y": [2]}}', chunks=(b"1",), times=())
    with Server(replaying(tmp_path, first, on_miss="fail")) as server:
        url = server.base_url
        same = b'{"parameters":{"y":[2],"x":1},\n"inputs":"\\u0061"}'
        assert body(ask(url, body=same, Authorization="Bearer x")) == b"1"
        for other in (b'{"inputs": "a"}', b'{"inputs": "a", "parameters": {"x": 1.0, "y": [2]}}'):
            assert ask(url, body=other)[0] == 501


def test_the_recording_of_the_same_bytes_comes_before_one_of_the_same_value(tmp_path: Path) -> None:
    spaced = recording(name="b", body=b'{"inputs":  "Why?"}', chunks=(b"spaced",), times=())
    plain = recording(chunks=(b"plain",), times=())
    with Server(replaying(tmp_path, plain, spaced)) as server:
        assert body(ask(server.base_url, body=b'{"inputs":  "Why?"}')) == b"spaced"
        assert body(ask(server.base_url, body=b'{"inputs": "Why?"}')) == b"plain"


def test_a_request_with_another_secret_is_the_same_request(tmp_path: Path) -> None:
    kept = recording(
        target="/generate_stream?token=REDACTED", body=b'{"inputs": "hf_REDACTED REDACTED", "a": 1}'
    )
    with Server(replaying(tmp_path, kept, on_miss="fail")) as server:
        asked = b'{"inputs": "hf_abcdefgh12 my own secret", "a": 1}'
        assert ask(server.base_url, "/generate_stream?token=t", asked)[0] == 200
        assert ask(server.base_url, "/generate_stream?token=t", asked.replace(b"1}", b"2}"))[0] == 501


@pytest.mark.parametrize(
    ("recorded", "asked"),
    [
        (("/generate?token=X", b"{}"), ("/generate", b"{}")),
        (("/generate?token=X&a=1", b"{}"), ("/generate?a=1&api_key=Y", b"{}")),
        (("/generate", b"{}"), ("/generate?x-api-key=Y", b"{}")),
        (
            ("/generate", b'{"inputs": "a", "b": {"password": "p\\"q"}}'),
            ("/generate", b'{"inputs": "a", "b": {}}'),
        ),
        (
            ("/generate", b'{"inputs": "a", "api_key": [1]}'),
            ("/generate", b'{"api_key": "x\\"", "inputs": "a"}'),
        ),
    ],
)
def test_a_recording_answers_whoever_has_another_secret_or_none(
    tmp_path: Path, recorded: tuple[str, bytes], asked: tuple[str, bytes]
) -> None:
    target, text = recorded
    kept = recording(target=Redactor().target(target), body=Redactor().text(text))
    with Server(replaying(tmp_path, kept, on_miss="fail")) as server:
        assert ask(server.base_url, *asked)[0] == 200
        assert ask(server.base_url, f"{asked[0].partition('?')[0]}?b=1", asked[1])[0] == 501
        status, _, [(_, answer)] = ask(server.base_url, asked[0], b'{"inputs": "other"}')
    assert status == 501
    differences = json.loads(answer)["near_misses"][0]["differences"]
    assert differences
    assert all(each.startswith(("body.inputs:", "body.b:")) for each in differences)


def test_a_recording_with_a_secret_in_the_same_place_comes_before_one_with_none(tmp_path: Path) -> None:
    plain = recording(chunks=(b"none",), times=())
    secret = recording(name="b", target="/generate_stream?token=REDACTED", chunks=(b"one",), times=())
    with Server(replaying(tmp_path, plain, secret, on_miss="fail")) as server:
        assert body(ask(server.base_url, "/generate_stream?token=other")) == b"one"
        assert body(ask(server.base_url, "/generate_stream")) == b"none"


def test_answers_to_one_request_come_in_turn_then_the_last_again_until_a_reset(
    tmp_path: Path,
) -> None:
    three = [recording(name=str(n), chunks=(b"%d" % n,), times=()) for n in range(3)]
    app = replaying(tmp_path, *three)
    with Server(app) as server:
        assert [body(ask(server.base_url)) for _ in range(5)] == [b"0", b"1", b"2", b"2", b"2"]
        app.state.clear()
        assert body(ask(server.base_url)) == b"0"


@pytest.mark.parametrize("ended", ["client_left", "upstream_died"])
def test_an_answer_that_was_cut_is_cut_again(tmp_path: Path, ended: str) -> None:
    plain = recording(
        name="b", body=b"{}", chunked=False, chunks=(b"abc",), times=(), headers=(("content-length", "9"),)
    )
    cut = [recording(ended=ended), parse_cut(plain, ended)]
    with Server(replaying(tmp_path, *cut)) as server:
        connection = http.client.HTTPConnection(urlsplit(server.base_url).netloc, timeout=10)
        for asked, expected in ((b'{"inputs": "Why?"}', b"".join(cut[0].chunks)), (b"{}", b"abc")):
            with closing(connection):
                connection.request("POST", "/generate_stream", asked, {"Content-Type": "application/json"})
                with connection.getresponse() as response, pytest.raises(http.client.IncompleteRead) as error:
                    response.read()
            assert error.value.partial == expected


def parse_cut(whole: Recording, ended: Any) -> Recording:
    from dataclasses import replace

    return replace(whole, ended=ended)


def test_a_call_that_nobody_recorded_gets_the_answer_of_a_seeded_model_unless_one_says_otherwise(
    tmp_path: Path,
) -> None:
    with Server(replaying(tmp_path, recording())) as server:
        status, _, [(_, answer)] = ask(server.base_url, "/generate", b'{"inputs": "Why is the sky blue?"}')
    assert status == 200
    assert json.loads(answer) == {"generated_text": " Rayleigh scattering"}


def test_or_it_fails_and_says_what_was_recorded_and_how_that_differs(tmp_path: Path) -> None:
    other = recording(name="other", target="/generate", method="GET", body=None)
    with Server(replaying(tmp_path, recording(), other, on_miss="fail")) as server:
        status, headers, [(_, answer)] = ask(server.base_url, body=b'{"inputs": "Who?", "stream": true}')
        assert ask(server.base_url, "/info", None, "GET")[0] == 501
        assert ask(server.base_url, "/health", None, "GET")[0] == 200
    assert status == 501
    assert headers["x-fake-tgi-miss"] == "1"
    told = json.loads(answer)
    assert told["error_type"] == "unrecorded"
    assert told["near_misses"][0] == {
        "recording": "why",
        "differences": [
            'body.inputs: recorded "Why?", got "Who?"',
            "body.stream: recorded nothing, got true",
        ],
    }


@pytest.mark.parametrize("keep", [False, True])
def test_or_it_goes_to_the_real_server_and_is_recorded_if_wanted(tmp_path: Path, keep: bool) -> None:
    app = replaying(tmp_path, recording(), on_miss="record" if keep else "proxy", upstream="http://unused")
    assert app.state.replay is not None
    asked = b'{"inputs": "New?"}'
    with Upstream(stream(b"data: new\n\n")) as upstream:
        outer = passing_on(app, app.state.replay, upstream.url, tmp_path if keep else None)
        with Server(outer) as server:
            assert body(ask(server.base_url)) == b"".join(recording().chunks)
            assert upstream.requests == []
            assert body(ask(server.base_url, body=asked)) == b"data: new\n\n"
            deadline = time.monotonic() + 10
            while keep and len(app.state.replay) < 2 and time.monotonic() < deadline:
                time.sleep(0.01)
            assert body(ask(server.base_url, body=asked)) == b"data: new\n\n"
        assert len(upstream.requests) == (1 if keep else 2)
    assert [each.body for each in read_recordings(tmp_path).exchanges][1:] == [asked] * keep


def test_what_the_model_said_is_said_again_behind_every_route(tmp_path: Path) -> None:
    exchange = next(each for each in recordings() if each["name"] == "generate.plain")
    [generation] = exchange["generations"]
    (tmp_path / "model.jsonl").write_text(json.dumps(generation), encoding="utf-8")
    inputs, text = generation["inputs"], generation["generated_text"]
    with as_file(files("tgi_contracts") / "recordings" / "tokenizer") as tokenizer:
        app = replaying(tmp_path, tokenizer_name=str(tokenizer), max_total_tokens=1024, on_miss="fail")
        with Server(app) as server:
            url = server.base_url

            def asked(path: str, **value: Any) -> Any:
                status, _, chunks = ask(url, path, json.dumps(value).encode())
                assert status == 200
                whole = b"".join(data for _, data in chunks).decode()
                if not whole.startswith("data:"):
                    return json.loads(whole)
                return [json.loads(event[5:]) for event in whole.split("\n\n") if event.startswith("data: {")]

            assert asked("/generate", inputs=inputs)["generated_text"] == text
            assert asked("/", inputs=inputs)[0]["generated_text"] == inputs + text
            events = asked("/generate_stream", inputs=inputs)
            assert [event["token"]["logprob"] for event in events] == pytest.approx(
                [token["logprob"] for token in generation["tokens"]]
            )
            assert asked("/v1/completions", prompt=inputs)["choices"][0]["text"] == text
            short = asked("/generate", inputs=inputs, parameters={"max_new_tokens": 3, "details": True})
            assert short["generated_text"] == "".join(token["text"] for token in generation["tokens"][:3])
            assert short["details"]["finish_reason"] == "length"
            for path in ("/generate", "/generate_stream"):
                assert ask(url, path, b'{"inputs": "Something else"}')[0] == 501
            assert ask(url, "/generate", b'{"inputs": ""}')[0] == 422


def test_what_the_model_said_comes_before_what_it_might_say(tmp_path: Path) -> None:
    exchange = next(each for each in recordings() if each["name"] == "generate.plain")
    generation = {**exchange["generations"][0], "inputs": "What has nobody else asked?"}
    (tmp_path / "model.jsonl").write_text(json.dumps(generation), encoding="utf-8")
    with as_file(files("tgi_contracts") / "recordings" / "tokenizer") as tokenizer:
        app = replaying(tmp_path, tokenizer_name=str(tokenizer))
        with Server(app) as server:
            asked = json.dumps({"inputs": generation["inputs"], "parameters": {"max_new_tokens": 3}}).encode()
            said = json.loads(body(ask(server.base_url, "/generate", asked)))
    assert said == {"generated_text": "".join(token["text"] for token in generation["tokens"][:3])}


def test_a_stub_comes_before_a_recording_and_a_refused_file_stops_no_other(
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.jsonl").write_text('{"format": "tgi-recording", "version": 9}', encoding="utf-8")
    app = replaying(tmp_path, recording())
    assert app.state.replay is not None
    [refused] = app.state.replay.refused
    assert "version: 9 is newer than 1" in str(refused)
    with Server(app) as server:
        assert body(ask(server.base_url)) == b"".join(recording().chunks)
        app.state.stubs.add(Stub(answer="stubbed"))
        assert b"stubbed" in body(ask(server.base_url))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"replay": "/nowhere"}, "expected a folder of recordings or a file, found nothing there"),
        ({"on_miss": "fail"}, "need a `replay`"),
        ({"replay": ".", "on_miss": "proxy"}, "need one another"),
        ({"replay": ".", "on_miss": "x"}, "must be seeded, fail, proxy or record"),
        ({"replay": ".", "on_miss": "proxy", "upstream": "here"}, "`upstream`: expected a URL such as"),
        ({"replay": ".", "on_miss": "proxy", "upstream": "http://a:b"}, "`upstream`: expected a URL such as"),
        ({"replay": ".", "replay_speed": 0.0}, "`replay_speed` must be above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        create_app(Settings(**settings))


def test_a_folder_with_nothing_to_play_is_told_unless_it_is_to_be_filled(tmp_path: Path) -> None:
    told: list[str] = []
    assembled(Settings(replay=str(tmp_path)), tell=told.append)
    assert told == [f"{tmp_path} has no recordings: nothing is replayed"]
    filling = Settings(replay=str(tmp_path), on_miss="record", upstream="http://127.0.0.1:1")
    assembled(filling, tell=told.append)
    assert len(told) == 1


def test_exchanges_can_be_added_to_a_running_fake_all_or_none(tmp_path: Path) -> None:
    with Server(create_app()) as server:

        def admin(method: str, value: Any = None) -> tuple[int, Any]:
            data = None if value is None else json.dumps(value).encode()
            status, _, chunks = ask(server.base_url, "/__admin/recordings", data, method)
            return status, json.loads(chunks[0][1])

        good, bad = recording_json(recording(times=())), {"name": "x"}
        none = {"recordings": [], "generations": 0, "refused": [], "speed": None, "on_miss": None}
        assert admin("GET") == (200, none)
        status, refused = admin("POST", {"exchanges": [good, bad]})
        assert status == 422
        assert refused["error"].startswith("exchanges[1]: expected the key 'request'")
        assert admin("GET")[1]["recordings"] == []
        assert admin("POST", {"exchanges": [good], "speed": 0})[0] == 422
        status, now = admin("POST", {"exchanges": [good], "speed": 4})
        assert (status, [each["name"] for each in now["recordings"]]) == (200, ["why"])
        assert body(ask(server.base_url)) == b"".join(recording().chunks)
        assert admin("DELETE") == (200, none)
        assert ask(server.base_url)[1]["content-type"] == "text/event-stream"
        assert body(ask(server.base_url)) != b"".join(recording().chunks)


def test_a_reset_brings_back_the_recordings_of_the_start_and_how_they_were_played(tmp_path: Path) -> None:
    app = replaying(tmp_path / "first", recording())
    write(tmp_path / "second", recording(name="other", body=b'{"inputs": "Who?"}'), {}, name="0")
    with Server(app) as server:

        def admin(value: Any, method: str = "POST", path: str = "recordings") -> Any:
            data = json.dumps(value).encode()
            return json.loads(ask(server.base_url, f"/__admin/{path}", data, method)[2][0][1])

        started = admin(None, "GET")
        assert (started["speed"], started["on_miss"]) == ("instant", "seeded")
        lent = recording_json(recording(name="lent", body=b"{}"))
        assert len(admin({"exchanges": [lent], "on_miss": "fail", "speed": 3})["recordings"]) == 2
        assert ask(server.base_url, body=b'{"inputs": "Who?"}')[0] == 501
        swapped = admin({"folder": str(tmp_path / "second"), "speed": "instant"})
        assert [each["name"] for each in swapped["recordings"]] == ["other"]
        assert body(ask(server.base_url, body=b'{"inputs": "Who?"}')) == b"".join(recording().chunks)
        assert body(ask(server.base_url)) != b"".join(recording().chunks)
        assert admin({"folder": str(tmp_path / "none")})["path"] == "folder"
        admin(None, path="reset")
        assert admin(None, "GET") == started
        assert body(ask(server.base_url)) == b"".join(recording().chunks)


def test_namespaces_play_what_the_server_has_read_each_from_the_beginning(tmp_path: Path) -> None:
    first, second = recording(name="1"), recording(name="2", chunks=(b"data: again\n\n",), times=(0.0,))
    app = replaying(tmp_path, first, second)
    for file in tmp_path.rglob("*.json*"):
        file.unlink()
    with Server(app) as server:
        for space in ("", "/ns/a", "/ns/b"):
            played = [body(ask(server.base_url, f"{space}/generate_stream")) for _ in range(2)]
            assert played == [b"".join(first.chunks), b"".join(second.chunks)]


def test_what_a_namespace_misses_goes_to_the_real_server_and_is_recorded_for_all(tmp_path: Path) -> None:
    app = replaying(tmp_path, recording(), on_miss="record", upstream="http://unused")
    assert app.state.replay is not None
    asked = b'{"inputs": "New?"}'
    with Upstream(stream(b"data: new\n\n")) as upstream:
        with Server(passing_on(app, app.state.replay, upstream.url, tmp_path)) as server:
            assert body(ask(server.base_url, "/ns/b/generate_stream")) == b"".join(recording().chunks)
            assert body(ask(server.base_url, "/ns/a/generate_stream", asked)) == b"data: new\n\n"
            time.sleep(0.2)
            for space in ("", "/ns/a", "/ns/b", "/ns/c"):
                assert body(ask(server.base_url, f"{space}/generate_stream", asked)) == b"data: new\n\n"
        assert len(upstream.requests) == 1
