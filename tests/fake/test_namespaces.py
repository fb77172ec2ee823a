"""Namespaces keep tests on one server apart; the controls are for this machine, or for who has the token."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.access import may_administer
from fake_tgi.namespaces import Namespaces, split

from .asking import ask, ask_async, make

GENERATION = {"tokens": [{"id": 5, "text": " mine", "logprob": -0.5}], "finish_reason": "eos_token"}


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/ns/a/generate", ("a", "/generate")),
        ("/ns/a", ("a", "/")),
        ("/ns/a/", ("a", "/")),
        ("/ns/a//generate", ("a", "//generate")),
        ("/ns/", None),
        ("/ns//x", None),
        ("/nsx/a", None),
        ("/generate", None),
    ],
)
def test_a_path_is_split_after_the_name(path: str, parts: Any) -> None:
    assert split(path) == parts


def test_what_one_namespace_is_told_no_other_hears() -> None:
    app = make()
    queued = ask(app, "POST", "/ns/a/__admin/generations", {"generations": [GENERATION]})
    assert (queued.status, queued.json()) == (200, {"queued": 1})
    ask(app, "POST", "/ns/b/__admin/health", {"gone": True})
    body = {"inputs": "Go on."}
    assert ask(app, "POST", "/ns/b/generate", body).status == 424
    assert ask(app, "POST", "/generate", body).json() != {"generated_text": " mine"}
    assert ask(app, "POST", "/ns/a/generate", body).json() == {"generated_text": " mine"}


def test_a_namespace_answers_as_the_server_does() -> None:
    app = make(model_id="a/b")
    body = {"inputs": "Go on.", "parameters": {"seed": 3, "do_sample": True}}
    assert ask(app, "POST", "/ns/x/generate", body).json() == ask(app, "POST", "/generate", body).json()
    assert ask(app, "GET", "/ns/x/info").json() == ask(app, "GET", "/info").json()
    assert ask(app, "GET", "/ns/x").status == 200
    assert ask(app, "GET", "/ns/x/nope").status == 404


def test_the_least_lately_used_namespace_ends_when_there_are_too_many() -> None:
    made: list[int] = []

    def make_next() -> int:
        made.append(len(made))
        return made[-1]

    spaces = Namespaces(make_next, most=2)
    assert [spaces.get(name) for name in ("a", "b", "a", "c", "a", "b")] == [0, 1, 0, 2, 0, 3]
    assert len(spaces) == 2


@pytest.mark.parametrize(
    ("server", "token", "sent", "allowed"),
    [
        (("127.0.0.1", 80), None, None, True),
        (("::1", 80), None, None, True),
        (None, None, None, True),
        (("172.17.0.2", 80), None, None, False),
        (("0.0.0.0", 80), None, None, False),
        (("172.17.0.2", 80), "secret", b"secret", True),
        (("172.17.0.2", 80), "secret", b"other", False),
        (("127.0.0.1", 80), "secret", None, False),
    ],
)
def test_who_may_use_the_controls(server: Any, token: str | None, sent: bytes | None, allowed: bool) -> None:
    headers = [] if sent is None else [(b"x-fake-tgi-admin-token", sent)]
    assert may_administer({"server": server, "headers": headers}, token) is allowed


def test_without_the_token_the_controls_say_what_they_expect() -> None:
    app = make(admin_token="secret")
    refused = ask(app, "POST", "/__admin/reset")
    assert refused.status == 403
    assert "x-fake-tgi-admin-token" in refused.json()["error"]
    assert ask(app, "POST", "/__admin/reset", headers={"x-fake-tgi-admin-token": "secret"}).status == 200


def test_calls_in_many_namespaces_at_once_do_not_meet() -> None:

    async def run() -> list[Any]:
        app = make()
        for name in "abcde":
            generation = {**GENERATION, "tokens": [{"id": 1, "text": name, "logprob": 0.0}]}
            await ask_async(app, "POST", f"/ns/{name}/__admin/generations", {"generations": [generation]})
        calls = (ask_async(app, "POST", f"/ns/{name}/generate", {"inputs": "x"}) for name in "abcde")
        return [reply.json()["generated_text"] for reply in await asyncio.gather(*calls)]

    assert asyncio.run(run()) == list("abcde")


@pytest.mark.damages_answers(reason="a stub answers with an error of its own making")
def test_a_namespace_begins_with_the_stubs_of_before_while_their_file_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text("version: 1\nscenarios: {a: b}\nstubs: [{answer: {text: ' one'}}]\n", encoding="utf-8")
    app = make(stubs=str(path))
    path.write_text("version: 1\nstubs: [{answer: {txt: ' two'}}]\n", encoding="utf-8")
    assert app.state.stubs.file is not None
    for name in "ab":
        app.state.stubs.file._next = 0.0  # look again
        said = ask(app, "POST", f"/ns/{name}/generate", {"inputs": "x"})
        assert (said.status, said.json()) == (200, {"generated_text": " one"})
        shown = ask(app, "GET", f"/ns/{name}/__admin/stubs").json()
        assert "line 2: stubs[0].answer.txt" in shown["problem"]
        scenarios = ask(app, "GET", f"/ns/{name}/__admin/scenarios").json()["scenarios"]
        assert scenarios == [{"name": "a", "state": "b", "states": ["b", "start"]}]
    path.write_text("version: 1\nstubs: [{answer: {text: ' three'}}]\n", encoding="utf-8")
    app.state.stubs.file._next = 0.0
    for space in ("/ns/a", "", "/ns/c"):
        assert ask(app, "POST", f"{space}/generate", {"inputs": "x"}).json()["generated_text"] == " three"
