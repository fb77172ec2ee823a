"""A model that stops answering, and one that ends before it was asked to: what the router makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.generation import FinishReason, Generation, Token
from fake_tgi.settings import Settings
from fake_tgi.shard import ShardRequest
from tests.fake.asking import ask
from tgi_contracts import ErrorRow, check_error, error_rows

ROWS = [row for row in error_rows() if row.cause == "incomplete"]


class Says:
    """A shard that says two tokens, whatever it is asked, and counts how often it is."""

    def __init__(self, reason: FinishReason | None, *, final: bool = False) -> None:
        self.reason = reason
        self.final = final
        self.asked = 0

    def generate(self, request: ShardRequest) -> Generation:
        self.asked += 1
        tokens = (Token(5, "a", -0.5), Token(6, "b", -0.5))
        return Generation(tokens, "ab", self.reason, request.input_length, final=self.final)

    def slow(self, request: ShardRequest) -> bool:
        return False


def app_of(shard: Says) -> Application:
    return create_app(Settings(), shard=shard)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_model_that_falls_silent_is_told_as_the_table_of_errors_says(row: ErrorRow) -> None:
    app = app_of(Says(None))
    reply = ask(app, row.method, row.path, row.request["json"])
    headers = [[name, value] for name, value in reply.headers.items()]
    response: dict[str, Any] = {"status": reply.status, "headers": headers, "chunked": row.stream}
    assert check_error(row, {**response, "chunks": [chunk.decode() for chunk in reply.chunks]}) == []
    assert app.state.metrics.failures == {"incomplete": 1}
    assert app.state.permits.free == app.state.settings.max_concurrent_requests


@pytest.mark.damages_answers  # a length that is none breaks the contract, and must not be mended
def test_a_model_is_asked_for_more_after_a_length_unless_nothing_may_follow() -> None:
    body = {"inputs": "x", "parameters": {"max_new_tokens": 6, "details": True}}
    for final, asked in ((False, 3), (True, 1)):
        shard = Says("length", final=final)
        reply = ask(app_of(shard), "POST", "/generate", body)
        assert shard.asked == asked
        assert json.loads(reply.body)["details"]["generated_tokens"] == 2 * asked
