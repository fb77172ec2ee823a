"""`--only openai` holds a server to what OpenAI's clients rely on, and to nothing that is TGI's alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fake_tgi.server import Server
from fake_tgi.verification.questions import all_questions

from . import damages as d
from .damaged import Damage, Damageable, Patient, patient
from .damages import on
from .openai_like import OpenAILike

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
QUESTIONS = {question.name for question in all_questions() if question.suite == "openai"}


@pytest.fixture(scope="module")
def fake() -> Iterator[Patient]:
    with patient() as one:
        yield one


@pytest.fixture(scope="module")
def other() -> Iterator[Patient]:
    """A server that is OpenAI-compatible and no TGI."""
    app = Damageable(OpenAILike())
    with Server(app) as server:
        yield Patient(server.base_url, app)


def test_nothing_is_found_on_a_compatible_server_that_is_no_tgi(other: Patient) -> None:
    report = other.verified("--only", "openai")
    assert [(o.question.name, o.verdict) for o in report.of_kind("differs")] == []
    assert {outcome.question.name for outcome in report.of_kind("holds")} == QUESTIONS


def test_the_same_server_is_found_to_be_no_tgi(other: Patient) -> None:
    report = other.verified("--only", CHAT, "--only", "/generate")
    assert report.exit_status == 1
    missing = {o.verdict.reason for o in report.outcomes if o.question.route == "POST /generate"}
    assert all("404" in reason or "needs" in reason or "no key" in reason for reason in missing), missing


def test_what_a_server_refuses_as_it_may_is_no_difference() -> None:
    with Server(OpenAILike(frozenset({"tools", "logprobs", "completions"}))) as server:
        report = Patient(server.base_url, Damageable(None)).verified("--only", "openai")
    assert report.of_kind("differs") == []
    refused = {o.question.name: o.verdict.reason for o in report.of_kind("unasked")}
    assert set(refused) == {
        "openai.chat.logprobs",
        "openai.chat.tool",
        "openai.chat_stream.tool",
        "openai.completions",
        "openai.completions.two",
        "openai.completions_stream",
    }
    assert all("is not supported" in reason for reason in refused.values())


def test_a_url_that_ends_in_v1_means_openai(other: Patient) -> None:
    report = Patient(f"{other.url}/v1", other.app).verified()
    assert {outcome.question.name for outcome in report.outcomes} == QUESTIONS
    assert report.exit_status == 0


def test_the_model_asked_for_can_be_named(other: Patient) -> None:
    report = other.verified("--only", "openai", "--model", "some-model", "--skip", "/v1/models")
    assert report.exit_status == 0
    wrong = other.verified("--only", "openai.chat", "--model", "nope")
    assert "400" in wrong.differences()[0].violation.got


def choices(change: Any) -> Damage:
    """Changes each choice of an answer or a chunk."""
    return d.edit(lambda value: [change(choice) for choice in value.get("choices", ())])


DAMAGES: dict[str, tuple[Damage, str]] = {
    "[DONE] is missing": (on(CHAT, stream=True)(d.events_changed(lambda events: events[:-1])), "end"),
    "something follows [DONE]": (
        on(CHAT, stream=True)(d.events_changed(lambda events: [*events, events[0]])),
        "end",
    ),
    "no finish reason": (
        on(CHAT, stream=True)(choices(lambda choice: choice.update(finish_reason=None))),
        "end",
    ),
    "a finish reason nobody knows": (
        on(CHAT, stream=False)(choices(lambda choice: choice.update(finish_reason="eos"))),
        "enum|finish reason",
    ),
    "a text after the finish reason": (
        on(COMPLETIONS, stream=True)(d.events_changed(lambda e: [*e[:-1], e[-2], e[-1]])),
        "end",
    ),
    "the usage does not add up": (
        on(CHAT, stream=False)(d.edit(lambda value: value["usage"].update(total_tokens=99))),
        "sum",
    ),
    "no usage": (on(COMPLETIONS, stream=False)(d.edit(lambda value: value.pop("usage"))), "required"),
    "another object": (on(CHAT)(d.edit(lambda value: value.update(object="chat"))), "const"),
    "the role is missing": (
        on(CHAT, stream=False)(choices(lambda choice: choice["message"].pop("role"))),
        "required",
    ),
    "the content is a list": (
        on(CHAT, stream=False)(choices(lambda choice: choice["message"].update(content=[]))),
        "type",
    ),
    "arguments are an object": (on(CHAT, stream=False)(d.edit(d.argument_object)), "type"),
    "a stream as plain text": (on(CHAT, stream=True)(d.content_type("text/plain")), "content type"),
    "the last empty line is missing": (
        on(CHAT, stream=True)(lambda a: a.chunks.append(a.chunks.pop()[:-1])),
        "framing",
    ),
    "an event is no JSON": (on(CHAT, stream=True)(lambda a: a.chunks.insert(1, b"data: {oops\n\n")), "type"),
    "a page of HTML": (on(CHAT, status=None)(d.html_error), "error|expected"),
    "no models": (on("/v1/models")(d.edit(lambda value: value.pop("data"))), "required"),
    "errors are answers": (on(CHAT, status=422)(d.status_becomes(200)), "content type|type|required"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_found(fake: Patient, name: str) -> None:
    damage, rule = DAMAGES[name]
    report = fake.verified("--only", "openai", damage=damage)
    assert report.exit_status == 1
    rules = {difference.violation.rule for difference in report.differences()}
    assert rules & set(rule.split("|")), rules
