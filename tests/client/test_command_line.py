"""`python -m text_generation`: streams to the terminal, exits with codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import Any

import pytest

from text_generation.__main__ import main

from .raw_server import CLOSE, RawServer, chunk, response, stream_head
from .wire import chat_event, dumps, event, events, sse, stream


def test_generate_streams_to_standard_output(server: RawServer) -> None:
    """As a process of its own; parameters are sent, statistics go to standard error."""
    server.scripts += [[stream(*events([" Ray", "leigh"]))]]
    command = ["generate", "Why?", "--url", server.url, "--max-new-tokens", "7", "--stop", "x", "--stats"]
    done = subprocess.run(
        [sys.executable, "-m", "text_generation", *command], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, " Rayleigh\n")
    assert "time_to_first_token" in done.stderr
    sent = json.loads(server.seen[0].body)
    assert (sent["inputs"], sent["parameters"]["max_new_tokens"], sent["parameters"]["stop"]) == (
        "Why?",
        7,
        ["x"],
    )


def test_chat_answers_a_message(server: RawServer, capsys: pytest.CaptureFixture[str]) -> None:
    """With a system message before it."""
    server.scripts += [[stream(chat_event("He"), chat_event("llo", "stop"), b"[DONE]")]]
    assert main(["chat", "hi", "--system", "be brief", "--url", server.url, "--token", "t"]) == 0
    assert capsys.readouterr().out == "Hello\n"
    assert [m["role"] for m in json.loads(server.seen[0].body)["messages"]] == ["system", "user"]
    assert server.seen[0].headers["authorization"] == "Bearer t"


def test_chat_goes_on_line_by_line(
    server: RawServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And remembers what was said."""
    server.scripts += [[stream(chat_event(word, "stop"), b"[DONE]")] for word in ("one", "two")]
    monkeypatch.setattr("sys.stdin", io.StringIO("first\n\nsecond\n"))
    assert main(["chat", "--url", server.url]) == 0
    assert capsys.readouterr().out == "one\ntwo\n"
    said = [(m["role"], m["content"]) for m in json.loads(server.seen[1].body)["messages"]]
    assert said == [("user", "first"), ("assistant", "one"), ("user", "second")]


def test_info_health_and_tokenize(server: RawServer, capsys: pytest.CaptureFixture[str]) -> None:
    """Each in a form that other programs can read."""
    server.scripts += [
        [response(200, b'{"model_id":"m"}')],
        [response(200, b"")],
        [response(503, b"")],
        [response(200, dumps([{"id": 7, "text": "é", "start": 0, "stop": 2}]))],
    ]
    address = ["--url", server.url]
    assert main(["info", *address]) == 0
    assert json.loads(capsys.readouterr().out)["model_id"] == "m"
    assert main(["health", *address]) == 0
    assert main(["health", *address]) == 1
    assert capsys.readouterr().out == "healthy\nunhealthy\n"
    assert main(["tokenize", "é", *address]) == 0
    assert capsys.readouterr().out == "7\t0\t2\t'é'\n"


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        (
            [response(422, b'{"error":"Input validation error: x","error_type":"validation"}')],
            1,
            "ValidationError",
        ),
        ([response(404, b"")], 1, "Hint: Check the base URL"),
        ([stream_head() + chunk(sse(event("a"))), CLOSE], 3, "InterruptedGenerationError"),
    ],
)
def test_what_fails_has_an_exit_code(
    server: RawServer, capsys: pytest.CaptureFixture[str], script: Any, code: int, said: str
) -> None:
    """And one clear message on standard error; what had arrived stands on standard output."""
    server.scripts += [script]
    assert main(["generate", "hi", "--url", server.url]) == code
    assert said in capsys.readouterr().err


def test_wrong_usage_and_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    """2 for the one, 3 for the other."""
    assert main(["generate", "", "--url", "http://127.0.0.1:9"]) == 2
    assert main(["generate", "hi", "--url", "http://127.0.0.1:9"]) == 3
    assert main(["generate", "hi", "--url", "nonsense"]) == 2
    with pytest.raises(SystemExit) as caught:
        main(["generate"])
    assert caught.value.code == 2
    assert "Could not reach" in capsys.readouterr().err
