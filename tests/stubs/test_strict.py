"""A strict server answers 501 to what nobody scripted, and tells how it differs from the nearest stubs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.stubs import Stub
from tests.fake.asking import ask, make
from tests.stubs.serving import ROUTES, post, said, stubbed

pytestmark = pytest.mark.damages_answers  # TGI never sends 501


@pytest.mark.parametrize(("path", "stream"), ROUTES)
def test_an_unmatched_call_gets_501_on_every_route_streamed_or_not(path: str, stream: bool) -> None:
    reply = post(stubbed(Stub({"inputs": "Hello!"}, "a", name="greeting"), strict=True), path, stream)
    assert reply.status == 501
    assert reply.headers["content-type"] == "application/json"
    value = reply.json()
    assert value["error"] == (
        f'no stub answers POST {path}\ngreeting: inputs: expected "Hello!", got "Hello"'
    )
    assert value["error_type"] == "unmatched"
    (miss,) = value["near_misses"]
    assert miss == {
        "stub": "greeting",
        "id": 1,
        "differences": [{"where": "inputs", "expected": '"Hello!"', "got": '"Hello"'}],
    }


@pytest.mark.parametrize(("path", "stream"), ROUTES)
def test_without_strict_an_unmatched_call_gets_the_seeded_answer(path: str, stream: bool) -> None:
    app = stubbed(Stub({"inputs": "Hello!"}, "a"))
    assert said(post(app, path, stream)) == said(post(make(), path, stream))


def test_a_matched_call_is_answered() -> None:
    assert said(post(stubbed(Stub(answer=" fine"), strict=True))) == " fine"


def test_without_any_stub_that_is_what_is_told() -> None:
    assert post(make(strict=True)).json()["error"] == "no stub answers POST /generate\nthere are no stubs"


def test_a_queued_generation_is_a_script_too() -> None:
    app = make(strict=True)
    queued = {"tokens": [{"id": 5, "text": "x", "logprob": -0.5}], "finish_reason": "eos_token"}
    assert ask(app, "POST", "/__admin/generations", {"generations": [queued]}).status == 200
    assert post(app).status == 200
    assert post(app).status == 501


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/health", 200), ("GET", "/info", 200), ("GET", "/", 200), ("GET", "/nowhere", 404),
     ("GET", "/generate", 405), ("OPTIONS", "/generate", 200)],
)  # fmt: skip
def test_what_asks_no_model_is_answered_as_ever(method: str, path: str, status: int) -> None:
    assert ask(make(strict=True), method, path).status == status


def test_tokens_are_counted_as_ever() -> None:
    assert ask(make(strict=True), "POST", "/tokenize", {"inputs": "a"}).status == 200


def test_a_call_without_the_key_is_not_let_in_to_see_the_stubs() -> None:
    app = stubbed(Stub({"inputs": "secret"}, "a"), strict=True, api_key="sesame")
    assert post(app).status == 401


def test_what_a_client_sends_cannot_break_the_refusal() -> None:
    app = stubbed(Stub({"inputs": "a"}, "b"), strict=True)
    for raw in (b'{"inputs": "\\ud800"}', b"\xff", b"", b"[" * 5000, b'{"inputs": ' + b"9" * 5000 + b"}"):
        reply = ask(app, "POST", "/generate", raw=raw)
        assert reply.status == 501
        assert "inputs: expected" in reply.json()["error"]


def test_a_stub_file_that_cannot_be_read_any_more_is_told_as_well(tmp_path: Path) -> None:
    path = tmp_path / "stubs.json"
    path.write_text('{"version": 1, "stubs": []}')
    app = make(stubs=str(path), strict=True)
    path.write_text('{"version": 1, "stubs": [{}]}')
    file = app.state.stubs.file
    assert file is not None
    file._next = 0.0
    assert f"the stub file has changed, but {path}, line 1: stubs[0]: expected" in post(app).json()["error"]


def test_the_journal_knows_which_stub_answered() -> None:
    app = stubbed(Stub(answer="a", name="mine", times=2))
    post(app)
    (event,) = app.state.journal
    assert (event.stub, event.why) == ("mine", "call 1 of 2")


def _asking(token: str) -> dict[str, Any]:
    """Words long enough to be cut in many places, with secrets by name and by form."""
    key = f"sk-{token * 4}"
    arguments = json.dumps({"a": "b" * 40, "password": "alike" * 9 + token, "z": 1})
    return {
        "inputs": f"Run {arguments} and then {'on ' * 40}",
        "all": [{"jwt": token}, key],
        "more": {"why": {"api_key": token}, "who": [key, "you"]},
    }


def test_a_refusal_and_its_record_hold_no_secret_wherever_it_stands() -> None:
    expected, sent = _asking("EXPECTED1same"), _asking("SENT2same")
    sent["all"].append(3)
    sent["more"]["why"] = None
    application = stubbed(
        Stub({"inputs": expected["inputs"], "body": {"equals": expected}}, name="mine"), strict=True
    )
    reply = ask(application, "POST", "/generate?token=SENT2", sent)
    assert reply.status == 501
    told = [reply.text, *(str(miss) for miss in reply.json()["near_misses"])]
    (event,) = application.state.journal
    for text in (*told, event.body.decode(), event.call.body.decode(), event.call.query):
        assert "EXPECTED1" not in text
        assert "SENT2" not in text
    places = [each["where"] for each in reply.json()["near_misses"][0]["differences"]]
    assert places == ["inputs", "body.inputs", "body.all", "body.more.why", "body.more.who[0]"]
    assert all(each["expected"] != each["got"] for each in reply.json()["near_misses"][0]["differences"])
