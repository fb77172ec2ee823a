"""What goes wrong with the answers of one stub, said beside the answer: in Python, in a file, over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fake_tgi import FakeTGI
from fake_tgi.fault_plans import Cut
from fake_tgi.library.portable import portable
from fake_tgi.matching import FormError
from fake_tgi.recordings.recording import parse_recording
from fake_tgi.stubs import Error, Faulty, Recorded, Stub, Text
from fake_tgi.stubs.stub_file import StubFile, StubFileError
from tests.fake.asking import ask, make
from tests.stubs.serving import post
from tgi_contracts import recordings

pytestmark = pytest.mark.damages_answers

STREAM = {"inputs": "The weather?", "parameters": {"max_new_tokens": 20}}


def last(app: Any) -> Any:
    return list(app.state.journal)[-1]


def test_a_stub_is_cut_and_the_others_are_not() -> None:
    app = make()
    app.state.stubs.add(
        Stub({"inputs": {"contains": "weather"}}, {"text": "one two three", "fault": "cut(tokens=1)"})
    )
    ask(app, "POST", "/generate_stream", STREAM)
    assert (last(app).ended, last(app).tokens_sent) == ("cut by a fault", 1)
    assert last(app).faults == ("cut",)
    ask(app, "POST", "/generate_stream", {**STREAM, "inputs": "Hello"})
    assert (last(app).ended, last(app).faults) == ("complete", ())


@pytest.mark.parametrize("cause", ["overload", "validation", "content_type", "template"])
def test_an_error_is_an_answer_that_can_be_struck_as_well(cause: str) -> None:
    app = make()
    app.state.stubs.add(
        Stub({"headers": {"x-plain": {"absent": True}}}, Faulty(Error(cause), "content_type"))
    )
    app.state.stubs.add(Stub({"headers": {"x-plain": "1"}}, Error(cause)))
    struck = post(app)
    plain = ask(app, "POST", "/generate", {"inputs": "Hello"}, headers={"x-plain": "1"})
    assert (struck.status, struck.body) == (plain.status, plain.body)
    assert struck.headers["content-type"] == "text/html" != plain.headers["content-type"]
    assert [event.faults for event in app.state.journal] == [("content_type",), ()]


def test_what_the_router_refuses_in_place_of_the_answer_is_struck_as_well() -> None:
    app = make()
    app.state.stubs.add(Stub(None, Faulty(Text("one"), "content_type")))
    reply = ask(app, "POST", "/generate", {"inputs": "Hello", "parameters": {"max_new_tokens": 0}})
    assert (reply.status, reply.headers["content-type"]) == (422, "text/html")
    unread = ask(app, "POST", "/generate", raw=b'{"inputs":', headers={"content-type": "application/json"})
    assert (unread.status, unread.headers["content-type"]) == (400, "text/html")
    assert unread.text.startswith("Failed to parse the request body as JSON: ")
    assert [event.faults for event in app.state.journal] == [("content_type",)] * 2


def test_faults_of_a_plan_come_on_top() -> None:
    app = make(fault=("proxy_page",))
    app.state.stubs.add(Stub(None, Faulty(Text("one"), "gzip")))
    reply = post(app)
    assert (reply.status, last(app).faults) == (502, ("proxy_page",))


def test_each_answer_of_a_stub_has_its_own(tmp_path: Path) -> None:
    file = tmp_path / "stubs.yaml"
    file.write_text(
        "version: 1\nstubs:\n"
        "- answers:\n"
        "  - {error: overload, fault: error(status=599)}\n"
        "  - {text: Well., fault: [gzip, close]}\n"
        "  - {text: Well.}\n"
    )
    app = make(stubs=str(file))
    assert [post(app).status for _ in range(3)] == [599, 200, 200]
    assert [event.faults for event in app.state.journal] == [("error(status=599)",), ("gzip", "close"), ()]


def test_it_is_said_over_http_and_shown_there_as_it_was_said() -> None:
    app = make()
    answers = [{"text": "a", "fault": "cut(tokens=3)"}, {"text": "b", "fault": ["gzip", "close"]}]
    assert ask(app, "POST", "/__admin/stubs", {"answers": answers}).status == 201
    assert ask(app, "GET", "/__admin/stubs").json()["stubs"][0]["answers"] == answers


def test_it_is_said_before_the_answer_in_a_test() -> None:
    fake = FakeTGI(listen=False)
    stub = fake.on_generate("Hello").fault("cut(tokens=3)", "gzip").times(2).fault(Cut()).reply(["a", "b"])
    placed = fake.state.stubs.find(stub.id).stub
    assert [each.as_json() for each in placed.answers] == [
        {"text": "a", "fault": ["cut(tokens=3)", "gzip", "cut"]},
        {"text": "b", "fault": ["cut(tokens=3)", "gzip", "cut"]},
    ]
    assert placed.times == 2


def test_a_stub_for_another_process_keeps_its_faults() -> None:
    exchange = next(iter(recordings()))
    name = exchange["name"]
    there = Recorded(parse_recording(exchange), name)
    assert portable(Stub(None, Faulty(there, "close")))["answer"] == {"exchange": name, "fault": "close"}
    with pytest.raises(TypeError, match="a function as an answer"):
        FakeTGI.connect("http://127.0.0.1:9").on().fault("close").run(len)


def test_a_function_may_give_one() -> None:
    app = make()
    app.state.stubs.add(Stub(None, lambda asked: {"text": "Well.", "fault": "error(status=501)"}))
    assert post(app).status == 501


def test_what_an_answer_holds_is_given_back_when_it_is_cut() -> None:
    app = make(max_concurrent_requests=1)
    app.state.stubs.add(Stub(None, Faulty(Text("one two three"), "cut(tokens=1)")))
    for _ in range(2):
        ask(app, "POST", "/generate_stream", STREAM)
        assert app.state.permits.free == 1


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("ct", "expected a fault in words: unknown fault 'ct': did you mean cut?"),
        (
            "cut rate=0.1",
            "expected a fault alone: which calls it strikes, and how often, is the stub's to say",
        ),
        ("cut times=2", "expected a fault alone"),
        ("' '", "expected a fault such as cut(tokens=3)"),
        ("[]", "expected at least 1 item"),
        ("5", "expected string or array"),
    ],
)
def test_a_fault_that_cannot_be_read_is_told_by_its_place(tmp_path: Path, fault: str, told: str) -> None:
    file = tmp_path / "stubs.yaml"
    file.write_text(f"version: 1\nstubs:\n- answer:\n    text: a\n    fault: {fault}\n")
    with pytest.raises(StubFileError) as error:
        StubFile(file).read()
    assert f"line 5: stubs[0].answer.fault: {told}" in str(error.value)


def test_what_is_no_answer_or_no_fault_is_refused_at_once() -> None:
    for wrong in (lambda: Faulty("text", "cut"), lambda: Faulty(Text("a")), lambda: Faulty(Text("a"), 5)):
        with pytest.raises(FormError):
            wrong()
