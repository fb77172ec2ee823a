"""How to record a real server once, and to test against the recording ever after."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from text_generation import Client
from text_generation.errors import TextGenerationError

if sys.platform == "win32":
    pytest.skip("sends SIGTERM to a command", allow_module_level=True)


@contextmanager
def command(*words: str) -> Iterator[str]:
    """`fake-tgi WORDS --port 0` in a process of its own; gives its URL, ends it, expects exit status 0."""
    process = subprocess.Popen(
        [sys.executable, "-m", "fake_tgi.cli", *words, "--port", "0", "--hostname", "127.0.0.1"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    with process, process.stderr:
        try:
            line = process.stderr.readline()
            while "http://127.0.0.1:" not in line.partition(" at ")[2]:
                assert line, "it ended before it listened"
                line = process.stderr.readline()
            yield line.partition(" at ")[2].split()[0]
        finally:
            process.send_signal(signal.SIGTERM)
            process.stderr.read()
    assert process.returncode == 0


def test_record_a_server_and_replay_it(tmp_path: Path) -> None:
    """fake-tgi record --upstream URL --out DIR, then fake-tgi serve --replay DIR."""
    folder = tmp_path / "recordings"
    with (
        Server(create_app(Settings(seed=7))) as real,
        command("record", "--upstream", real.base_url, "--out", str(folder)) as url,
        Client(url, headers={"Authorization": "Bearer hf_mysecrettoken1"}) as client,
    ):
        said = client.generate("What is Deep Learning?", max_new_tokens=8).generated_text
        streamed = [each.token.text for each in client.generate_stream("Tell me a tale", max_new_tokens=8)]

    files = sorted(str(file.relative_to(folder)).rpartition("-")[0] for file in folder.rglob("*.json"))
    assert files == ["root/tell-me-a-tale", "root/what-is-deep-learning"]  # a client posts to "/"
    assert not any("hf_mysecret" in file.read_text(encoding="utf-8") for file in folder.rglob("*.json"))

    words = ("serve", "--replay", str(folder), "--replay-speed", "instant", "--on-miss", "fail")
    with command(*words) as url, Client(url) as client:  # another token, or none, is the same request
        assert client.generate("What is Deep Learning?", max_new_tokens=8).generated_text == said
        again = [each.token.text for each in client.generate_stream("Tell me a tale", max_new_tokens=8)]
        assert again == streamed
        with pytest.raises(TextGenerationError, match='recorded "What is Deep Learning\\?", got'):
            client.generate("What is Shallow Learning?", max_new_tokens=8)


def test_record_only_what_is_missing(tmp_path: Path) -> None:
    """fake-tgi serve --replay DIR --on-miss record --upstream URL."""
    folder = tmp_path / "recordings"
    with Server(create_app(Settings(seed=7))) as real:
        words = ("serve", "--replay", str(folder), "--on-miss", "record", "--upstream", real.base_url)
        with command(*words) as url, Client(url) as client:
            said = client.generate("What is new?", max_new_tokens=4).generated_text
    assert len(list(folder.rglob("*.recording.json"))) == 1
    app = create_app(Settings(replay=str(folder), on_miss="fail"))
    with Server(app) as server, Client(server.base_url) as client:
        assert client.generate("What is new?", max_new_tokens=4).generated_text == said


def test_replay_what_a_model_said_behind_any_route(tmp_path: Path) -> None:
    """A file of generations: the model's side alone, one a line."""
    (tmp_path / "model.jsonl").write_text(
        json.dumps(
            {
                "inputs": "Who is there?",
                "tokens": [
                    {"id": 10, "text": " No", "logprob": -0.5, "special": False},
                    {"id": 11, "text": "body", "logprob": -0.25, "special": False},
                    {"id": 0, "text": "</s>", "logprob": -0.125, "special": True},
                ],
                "finish_reason": "eos_token",
                "generated_text": " Nobody",
            }
        ),
        encoding="utf-8",
    )
    with Server(create_app(Settings(replay=str(tmp_path)))) as server, Client(server.base_url) as client:
        assert client.generate("Who is there?").generated_text == " Nobody"
        texts = [each.token.text for each in client.generate_stream("Who is there?")]
        assert texts == [" No", "body", "</s>"]
        assert client.completion("Who is there?").choices[0].text == " Nobody"


@pytest.mark.damages_answers  # a cassette of what was no TGI router
def test_import_what_another_tool_recorded(tmp_path: Path) -> None:
    """fake-tgi import FILE --out DIR, for HAR files and vcrpy's cassettes."""
    (tmp_path / "cassette.yaml").write_text(
        """\
interactions:
- request:
    body: '{"inputs": "Is it?", "parameters": {}}'
    headers: {Content-Type: [application/json]}
    method: POST
    uri: http://tgi.internal:8080/
  response:
    body: {string: '[{"generated_text":" It is."}]'}
    headers: {Content-Type: [application/json]}
    status: {code: 200, message: OK}
version: 1
""",
        encoding="utf-8",
    )
    out = str(tmp_path / "recordings")
    words = ["import", str(tmp_path / "cassette.yaml"), "--out", out]
    assert subprocess.run([sys.executable, "-m", "fake_tgi.cli", *words], check=False).returncode == 0

    import requests

    with Server(create_app(Settings(replay=out, on_miss="fail"))) as server:
        answer = requests.post(server.base_url, json={"inputs": "Is it?", "parameters": {}}, timeout=10)
    assert answer.json() == [{"generated_text": " It is."}]
