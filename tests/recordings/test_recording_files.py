"""Recordings are written for people, read back byte for byte, and refused with a reason when they are not."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.recordings.files import content_name, read_recordings, write
from fake_tgi.recordings.recording import Recording, parse_recording, recording_json
from fake_tgi.shards.scripted import FormatError
from tgi_contracts import recordings, violations

ALL = list(recordings())


def recording(**changes: Any) -> Recording:
    values: dict[str, Any] = {
        "name": "generate/why-0",
        "method": "POST",
        "target": "/generate_stream",
        "request_headers": (("content-type", "application/json"),),
        "body": b'{"inputs": "Why?"}',
        "status": 200,
        "headers": (("content-type", "text/event-stream"),),
        "chunked": True,
        "chunks": (b"data: 1\n\n", b"data: 2\n\n"),
        "times": (0.5, 0.75),
        "at": "2026-11-22T10:00:00+00:00",
    }
    return Recording(**(values | changes))


@pytest.mark.sweep
def test_every_exchange_of_the_real_router_survives_reading_and_writing() -> None:
    for exchange in ALL:
        once = parse_recording(exchange)
        value = recording_json(once)
        assert violations(value, "Exchange") == [], exchange["name"]
        assert parse_recording(json.loads(json.dumps(value))) == once
        assert "".join(exchange["response"]["chunks"]).encode() == b"".join(once.chunks)


@pytest.mark.parametrize(
    "body",
    [None, b"", b'{"a": 1}', b'{"a":1}', b'{"a": "\\u00e9"}', b"[" * 5000,
     '{"a": "é"}'.encode(), b"{", b"\xff\xfe", b'"\\ud800"',
     b'{"a": 1, "a": 2}', b"1.0", b"1e5", b" 1"],
)  # fmt: skip
def test_a_body_is_read_back_as_it_was_sent_whatever_it_is(body: bytes | None, tmp_path: Path) -> None:
    once = recording(body=body, chunks=(body or b"",), times=())
    write(tmp_path, once, {}, name="a/b")
    found = read_recordings(tmp_path)
    assert found.refused == []
    assert found.exchanges == [once]
    assert violations(recording_json(once), "Exchange") == []


def test_a_file_is_laid_out_for_a_diff_with_a_header_or_a_chunk_a_line(tmp_path: Path) -> None:
    file = write(tmp_path, recording(), {"recorded": "2026-11-22"}, name="generate_stream/why-1")
    assert file == tmp_path / "generate_stream" / "why-1.recording.json"
    assert file.read_text(encoding="utf-8") == (
        """\
[
{"format": "tgi-recording", "version": 1, "recorded": "2026-11-22"},
{
 "name": "generate/why-0",
 "request": {
  "method": "POST",
  "path": "/generate_stream",
  "headers": {
   "content-type": "application/json"
  },
  "json": {
   "inputs": "Why?"
  }
 },
 "response": {
  "status": 200,
  "headers": [
   ["content-type", "text/event-stream"]
  ],
  "chunked": true,
  "chunks": [
   "data: 1\\n\\n",
   "data: 2\\n\\n"
  ],
  "times": [0.5, 0.75],
  "ended": "complete"
 },
 "generations": [],
 "at": "2026-11-22T10:00:00+00:00"
}
]
"""
    )
    head, exchange = json.loads(file.read_text(encoding="utf-8"))
    assert violations(head, "RecordingHeader") == []
    assert violations(exchange, "Exchange") == []


def test_a_name_tells_route_and_words_and_depends_on_nothing_but_the_request() -> None:
    body = b'{"inputs":"What is Deep Learning?"}'
    assert content_name("POST", "/generate", body, b"x") == "generate/what-is-deep-learning-2d711642"
    assert content_name("POST", "/generate", body, b"y") == "generate/what-is-deep-learning-a1fce436"
    chat = b'{"messages":[{"role":"user","content":[{"type":"text","text":"B!"}]}]}'
    assert content_name("POST", "/v1/chat/completions", chat, b"x") == "v1.chat.completions/b-2d711642"
    assert content_name("GET", "/", None, b"x") == "root/get-2d711642"
    assert content_name("POST", "/../../etc/passwd", b"\xff", b"x").startswith("etc.passwd/post-")


def damaged(**changes: Any) -> str:
    value = recording_json(recording())
    for path, change in changes.items():
        inner = value
        *parents, last = path.split("__")
        for parent in parents:
            inner = inner[parent]
        if change is ...:
            del inner[last]
        else:
            inner[last] = change
    return json.dumps(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"format": "tgi-recording", "version": 2}', "version: 2 is newer than 1"),
        ('{"format": "har", "version": 1}', "format: expected 'tgi-recording', got 'har'"),
        ('{"format": "tgi-recording", "version": 1, "x": 1}', "line 1.x: expected one of"),
        ("", "found an empty file"),
        ('{"name": "a"', "line 1: expected one JSON value"),
        ("\xff", "expected UTF-8"),
        ("[1]", "item 1: expected an object, got 1"),
        ("[", "expected JSON"),
        (damaged(request=...), "line 1: expected the key 'request'"),
        (damaged(response__status=99), "response.status: expected a status from 100 to 599, got 99"),
        (damaged(response__chunks=...), "either chunks or chunks_b64"),
        (damaged(response__chunks=[1]), "chunks[0]: expected a string, got 1"),
        (damaged(response__times=[1]), "times: expected one for each of 2 chunks, got 1"),
        (damaged(response__times=[1, -1]), "times[1]: expected seconds from 0, got -1"),
        (damaged(response__ended="x"), "ended: expected one of complete, client_left, upstream_died"),
        (damaged(response__headers=[["A", "b"]]), "headers[0]: expected a name in lower case"),
        (damaged(response__headers=[["a", "b\r\nc: d"]]), "expected a value that a header can have"),
        (damaged(response__extra=1), "response.extra: expected one of"),
        (damaged(request__method="get"), "method: expected a method in capitals"),
        (damaged(request__path="x"), "path: expected a path that starts with /"),
        (damaged(request__raw="x"), "got json and raw"),
        (damaged(generations=[{"inputs": "a"}]), "generations[0]: expected the key 'tokens'"),
        (damaged(at="yesterday"), "at: expected an ISO 8601 time"),
        (damaged() + "\n" + damaged(), "line 2.name: 'generate/why-0' is the name of another one as well"),
    ],
)  # fmt: skip
def test_a_newer_or_damaged_file_is_refused_with_its_reason_and_the_others_stay(
    tmp_path: Path, text: str, reason: str
) -> None:
    write(tmp_path, recording(), {}, name="a/fine")
    (tmp_path / "b.jsonl").write_bytes(text.encode("latin-1"))
    write(tmp_path, recording(), {}, name="c/fine")
    found = read_recordings(tmp_path)
    assert len(found.exchanges) == 2
    [refused] = found.refused
    assert refused.file == tmp_path / "b.jsonl"
    assert reason in refused.reason


@pytest.mark.sweep
def test_a_file_that_was_cut_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write(tmp_path, recording(), {}, name="a").read_bytes()
    for length in range(len(whole) - 3):
        (tmp_path / "a.recording.json").write_bytes(whole[:length])
        assert len(read_recordings(tmp_path).refused) == 1, length


def test_the_recordings_of_the_router_and_of_the_models_side_alone_can_be_read(tmp_path: Path) -> None:
    with as_file(files("tgi_contracts") / "recordings") as folder:
        found = read_recordings(Path(folder))
    assert found.refused == []
    assert len(found.exchanges) == len(ALL)
    generations = [g for exchange in ALL for g in exchange["generations"]]
    (tmp_path / "model.jsonl").write_text("\n".join(map(json.dumps, generations)), encoding="utf-8")
    found = read_recordings(tmp_path)
    assert found.refused == []
    assert found.generations == generations


def test_answers_to_one_request_are_read_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        name = "a/why-0" if number == 1 else f"a/why-0.{number}"
        write(tmp_path, recording(name=name), {}, name=name)
    assert [each.name for each in read_recordings(tmp_path).exchanges] == [
        "a/why-0",
        "a/why-0.2",
        "a/why-0.10",
    ]


def test_a_place_that_is_not_there_is_an_error_and_what_is_no_recording_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="expected a folder of recordings"):
        read_recordings(tmp_path / "nowhere")
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    assert read_recordings(tmp_path).refused == []


def test_an_exchange_must_be_an_object() -> None:
    with pytest.raises(FormatError, match="exchange: expected an object, got None"):
        parse_recording(None)
