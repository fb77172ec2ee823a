"""What TGI itself breaks down over ends the connection, as there; and then the fake goes on."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.app import create_app
from fake_tgi.frames import Chunks, Frame, Hangup, Head
from fake_tgi.player import Player
from fake_tgi.server import Server
from fake_tgi.settings import Settings

LIST = {"type": "object", "properties": {"next": {"$ref": "#"}}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": LIST}}
USER = [{"role": "user", "content": "x"}]


def sent(port: int, path: str, body: Any) -> bytes:
    """All bytes that come back until the connection is closed."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(head.encode() + b"\r\n\r\n" + data)
        answer = b""
        while piece := sock.recv(65536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/generate", {"inputs": "x", "parameters": {"grammar": {"type": "json", "value": LIST}}}),
        ("/", {"inputs": "x", "parameters": {"grammar": {"type": "json", "value": json.dumps(LIST)}}}),
        ("/v1/chat/completions", {"messages": USER, "tools": [TOOL], "tool_choice": "required"}),
        (
            "/v1/chat/completions",
            {"messages": USER, "response_format": {"type": "json_schema", "value": {"schema": LIST}}},
        ),
        ("/vertex", {"instances": [{"messages": USER, "tools": [TOOL]}]}),
    ],
)
def test_a_schema_that_refers_to_itself_gets_no_answer(
    path: str, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with Server(create_app(Settings(max_concurrent_requests=1))) as server:
        for _ in range(2):  # the second one shows that the first gave its permit back
            assert sent(server.port, path, body) == b""
    assert caplog.records == []


def test_in_a_stream_the_head_comes_and_no_end() -> None:
    body = {"inputs": "x", "parameters": {"grammar": {"type": "json", "value": LIST}}}
    with Server(create_app(Settings())) as server:
        answer = sent(server.port, "/generate_stream", body)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert rest == b""  # not even the empty chunk that ends a body


def test_a_time_format_that_is_none_gets_no_answer(tmp_path: Path) -> None:
    config = tmp_path / "tokenizer_config.json"
    config.write_text(json.dumps({"chat_template": "{{ strftime_now(messages[0]['content']) }}"}))
    with Server(create_app(Settings(tokenizer_config_path=str(config)))) as server:
        for path in "/chat_tokenize", "/v1/chat/completions":
            assert sent(server.port, path, {"messages": [{"role": "user", "content": "%Q"}]}) == b""


def played(*frames: Frame) -> bytes:
    """What a client gets for these frames, from a real server, before the connection ends."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for _ in range(2):
                await send({"type": f"{(await receive())['type']}.complete"})
            return
        hang_up = scope["extensions"]["fake_tgi.hang_up"]
        assert not await Player(lambda: 0.0).play(iter(frames), receive, send, hang_up)

    with Server(app) as server:
        return sent(server.port, "/", None)


def test_hanging_up_comes_behind_what_was_sent() -> None:
    assert played(Head(200, (), 10), Chunks((b"12345",)), Hangup()).endswith(b"\r\n\r\n12345")


def test_hanging_up_may_be_a_reset() -> None:
    with pytest.raises(ConnectionResetError):
        played(Head(200, (), 10), Chunks((b"12345",)), Hangup("reset"))
