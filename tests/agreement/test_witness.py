"""The witness sees every answer of every fake in this process, and every damage to one."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.server import Server
from tests.fake.asking import ask, make

from .witness import Receive, Send, Witness

ASKED = {"inputs": "Why is the sky blue?", "parameters": {"max_new_tokens": 3}}


def test_an_answer_asked_for_in_the_process_is_judged_and_so_is_that_of_a_control(witness: Witness) -> None:
    app = make()
    ask(app, "POST", "/generate", ASKED)
    ask(app, "POST", "/generate_stream", ASKED)
    ask(app, "POST", "/__admin/reset")
    assert (witness.judged, witness.broken) == (3, [])


def test_an_answer_asked_for_over_a_socket_is_judged(witness: Witness) -> None:
    with Server(create_app()) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
        connection.request("GET", "/info")
        assert connection.getresponse().read()
        connection.close()
    assert witness.judged == 1


@pytest.mark.damages_answers(reason="this test")
@pytest.mark.parametrize(
    ("path", "whole", "damaged", "where"),
    [
        ("/generate", b'{"generated_text"', b'{"generated-text"', "body.generated-text"),
        ("/generate_stream", b'"index":2', b'"index":3', "events[1].index"),
        ("/generate_stream", b"\n\n", b"\n", "events"),
        ("/generate_stream", b'"special":false', b'"special":0', "events[0].token.special"),
    ],
)
def test_a_damage_is_seen_and_told_with_its_request(
    path: str, whole: bytes, damaged: bytes, where: str
) -> None:
    async def call(app: Any, scope: Any, receive: Receive, send: Send) -> None:
        async def damaging(message: Any) -> None:
            await send({**message, "body": message.get("body", b"").replace(whole, damaged)})

        await Application.__call__(app, scope, receive, damaging)

    witness = Witness()
    app = make()
    app_call = witness.beside(call)

    class Damaged(Application):
        __call__ = app_call  # type: ignore[assignment]

    ask(Damaged(app.state), "POST", path, ASKED)
    [(_, found)] = witness.broken
    assert any(violation.where.startswith(where) for violation in found), str(witness)
    assert f"POST {path}" in str(witness)


def test_a_test_that_says_nothing_of_damages_fails_for_one(witness: Witness) -> None:
    """What `witness.broken` holds when a test ends fails it: see tests/conftest.py."""

    class Mute(Application):
        async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})

    unseen = Mute(make().state)
    watched = witness.beside(Mute.__call__)

    class Watched(Mute):
        __call__ = watched  # type: ignore[assignment]

    ask(Watched(unseen.state), "GET", "/info")
    assert witness.broken
    witness.broken.clear()
