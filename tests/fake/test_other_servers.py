"""The fake is an ASGI application: other servers than ours can serve it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from fake_tgi.app import create_app
from fake_tgi.listening import listen
from fake_tgi.settings import Settings


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listen("127.0.0.1", 0) as sock:
        config = uvicorn.Config(
            create_app(Settings(inter_token_latency="1ms")), log_config=None, access_log=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([sock],))
        thread.start()
        yield sock.getsockname()[1]
        server.should_exit = True
        thread.join()


def ask(port: int, path: str) -> tuple[int, list[bytes], bytes]:
    """Status, pieces as they were read, and the whole body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    body = json.dumps({"inputs": "Hello", "parameters": {"max_new_tokens": 8, "details": True}})
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    pieces = []
    while piece := response.read1(65536):
        pieces.append(piece)
    connection.close()
    return response.status, pieces, b"".join(pieces)


def test_uvicorn_serves_whole_answers_and_streams(port: int) -> None:
    began = time.monotonic()
    status, _, whole = ask(port, "/generate")
    assert (status, json.loads(whole)["details"]["generated_tokens"]) == (200, 8)
    status, pieces, stream = ask(port, "/generate_stream")
    events = [json.loads(line[6:]) for line in stream.decode().split("\n\n") if line]
    assert (status, len(events), len(pieces) > 1) == (200, 8, True)
    assert events[-1]["generated_text"] == json.loads(whole)["generated_text"]
    assert time.monotonic() - began > 0.014
