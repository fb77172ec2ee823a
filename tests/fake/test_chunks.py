"""How a stream is cut into HTTP chunks: one for each event, as the router does, unless one asks for less."""

from __future__ import annotations

import json
import socket

import pytest

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings

from .asking import ask, make

BODY = {"inputs": "Hello", "parameters": {"max_new_tokens": 7}}


def chunks(settings: Settings) -> list[bytes]:
    """The chunks of a stream of seven tokens, off the wire."""
    data = json.dumps(BODY).encode()
    head = "POST /generate_stream HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    with (
        Server(create_app(settings)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=5) as sock,
    ):
        sock.sendall((head % len(data)).encode() + data)
        answer = b""
        while not answer.endswith(b"\r\n0\r\n\r\n"):
            answer += sock.recv(65536)
    rest = answer.partition(b"\r\n\r\n")[2]
    found = []
    while not rest.startswith(b"0\r\n"):
        size, _, rest = rest.partition(b"\r\n")
        found.append(rest[: int(size, 16)])
        rest = rest[int(size, 16) + 2 :]
    return found


@pytest.mark.parametrize("latency", [None, "1ms"])
def test_each_event_is_a_chunk_of_its_own(latency: str | None) -> None:
    found = chunks(Settings(inter_token_latency=latency, ignore_eos=True))
    assert len(found) == 7
    assert all(chunk.startswith(b"data: ") and chunk.endswith(b"\n\n") for chunk in found)


def test_events_that_are_due_at_once_may_share_a_chunk() -> None:
    plain, shared = chunks(Settings(ignore_eos=True)), chunks(Settings(ignore_eos=True, coalesce=True))
    assert shared == [b"".join(plain)]


def test_events_that_are_due_one_after_the_other_share_none() -> None:
    assert len(chunks(Settings(ignore_eos=True, coalesce=True, inter_token_latency="1ms"))) == 7


def test_other_servers_get_them_together_too() -> None:
    settings = {"ignore_eos": True}
    together = ask(make(coalesce=True, **settings), "POST", "/generate_stream", BODY)
    apart = ask(make(**settings), "POST", "/generate_stream", BODY)
    assert [chunk for chunk in together.chunks if chunk] == [apart.body]
