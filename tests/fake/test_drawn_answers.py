"""`--answers`: what the model says unscripted, drawn by Hypothesis; and the id that brings an answer back."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from fake_tgi.answers import AnswerId, Answers, answers_of
from fake_tgi.drawing import draw_numbered
from fake_tgi.settings import Settings, SettingsError
from fake_tgi.strategies import requests
from fake_tgi.strategies.asking import POST_ROUTES
from fake_tgi.stubs import Stub, Unscripted

from .asking import Reply, ask, make

DRAWN = pytest.mark.parametrize("kind", ["hypothesis", "adversarial"])
SEEDED_PER_ROUTE = 25


def body(**parameters: Any) -> dict[str, Any]:
    return {"inputs": "Why is the sky blue?", "parameters": {"details": True, **parameters}}


def generate(app: Any, **parameters: Any) -> Any:
    return ask(app, "POST", "/generate", body(**parameters)).json()


def ids(app: Any) -> list[str]:
    return [event.why.removeprefix("answer ") for event in app.state.journal if event.why]


@DRAWN
@pytest.mark.parametrize("route", POST_ROUTES)
def test_every_answer_keeps_its_contracts(kind: str, route: str) -> None:
    """Whatever the route and the request; the witness of each test judges."""
    app = make(answers=kind)
    answered = 0
    for number in range(SEEDED_PER_ROUTE):
        request = draw_numbered(requests(route), number)
        reply = ask(app, request.method, request.path, raw=request.body, headers=dict(request.headers))
        answered += reply.status == 200
    assert answered > SEEDED_PER_ROUTE // 2


@DRAWN
def test_whole_answers_and_streams_agree(kind: str) -> None:
    app = make(answers=kind)
    for number in range(40):
        asked = body(max_new_tokens=number + 1, seed=number, do_sample=True, top_n_tokens=number % 3)
        whole = ask(app, "POST", "/generate", asked).json()
        events = ask(app, "POST", "/generate_stream", asked).events
        assert [event["token"] for event in events] == whole["details"]["tokens"]
        assert events[-1]["generated_text"] == whole["generated_text"]
        chat = {"messages": [{"role": "user", "content": "Hello"}], "seed": number, "max_tokens": 30}
        said = ask(app, "POST", "/v1/chat/completions", chat).json()["choices"][0]["message"]["content"]
        chunks = ask(app, "POST", "/v1/chat/completions", {**chat, "stream": True}).events[:-1]
        assert "".join(chunk["choices"][0]["delta"]["content"] for chunk in chunks) == said


@DRAWN
def test_an_id_alone_brings_an_answer_back(kind: str) -> None:
    """Behind another seed, in a new server, and whatever was asked before."""
    app = make(answers=kind, seed=7)
    for sampling in ({}, {"do_sample": True}, {"seed": 3}):
        for _ in range(3):
            first = generate(app, **sampling)
        again = make(answers=ids(app)[-1], seed=99)
        assert generate(again, **sampling) == first
        assert ids(again) == ids(app)[-1:]


def test_other_requests_and_seeds_get_other_answers_and_the_same_one_the_same() -> None:
    app = make(answers="hypothesis")
    texts = [ask(app, "POST", "/generate", {"inputs": f"{n}"}).json()["generated_text"] for n in range(30)]
    assert len(set(texts)) > 10
    assert generate(app) == generate(app)
    assert generate(make(answers="hypothesis", seed=1)) != generate(make(answers="hypothesis", seed=2))
    sampled = [generate(app, do_sample=True)["generated_text"] for _ in range(10)]
    assert len(set(sampled)) > 3, "asked again, a model that samples says something else"


def test_answers_do_not_depend_on_the_process() -> None:
    """Nor on what it has imported: Hypothesis itself takes to the constants in modules."""
    code = (
        "import sys; from fake_tgi.settings import Settings; from fake_tgi.state import State\n"
        "if len(sys.argv) > 1: import fake_tgi.verification.running, fake_tgi.templates\n"
        "from fake_tgi.shard import ShardRequest; from fake_tgi.answering import Unscripted\n"
        "state = State(Settings(answers='adversarial'))\n"
        "shard = Unscripted(state.settings, state.tokenizer)\n"
        "for n in range(60): print(repr(shard.generate(ShardRequest(f'{n}', 1, 50, 9))))"
    )
    once, again = (
        subprocess.run([sys.executable, "-c", code, *more], capture_output=True, check=True).stdout
        for more in ((), ("more",))
    )
    assert once == again
    assert once.count(b"\n") == 60


@DRAWN
def test_a_grammar_and_tools_are_obeyed(kind: str) -> None:
    app = make(answers=kind)
    schema = {"properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["days"]}
    for number in range(20):
        grammar = {"type": "json", "value": schema}
        text = generate(app, grammar=grammar, max_new_tokens=500, seed=number)["generated_text"]
        assert isinstance(json.loads(text)["days"], int)
        chat = {
            "messages": [{"role": "user", "content": "Hello"}],
            "tools": [{"type": "function", "function": {"name": "look", "parameters": schema}}],
            "tool_choice": {"type": "function", "function": {"name": "look"}},
            "max_tokens": 500,
            "seed": number,
        }
        (call,) = ask(app, "POST", "/v1/chat/completions", chat).json()["choices"][0]["message"]["tool_calls"]
        assert call["function"]["name"] == "look"


def test_a_grammar_that_nothing_can_be_drawn_for_gets_what_it_gets_otherwise() -> None:
    grammar = {
        "type": "json",
        "value": {"properties": {"a": {"type": "integer", "minimum": 3, "maximum": 2}}},
    }
    asked = body(grammar={**grammar, "value": {**grammar["value"], "required": ["a"]}})  # type: ignore[dict-item]
    app = make(answers="hypothesis")
    assert ask(app, "POST", "/generate", asked).json() == ask(make(), "POST", "/generate", asked).json()
    assert ids(app) == []


@DRAWN
def test_ignore_eos_makes_every_answer_as_long_as_it_may_be(kind: str) -> None:
    app = make(answers=kind, ignore_eos=True)
    details = generate(app, max_new_tokens=300)["details"]
    assert (details["generated_tokens"], details["finish_reason"]) == (300, "length")


def test_an_echo_says_the_prompt_and_stops_where_it_is_told_to() -> None:
    app = make(answers="echo")
    assert generate(app)["generated_text"] == "Why is the sky blue?"
    assert generate(app, stop=[" sky"])["details"]["finish_reason"] == "stop_sequence"
    assert generate(app, max_new_tokens=2)["details"]["finish_reason"] == "length"
    grammar = {"type": "regex", "value": "yes|no"}
    assert generate(app, grammar=grammar)["generated_text"] in ("yes", "no")


TWO_PROMPTS = ("/v1/completions", {"prompt": ["one", "two", "three"], "max_tokens": 9})
STREAMED = ("/v1/completions", {**TWO_PROMPTS[1], "stream": True})
BEST_OF = ("/generate", body(best_of=2, do_sample=True))
SEVERAL_INSTANCES = ("/vertex", {"instances": [{"inputs": "one"}, {"inputs": "two"}]})
NO_TOOL = (
    "/v1/chat/completions",
    {
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"type": "function", "function": {"name": "look", "parameters": {"properties": {}}}}],
        "max_tokens": 500,
    },
)


@DRAWN
@pytest.mark.parametrize("asked", [TWO_PROMPTS, STREAMED, BEST_OF, SEVERAL_INSTANCES, NO_TOOL])
def test_what_is_told_of_a_call_brings_all_of_its_answers_back(kind: str, asked: tuple[str, Any]) -> None:
    """Behind another seed, as often as it is asked, and from a stub as well."""
    path, payload = asked
    for seed in range(20):
        app = make(answers=kind, seed=seed)
        lines: list[str] = []
        app.state.told = lines.append
        first = ask(app, "POST", path, payload)
        if len(lines) > 1:  # a chat may call the tool, and then the model is asked once
            break
    (told,) = {lines[-1].rpartition(" ")[2], ids(app)[0].rpartition(" ")[2]}
    assert told.count(",") == len(lines) - 1
    again = make(answers=told, seed=99)
    stubbed = make(seed=98)
    stubbed.state.stubs.add(Stub(None, Unscripted(told)))
    for other in (again, again, stubbed):
        assert said(ask(other, "POST", path, payload)) == said(first)
        assert ids(other)[-1].rpartition(" ")[2] == told


def said(reply: Reply) -> Any:
    """What does not change with the time."""
    found = [reply.json()] if not reply.events else [each for each in reply.events if isinstance(each, dict)]
    return [{**each, "created": 0} if isinstance(each, dict) else each for each in found]


def test_a_stub_may_answer_with_what_nobody_scripted() -> None:
    app = make(answers="adversarial")
    nasty = generate(app)
    (id,) = ids(app)
    app = make()
    app.state.stubs.add(Stub({"inputs": "Why is the sky blue?"}, Unscripted(id)))
    app.state.stubs.add(Stub({"inputs": "x"}, {"answers": "echo"}))
    assert generate(app) == nasty
    assert ask(app, "POST", "/generate", {"inputs": "x"}).json() == {"generated_text": "x"}
    assert next(iter(app.state.journal)).why == f"call 1; answer {id}"


def test_the_user_is_told_each_id() -> None:
    app = make(answers="hypothesis")
    lines: list[str] = []
    app.state.told = lines.append
    reply: Reply = ask(app, "POST", "/v1/completions", {"prompt": ["a", "b"]})
    assert reply.status == 200
    generate(app)
    first, both, other = ids(app)[0].removeprefix("answers hypothesis:").split(",")[0], *ids(app)
    assert lines == [
        f"POST /v1/completions got the answer hypothesis:{first}",
        f"POST /v1/completions got the {both}",
        f"POST /generate got the answer {other}",
    ]
    ask(app, "POST", "/ns/a/generate", body())
    assert len(lines) == 4, "of namespaces, too"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("hypotheses", "expected one of seeded, echo, hypothesis, adversarial"),
        ("echo:12", "expected no id, for only the answers of adversarial and hypothesis have one"),
        ("hypothesis:", "expected an id behind hypothesis: as the server tells it"),
        ("adversarial:12,", "expected an id behind adversarial: as the server tells it"),
        ("adversarial:xyz", "expected an id behind adversarial: as the server tells it"),
    ],
)
def test_what_is_no_kind_and_no_id_is_refused(written: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        Settings(answers=written)


@pytest.mark.parametrize(
    "answers",
    [
        Answers("echo"),
        Answers("hypothesis", (AnswerId(5),)),
        Answers("adversarial", (AnswerId(2**64 - 1, 7), AnswerId(0))),
    ],
)
def test_what_is_written_is_read(answers: Answers) -> None:
    assert answers_of(str(answers)) == answers


def test_plain_answers_import_no_hypothesis() -> None:
    code = (
        "import sys; from fake_tgi.app import create_app; from fake_tgi.settings import Settings\n"
        "create_app(Settings(answers='echo')); assert 'hypothesis' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
