"""The admin API does what the library does: stubs and scenarios over HTTP, all of a body or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fake_tgi.app import Application
from fake_tgi.stubs import Step, Stub
from tests.fake.asking import Reply, ask, make
from tests.stubs.serving import post, said, stubbed
from tests.stubs.test_stub_file import write

ONE = {"when": {"inputs": {"contains": "Hello"}}, "answer": {"text": " Hi."}}


def admin(app: Application, method: str, path: str, body: Any = None) -> Reply:
    return ask(app, method, f"/__admin/{path}", body)


def test_a_stub_is_added_shown_used_and_taken_away() -> None:
    app = make()
    added = admin(app, "POST", "stubs", ONE)
    assert (added.status, added.json()["stubs"]) == (201, [{"id": 1, "source": "api", "hits": 0, **ONE}])
    assert said(post(app)) == " Hi."
    assert admin(app, "GET", "stubs").json() == {
        "stubs": [{"id": 1, "source": "api", "hits": 1, **ONE}], "file": None, "problem": None
    }  # fmt: skip
    assert admin(app, "GET", "stubs/1").json()["hits"] == 1
    assert admin(app, "DELETE", "stubs/1").status == 200
    assert admin(app, "GET", "stubs/1").status == 404
    assert admin(app, "GET", "stubs").json()["stubs"] == []


def test_several_stubs_are_added_and_replaced_at_once() -> None:
    app = make()
    other = {"answer": {"error": "overload"}, "times": 1}
    assert [each["id"] for each in admin(app, "POST", "stubs", {"stubs": [ONE, other]}).json()["stubs"]] == [
        1,
        2,
    ]
    assert [post(app).status, post(app).status] == [429, 200]
    replaced = admin(app, "PUT", "stubs", {"stubs": [{"answer": {"text": " only"}}]}).json()
    assert [each["id"] for each in replaced["stubs"]] == [3]
    assert said(post(app)) == " only"
    assert admin(app, "DELETE", "stubs").json()["stubs"] == []


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ({"answer": {"text": 5}}, "answer.text", "string"),
        ({"stubs": [ONE, {"answer": {"error": "nope"}}]}, "stubs[1].answer.error", "an error that there is"),
        ({"stubs": [ONE], "more": 1}, "more", "no such member"),
        ({"when": {"inputs": {"matches": "("}}, "answer": {"text": "a"}}, "when.inputs.matches",
         "a regular expression"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_what_is_wrong_is_refused_by_its_place_and_nothing_is_applied(
    method: str, body: dict[str, Any], path: str, expected: str
) -> None:
    app = stubbed(Stub(answer=" before"))
    if method == "PUT" and "stubs" not in body:
        body, path = {"stubs": [body]}, f"stubs[0].{path}"
    reply = admin(app, method, "stubs", body)
    assert reply.status == 422
    value = reply.json()
    assert (value["error_type"], value["path"]) == ("admin", path)
    assert value["expected"].startswith(expected)
    assert value["error"].startswith(f"{path}: expected {expected}")
    assert [placed.id for placed in app.state.stubs] == [1]
    assert said(post(app)) == " before"


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ({"answr": 1}, "answr", "no such member (did you mean `answer`?)"),
        ({"stubs": [{"answr": 1}]}, "stubs[0].answr", "no such member (did you mean `answer`?)"),
        ({"stub": [], "stubs": []}, "stub", "no such member (did you mean `stubs`?)"),
        ({"when": {}}, "", "a member 'answer' or 'answers'"),
    ],
)
def test_a_refusal_tells_the_name_that_the_documentation_writes(
    body: dict[str, Any], path: str, expected: str
) -> None:
    value = admin(make(), "POST", "stubs", body).json()
    assert (value["path"], value["expected"]) == (path, expected)
    assert len(value["violations"]) == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"answer": {"text": "\ud800"}}, "answer.text"),
        ({"name": "\ud800", "answer": {"text": "a"}}, "name"),
        ({"answer": {"raw": {"headers": {"\ud800": "a"}}}}, "answer.raw.headers"),
        ({"when": {"inputs": {"equals": ["\ud800"]}}, "answer": {"text": "a"}}, "when.inputs.equals[0]"),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused(body: dict[str, Any], path: str) -> None:
    app = make()
    reply = admin(app, "POST", "stubs", body)
    assert (reply.status, reply.json()["path"]) == (422, path)
    assert reply.json()["expected"] == "a text that UTF-8 can write"
    assert admin(app, "GET", "stubs").json()["stubs"] == []


@pytest.mark.parametrize(
    "body", [{"\ud800": 1}, {"answer": {"\ud800": 1}}, {"when": {"headers": {"\ud800": {"x": 1}}}}]
)
def test_a_name_that_cannot_be_sent_is_refused_in_words_that_can(body: dict[str, Any]) -> None:
    reply = admin(make(), "POST", "stubs", body)
    assert reply.status == 422
    assert "\\ud800" in reply.json()["error"]
    assert reply.json()["expected"] == "a text that UTF-8 can write"


def test_a_body_that_is_no_object_is_refused() -> None:
    for raw in (b"", b"[]", b"{"):
        assert ask(make(), "POST", "/__admin/stubs", raw=raw).status == 422


def test_what_no_file_can_hold_shows_by_its_name() -> None:
    def greet(asked: Any) -> str:
        return "Hello"

    def polite(inputs: Any) -> bool:
        return True

    app = stubbed(Stub({"inputs": polite}, greet))
    assert admin(app, "GET", "stubs").json()["stubs"][0] == {
        "id": 1, "source": "api", "hits": 0,
        "when": {"inputs": {"satisfies": "polite"}}, "answer": {"function": "greet"},
    }  # fmt: skip


@pytest.mark.damages_answers  # the stub's function fails
def test_what_a_function_raised_can_be_read() -> None:
    def fails(asked: Any) -> str:
        raise KeyError("mine")

    app = stubbed(Stub(answer=fails, name="broken"))
    assert post(app).status == 500
    (error,) = admin(app, "GET", "stubs/errors").json()["errors"]
    assert (error["stub"], error["id"], error["error"]) == ("broken", 1, "KeyError: 'mine'")
    assert error["request"] == {"method": "POST", "path": "/generate"}
    assert "in fails" in error["traceback"]


def test_a_recorded_request_can_be_held_against_the_stubs() -> None:
    app = stubbed(Stub({"inputs": "Hello", "headers": {"x-a": "1"}}, "a", name="greeting"))
    asked = {"method": "POST", "path": "/generate?x=1", "headers": {"X-A": "2"}, "json": {"inputs": "Hello"}}
    (miss,) = admin(app, "POST", "stubs/near-misses", asked).json()["near_misses"]
    assert miss["stub"] == "greeting"
    assert miss["differences"] == [{"where": "headers.x-a", "expected": '"1"', "got": '"2"'}]
    assert next(iter(app.state.stubs)).hits == 0, "asking why uses nothing up"
    assert admin(app, "POST", "stubs/near-misses", {"method": "POST"}).json()["path"] == ""


def test_scenarios_can_be_seen_moved_and_started_again() -> None:
    app = stubbed(
        Stub(answer=" out", step=Step("login", "start", "in")), Stub(answer=" in", step=Step("login", "in"))
    )
    assert admin(app, "GET", "scenarios").json()["scenarios"] == [
        {"name": "login", "state": "start", "states": ["in", "start"]}
    ]
    assert said(post(app)) == " out"
    assert admin(app, "GET", "scenarios").json()["scenarios"][0]["state"] == "in"
    assert said(post(app)) == " in"
    assert admin(app, "PUT", "scenarios/login", {"state": "start"}).json() == {
        "name": "login",
        "state": "start",
    }
    assert said(post(app)) == " out"
    admin(app, "PUT", "scenarios/other one", {"state": "x"})
    assert [each["name"] for each in admin(app, "GET", "scenarios").json()["scenarios"]] == [
        "login",
        "other one",
    ]
    assert [e["state"] for e in admin(app, "DELETE", "scenarios").json()["scenarios"]] == ["start"]


@pytest.mark.parametrize("body", [{}, {"state": 5}, {"state": ""}, {"state": "a", "next": "b"}])
def test_a_scenario_is_moved_to_a_named_state_or_not_at_all(body: dict[str, Any]) -> None:
    app = make()
    reply = admin(app, "PUT", "scenarios/login", body)
    assert reply.status == 422
    assert "expected" in reply.json()["error"]
    assert app.state.scenarios.states() == {}


def test_a_reset_forgets_stubs_and_scenarios() -> None:
    app = stubbed(Stub(answer=" a", step=Step("s", None, "next")))
    post(app)
    admin(app, "POST", "reset")
    assert admin(app, "GET", "stubs").json()["stubs"] == []
    assert app.state.scenarios.states() == {}
    assert app.state.stubs.idle


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_all_of_a_stub_file_can_be_sent_and_says_where_scenarios_begin(method: str) -> None:
    app = make()
    inside = {"answer": {"text": " in"}, "scenario": {"name": "login", "state": "in", "next": "out"}}
    file = {"version": 1, "scenarios": {"login": "in"}, "stubs": [{"answer": {"text": " out"}}, inside]}
    assert admin(app, method, "stubs", file).status in (200, 201)
    assert [said(post(app)) for _ in range(2)] == [" in", " out"]
    admin(app, "DELETE", "scenarios")
    assert said(post(app)) == " in", "where it begins"
    admin(app, "DELETE", "scenarios")
    assert admin(app, "PUT", "stubs", {"stubs": file["stubs"]}).status == 200
    assert said(post(app)) == " out", "nothing says any more that it begins elsewhere"


def test_who_asks_for_the_stubs_sees_the_file_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text("version: 1\nstubs: [{answer: {text: one}}]\n")
    app = make(stubs=str(path))
    file = app.state.stubs.file
    assert file is not None

    def change(text: str) -> None:
        write(path, text)
        file._next = 0.0

    change("version: 1\nstubs: [{when: {inputs: two}, answer: {text: two}}]\nscenarios: {s: begun}\n")
    assert [each["answer"] for each in admin(app, "GET", "stubs").json()["stubs"]] == [{"text": "two"}]
    change("version: 1\nstubs: [{name: three, when: {inputs: three}, answer: {text: three}}]\n")
    assert admin(app, "GET", "stubs/3").json()["name"] == "three"
    change("version: 1\nstubs: [{name: four, when: {inputs: four}, answer: {text: four}}]\n")
    asked = {"method": "POST", "path": "/generate", "headers": {}, "json": {"inputs": "Hello"}}
    (miss,) = admin(app, "POST", "stubs/near-misses", asked).json()["near_misses"]
    assert miss["stub"] == "four"
    change("version: 1\nstubs: []\nscenarios: {login: in}\n")
    assert [each["name"] for each in admin(app, "GET", "scenarios").json()["scenarios"]] == ["login"]
    change("version: 2\n")
    assert "version" in admin(app, "GET", "stubs").json()["problem"]


def test_the_ids_of_a_whole_call_are_said_at_every_door() -> None:
    app = make()
    ids = {"answers": "hypothesis:1,2-3"}
    assert admin(app, "POST", "stubs", {"answer": ids}).status == 201
    assert admin(app, "GET", "stubs").json()["stubs"][0]["answer"] == ids
    assert admin(app, "PATCH", "settings", ids).json()["answers"] == "hypothesis:1,2-3"
