"""Other tools' files become recordings that can be played, without their secrets."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.cli import main
from fake_tgi.recordings.files import read_recordings
from fake_tgi.recordings.importing import ImportFailure, import_file

HAR: dict[str, Any] = {
    "log": {
        "version": "1.2",
        "entries": [
            {
                "startedDateTime": "2026-11-22T10:00:00.000Z",
                "time": 250,
                "request": {
                    "method": "POST",
                    "url": "https://tgi.example/generate?token=abc",
                    "headers": [
                        {"name": ":authority", "value": "tgi.example"},
                        {"name": "Authorization", "value": "Bearer hf_abcdef123456"},
                        {"name": "Content-Type", "value": "application/json"},
                    ],
                    "postData": {"mimeType": "application/json", "text": '{"inputs":"a"}'},
                },
                "response": {
                    "status": 200,
                    "headers": [
                        {"name": "Content-Type", "value": "application/json"},
                        {"name": "Content-Encoding", "value": "br"},
                        {"name": "Content-Length", "value": "7"},
                    ],
                    "content": {
                        "text": "eyJnZW5lcmF0ZWRfdGV4dCI6IiBiIn0=",
                        "encoding": "base64",
                    },
                },
            },
            {
                "request": {"method": "GET", "url": "https://tgi.example", "headers": []},
                "response": {
                    "status": 200,
                    "headers": [{"name": "content-type", "value": "text/event-stream"}],
                    "content": {"text": "data: 1\n\ndata: 2\n\ndata"},
                },
            },
            {
                "request": {"method": "GET", "url": "https://tgi.example/x", "headers": []},
                "response": {"status": 0, "headers": [], "content": {}},
            },
        ],
    }
}

CASSETTE = """\
interactions:
- request:
    body: '{"inputs": "a"}'
    headers:
      Authorization: [Bearer hf_abcdef123456]
      Content-Type:
      - application/json
    method: POST
    uri: http://localhost:8080/generate
  response:
    body:
      string: !!binary |
        GZIPPED
    headers:
      Content-Encoding: [gzip]
      Content-Type: [application/json]
    status: {code: 200, message: OK}
- request: {body: null, headers: {}, method: GET, uri: 'ftp://x/'}
  response: {body: {string: ''}, headers: {}, status: {code: 200, message: OK}}
version: 1
""".replace("GZIPPED", base64.b64encode(gzip.compress(b'{"generated_text":" hf_abcdef123456"}')).decode())


def test_a_har_file_becomes_recordings(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_text(json.dumps(HAR), encoding="utf-8")
    done = import_file(tmp_path / "a.har", tmp_path / "out")
    assert done.skipped == (
        "log.entries[2] is left out: https://tgi.example/x: there was no answer (status 0)",
    )  # fmt: skip
    plain, stream = done.written
    assert {each.name for each in read_recordings(tmp_path / "out").exchanges} == {plain.name, stream.name}
    assert plain.target == "/generate?token=REDACTED"
    assert plain.request_headers == (
        ("authorization", "Bearer REDACTED"),
        ("content-type", "application/json"),
    )
    assert plain.chunks == (b'{"generated_text":" b"}',)
    assert plain.headers == (("content-type", "application/json"), ("content-length", "23"))
    assert plain.times == (0.25,)
    assert plain.at == "2026-11-22T10:00:00.000+00:00"
    assert stream.target == "/"
    assert stream.chunks == (b"data: 1\n\n", b"data: 2\n\n", b"data")
    assert stream.chunked


def _posting(**posted: Any) -> dict[str, Any]:
    url = "http://tgi.example/generate"
    request = {"method": "POST", "url": url, "headers": [], "postData": posted}
    return {"request": request, "response": {"status": 200, "headers": [], "content": {"text": "ok"}}}


def test_a_form_in_a_har_file_may_be_told_by_its_fields(tmp_path: Path) -> None:
    fields = [{"name": "inputs", "value": "two words & more"}, {"name": "empty"}]
    urlencoded, multipart = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
    entries = [
        _posting(mimeType=urlencoded, params=fields),
        _posting(mimeType=urlencoded, params=fields, text="inputs=as+sent"),
        _posting(mimeType=multipart, params=fields),
    ]
    (tmp_path / "a.har").write_text(json.dumps({"log": {"entries": entries}}), encoding="utf-8")
    done = import_file(tmp_path / "a.har", tmp_path / "out")
    assert [each.body for each in done.written] == [b"inputs=two+words+%26+more&empty=", b"inputs=as+sent"]
    [left_out] = done.skipped
    assert "expected the text of a multipart form, got its fields alone" in left_out


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_cassette_of_vcrpy_becomes_recordings(tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"a.{kind}"
    if kind == "yaml":
        file.write_text(CASSETTE, encoding="utf-8")
    else:
        import yaml

        value = yaml.safe_load(CASSETTE)
        first = value["interactions"][0]["response"]
        first["body"] = {"string": gzip.decompress(first["body"]["string"]).decode()}
        del first["headers"]["Content-Encoding"]
        file.write_text(json.dumps(value), encoding="utf-8")
    done = import_file(file, tmp_path / "out")
    assert done.skipped == ("interactions[1] is left out: expected an http or https URL, got 'ftp://x/'",)
    [kept] = done.written
    assert kept.chunks == (b'{"generated_text":" hf_REDACTED"}',)
    assert kept.headers == (("content-type", "application/json"),)
    assert kept.body == b'{"inputs": "a"}'
    for path in (tmp_path / "out").rglob("*.json"):
        assert "hf_abcdef" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("a.har", "{", "expected JSON"),
        ("a.har", "{}", "log: expected an object, got None"),
        ("a.har", '{"log": {}}', "log.entries: expected a list, got None"),
        ("a.yaml", "a: [", "expected YAML"),
        ("a.yaml", "a: !!python/object/apply:os.system [ls]", "expected YAML"),
        ("a.yaml", "a: 1", "expected a HAR file"),
        ("a.yaml", "interactions: []\nversion: 2", "version: expected 1, got 2"),
        ("a.json", "[", "expected JSON"),
    ],
)
def test_what_is_neither_is_refused_with_a_reason(tmp_path: Path, name: str, text: str, reason: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ImportFailure, match=reason):
        import_file(tmp_path / name, tmp_path / "out")


def test_the_command_tells_what_it_made_and_fails_for_what_it_could_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.har").write_text(json.dumps(HAR), encoding="utf-8")
    out = str(tmp_path / "out")
    assert main(["import", str(tmp_path / "a.har"), "--out", out]) == 0
    assert f"2 recordings in {out}" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "b.har"), "--out", out]) == 1
    assert "b.har" in capsys.readouterr().err
    assert main(["import", "--out", out]) == 2
    assert main(["import", str(tmp_path / "a.har"), "--out", out, "--redact", "("]) == 2
