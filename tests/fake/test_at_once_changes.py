"""What the short way has worked out holds no longer than what it was worked out from."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.call import Call
from fake_tgi.frames import Body, Head, Whole
from fake_tgi.journal import Journal
from fake_tgi.settings import Settings

JSON = ((b"content-type", b"application/json"),)


def asked(inputs: str, max_new_tokens: int = 3) -> Call:
    body = {"inputs": inputs, "parameters": {"max_new_tokens": max_new_tokens}}
    return Call("POST", "/generate", JSON, json.dumps(body).encode(), received=time.monotonic())


def warm(app: Application, call: Call) -> None:
    """Asked so often that nothing of it is worked out anew."""
    for _ in range(3):
        assert isinstance(app.frames(call), Whole)


def status(app: Application, call: Call) -> int:
    head = next(iter(app.frames(call)))
    assert isinstance(head, Head)
    return head.status


@pytest.mark.parametrize(
    "change",
    [{"max_input_tokens": 2, "max_total_tokens": 10}, {"strict": True}, {"payload_limit": 10}],
    ids=["limits", "strict", "payload limit"],
)
def test_other_settings_hold_from_the_next_call_on(change: dict[str, int]) -> None:
    app = create_app(Settings())
    call = asked("Why is the sky so blue today?")
    warm(app, call)
    app.state.use(replace(app.state.settings, **change))
    assert status(app, call) >= 400
    app.state.clear()
    warm(app, call)


def test_once_there_may_be_faults_each_call_goes_by_them() -> None:
    app = create_app(Settings())
    call = asked("Why is the sky so blue today?")
    warm(app, call)
    assert app.state.faults is not None
    assert not isinstance(app.frames(call), Whole)


@pytest.mark.parametrize("limits", [(14, 40), (30, 24)], ids=["of the prompt", "of all"])
def test_the_longest_prompt_is_answered_and_a_longer_one_is_not(limits: tuple[int, int]) -> None:
    """With 10 new tokens, 14 of the prompt are the most, by the one limit or by the other."""
    most_input, most = limits
    app = create_app(Settings(max_input_tokens=min(most_input, most - 1), max_total_tokens=most))
    words = ["word"] * 30
    by_length = {app.state.tokenizer.count(text): text for text in (" ".join(words[:n]) for n in range(30))}
    for _ in range(3):
        assert status(app, asked(by_length[14], 10)) == 200
        assert status(app, asked(by_length[15], 10)) == 422


def test_of_an_answer_that_is_too_long_to_keep_the_rest_is_counted() -> None:
    journal = Journal(clock=time.monotonic, size=400)  # a quarter for each
    call = Call("POST", "/generate", JSON, b"x" * 60, received=time.monotonic())
    journal.keep(call, Whole(Head(200, (), 80), Body(b"y" * 80)), 3, time.monotonic())
    (event,) = journal
    assert (event.body, event.unkept, event.size, event.ended) == (b"y" * 40, 40, 100, "complete")
