"""`errors`: answers that are errors, by cause, each with a request and a server that lead to it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fake_tgi.app import Application, create_app
from fake_tgi.drawing import draw
from fake_tgi.generation import Generation
from fake_tgi.shard import ShardRequest
from fake_tgi.state import State
from fake_tgi.strategies import Failure, errors
from fake_tgi.strategies.causes import CAUSES
from fake_tgi.templates import ChatTemplate
from tgi_contracts import error_causes, error_rows, violations

from ..fake.asking import ask
from .judging import SOME, broken

WHOLE = [(cause, route) for cause, known in CAUSES.items() for route in known.whole]
STREAMED = [(cause, route) for cause, known in CAUSES.items() for route in known.streamed]
KINDS = [
    *((cause, route, False) for cause, route in WHOLE),
    *((cause, route, True) for cause, route in STREAMED),
    ("unknown_path", None, False),
]
EACH = pytest.mark.parametrize(
    ("cause", "route", "stream"), KINDS, ids=[f"{c} {r} {'stream' if s else 'whole'}" for c, r, s in KINDS]
)
FEW = settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


def judged(failure: Failure, *, odd: bool) -> None:
    assert broken(failure.exchange(), odd=odd) == []
    assert violations(failure.exchange("a"), "Exchange") == []
    assert failure.status >= 400 or failure.streamed


@EACH
@FEW
@given(st.data())
def test_each_error_keeps_its_contracts(
    cause: str, route: str | None, stream: bool, data: st.DataObject
) -> None:
    judged(data.draw(errors(route, stream=stream, cause=cause)), odd=False)


@pytest.mark.parametrize("stream", [False, True])
@SOME
@given(st.data())
def test_adversarial_errors_keep_their_contracts_too(stream: bool, data: st.DataObject) -> None:
    judged(data.draw(errors(stream=stream, adversarial=True)), odd=True)


class Said:
    """A Shard that says what was said before."""

    def __init__(self, failure: Failure) -> None:
        self._left = [call.generation for call in failure.calls]

    def generate(self, request: ShardRequest) -> Generation:
        return self._left.pop(0)

    def slow(self, request: ShardRequest) -> bool:
        return False


def running(failure: Failure, monkeypatch: pytest.MonkeyPatch) -> Application:
    """A fake in the situation that leads to the error."""
    app = create_app(failure.settings)
    app.state.model.condition = failure.condition
    app.state.infer.shard = Said(failure)
    if failure.template is not None:
        template = ChatTemplate(failure.template) if failure.template else None
        monkeypatch.setattr(State, "template", template)
    return app


@EACH
@settings(FEW, max_examples=2)
@given(st.data())
def test_a_running_fake_in_that_situation_answers_the_same(
    cause: str, route: str | None, stream: bool, data: st.DataObject
) -> None:
    failure = data.draw(errors(route, stream=stream, cause=cause))
    request = failure.request
    with pytest.MonkeyPatch.context() as patched:
        app = running(failure, patched)
        headers = dict(request.headers)
        reply = ask(app, request.method, request.path, raw=request.body, headers=headers)
    assert reply.status == failure.status
    assert CREATED.sub(b"", reply.body) == CREATED.sub(b"", failure.body)


CREATED = re.compile(rb'"created":[0-9]+')


def test_every_cause_of_the_error_table_is_drawn_where_the_table_has_it() -> None:
    known = {(route.removeprefix("GET "), False, cause) for cause, route in WHOLE}
    known |= {(route, True, cause) for cause, route in STREAMED}
    known.add(("/nope", False, "unknown_path"))
    listed = {(row.path, row.stream, row.cause) for row in error_rows()}
    assert listed - known == set()
    assert set(CAUSES) == set(error_causes())


def one(route: str, cause: str, *, stream: bool = False) -> Failure:
    return draw(errors(route, stream=stream, cause=cause), 1)[0]


def test_what_the_error_says_can_be_read() -> None:
    overloaded = one("/generate", "overload")
    assert (overloaded.status, overloaded.message) == (429, "Model is overloaded")
    streamed = one("/generate_stream", "overload", stream=True)
    assert (streamed.status, streamed.event["error_type"]) == (200, "overloaded")
    chat = one("/v1/chat/completions", "overload", stream=True)
    assert (chat.message, chat.chunks[-1]) == ("Model is overloaded", b"data: [DONE]\n\n")
    unread = one("/generate", "content_type")
    assert unread.message == "Expected request with `Content-Type: application/json`"
    silent = one("/generate", "no_key")
    assert (silent.status, silent.message, silent.event) == (401, "", None)


def test_tokens_come_before_an_error_in_a_stream() -> None:
    drawn = draw(errors("/generate_stream", stream=True, cause="model_failure"), 100)
    late = next(failure for failure in drawn if len(failure.chunks) == 3)
    assert [b'"token"' in chunk for chunk in late.chunks] == [True, True, False]
    assert len(late.calls[0].generation.tokens) == 2


def test_a_stream_that_was_to_be_a_call_may_just_end() -> None:
    drawn = draw(errors("/v1/chat/completions", stream=True, cause="tool"), 100)
    empty = next(failure for failure in drawn if failure.status == 200)
    assert (empty.chunks, empty.event, empty.message) == ((b"data: [DONE]\n\n",), None, "")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"cause": "gremlins"}, "expected one of the causes bad_json"),
        ({"route": "/tokenize", "cause": "overload"}, "/tokenize knows no overload of whole answers"),
        ({"route": "/generate", "stream": True}, "/generate knows no errors of streams"),
    ],
)
def test_an_error_that_there_is_not_is_told(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        errors(**arguments)
