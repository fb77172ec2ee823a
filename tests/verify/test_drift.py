"""What changed since a recording is told, the worst for a client first; what only varies is not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.verification.drift import DRIFT_KINDS, Drift, drift_since
from fake_tgi.verification.errors import RecordingError
from fake_tgi.verification.recording import read_recording, recording_of
from fake_tgi.verification.shapes import changes

from . import damages as d
from .damaged import Answer, Damage, Patient, patient
from .damages import on

GENERATE, STREAM, CHAT = "/generate", "/generate_stream", "/v1/chat/completions"


@pytest.fixture(scope="module")
def fake() -> Iterator[Patient]:
    with patient() as one:
        yield one


@pytest.fixture(scope="module")
def recording(fake: Patient, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the fake said while it was right."""
    file = tmp_path_factory.mktemp("drift") / "before.jsonl"
    file.write_text(recording_of(fake.verified()), encoding="utf-8")
    return file


Compare = Callable[..., tuple[Drift, ...]]


@pytest.fixture
def compare(fake: Patient, recording: Path) -> Compare:
    def compared(damage: Damage | None = None, *only: str) -> tuple[Drift, ...]:
        words = [word for each in only for word in ("--only", each)]
        return drift_since(read_recording(recording), fake.verified(*words, damage=damage).outcomes)

    return compared


def test_a_server_that_stays_the_same_has_not_changed(compare: Compare) -> None:
    """Times, seeds drawn, names made up and counters are others in every run."""
    assert compare() == ()


CHANGES: dict[str, tuple[Damage, str, str]] = {
    "removed field": (
        on(GENERATE)(d.on_details(lambda details: details.pop("finish_reason"))),
        GENERATE,
        "body.details.finish_reason",
    ),
    "changed type": (
        on(STREAM)(d.edit(lambda e: e["token"].update(id=str(e["token"]["id"])) if "token" in e else None)),
        STREAM,
        "events[].token.id",
    ),
    "changed status": (on(GENERATE, status=422)(d.status_becomes(400)), GENERATE, "status"),
    "changed form": (on(CHAT, stream=True)(d.events_changed(lambda events: events[:-1])), CHAT, "events"),
    "changed word": (
        on(GENERATE, status=422)(
            d.edit(lambda v: v.update(error_type="invalid") if isinstance(v, dict) else None)
        ),
        GENERATE,
        "body.error_type",
    ),
    "removed header": (
        on(GENERATE)(d.header("x-prompt-tokens", None)),
        GENERATE,
        "headers.x-prompt-tokens",
    ),
    "changed limit": (
        on("/info")(d.edit(lambda v: v.update(max_total_tokens=2048))),
        "/info",
        "body.max_total_tokens",
    ),
    "new field": (on(CHAT, stream=False)(d.edit(lambda v: v.update(tier="x"))), CHAT, "body.tier"),
    "new header": (
        on(GENERATE)(lambda answer: answer.headers.update({"x-request-id": "7"})),
        GENERATE,
        "headers.x-request-id",
    ),
    "changed order": (
        on(GENERATE)(d.edit(lambda v: "details" in v and v.update(generated_text=v.pop("generated_text")))),
        GENERATE,
        "body",
    ),
    "changed text": (
        on("/tokenize", status=422)(d.lines_as(b"invalid type", b"wrong type")),
        "/tokenize",
        "body",
    ),
}  # fmt: skip


#: Forms of an answer, beside its members.
FORMS: dict[str, tuple[Damage, str, str, str]] = {
    "an error in place of an answer": (
        on(STREAM)(d.events_changed(lambda events: [*events[:-1], {"error": "x", "error_type": "y"}])),
        STREAM, "changed form", "events",
    ),
    "events with names": (
        on(STREAM)(d.lines_as(b"data:", b"event: x\ndata:")), STREAM, "changed form", "events",
    ),
    "fewer events": (on(STREAM)(d.events_changed(lambda e: e[1:])), STREAM, "changed text", "events"),
    "a text in place of JSON": (
        on("/tokenize")(d.lines_as(b"[", b"(")), "/tokenize", "changed form", "body",
    ),
    "another content type": (
        on("/tokenize")(d.content_type("text/plain")), "/tokenize", "changed form", "headers.content-type",
    ),
    "a family of metrics gone": (
        on("/metrics")(d.lines_as(b"tgi_queue_size", b"tgi_queue_length")), "metrics.afterwards",
        "removed field", "tgi_queue_size",
    ),
    "a new family of metrics": (
        on("/metrics")(d.lines_as(b"tgi_queue_size", b"tgi_queue_length")), "metrics.afterwards",
        "new field", "tgi_queue_length",
    ),
    "a family of another type": (
        on("/metrics")(d.lines_as(b"tgi_queue_size gauge", b"tgi_queue_size counter")), "metrics.afterwards",
        "changed type", "tgi_queue_size",
    ),
}  # fmt: skip


@pytest.mark.sweep
@pytest.mark.parametrize("name", FORMS)
def test_a_change_of_form_is_told(compare: Compare, name: str) -> None:
    damage, only, kind, where = FORMS[name]
    told = compare(damage, only)
    assert (kind, where) in {(drift.kind, drift.where) for drift in told}, told


@pytest.mark.sweep
@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_is_told_by_its_kind_and_place(compare: Compare, kind: str) -> None:
    damage, only, where = CHANGES[kind]
    told = compare(damage, only)
    assert (kind, where) in {(drift.kind, drift.where) for drift in told}, told


def test_no_answer_is_the_worst_of_all(recording: Path) -> None:
    with patient() as other:
        outcomes = other.verified("--only", GENERATE).outcomes
        dead = Patient(other.url, other.app)
    told = drift_since(read_recording(recording), dead.verified("--only", GENERATE).outcomes)
    assert {drift.kind for drift in told} == {"no answer"}
    assert {name for drift in told for name in drift.questions} < {o.question.name for o in outcomes}
    assert any("refused" in drift.after for drift in told)


def test_the_worst_for_a_client_comes_first(compare: Compare) -> None:
    def worse(answer: Answer) -> None:
        for damage, _, _ in CHANGES.values():
            damage(answer)

    told = compare(worse)
    order = [DRIFT_KINDS.index(drift.kind) for drift in told]
    assert order == sorted(order)
    assert len(set(order)) >= 8


def test_one_change_is_told_once_with_all_the_questions_that_show_it(compare: Compare) -> None:
    told = compare(on(CHAT, stream=False)(d.edit(lambda v: v.update(tier="x"))), CHAT)
    (drift,) = [each for each in told if each.kind == "new field" and each.where == "body.tier"]
    assert len(drift.questions) > 10


def test_what_was_not_asked_by_choice_has_not_changed(recording: Path, fake: Patient) -> None:
    """A key that was there then and is not now is ours."""
    exchanges = read_recording(recording)
    exchanges["key.none"] = exchanges["generate.validation"]
    assert drift_since(exchanges, fake.verified("--only", GENERATE).outcomes) == ()


def test_questions_that_the_recording_does_not_have_are_left_out(recording: Path, fake: Patient) -> None:
    exchanges = {"info": read_recording(recording)["info"]}
    assert (
        drift_since(exchanges, fake.verified("--only", "/info", damage=CHANGES["changed status"][0]).outcomes)
        == ()
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, ["changed text"]),
        ({"a": 1}, {"a": 1.5}, ["changed type"]),
        ({"a": 1}, {"a": None}, ["changed type"]),
        ({"a": [1, 2]}, {"a": []}, ["changed text"]),
        ({"a": [{"b": 1}, {"b": 2}]}, {"a": [{"b": 1}, {"c": 2}]}, ["new field", "removed field"]),
        ({"a": {"b": 1}}, {"a": {}}, ["removed field"]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ["changed order"]),
        ({"finish_reason": "length"}, {"finish_reason": "stop"}, ["changed word"]),
        ({"max_best_of": 2}, {"max_best_of": 1}, ["changed limit"]),
        ({"created": 1, "id": "x"}, {"created": 2, "id": "y"}, []),
        ({"created": 1, "id": ""}, {"created": 2, "id": "y"}, ["changed text"]),
        ({"logprob": -1.5}, {"logprob": -1.25}, []),
    ],
)  # fmt: skip
def test_two_values_differ_in_form_or_in_what_they_say(before: Any, after: Any, expected: list[str]) -> None:
    assert sorted({change.kind for change in changes([before], [after], "body", values=True)}) == expected


def test_of_answers_that_vary_only_the_form_is_compared() -> None:
    assert list(changes([{"text": "a"}], [{"text": "b"}], "body", values=False)) == []
    assert [c.kind for c in changes([{"text": "a"}], [{"text": 1}], "body", values=False)] == ["changed type"]


def test_a_recording_is_one_of_the_project(recording: Path) -> None:
    """Head and exchanges are in its format, and the answers of a fake that is right keep the contracts."""
    from tgi_contracts import check_exchange, violations

    head, *exchanges = map(json.loads, recording.read_text(encoding="utf-8").splitlines())
    assert violations(head, "RecordingHeader") == []
    assert len(exchanges) > 150
    for exchange in exchanges:
        assert violations(exchange, "Exchange") == []
        assert check_exchange(exchange) == [], exchange["name"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "empty file"),
        ('{"format": "tgi-recording", "version": 1}\n', "has no exchanges"),
        ('{"format": "tgi-recording", "version": 2}\n', "2 is newer than 1"),
        ('{"name": "a"}\n', "line 1: expected the key 'request'"),
        ("nonsense\n", "line 1: expected one JSON value"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_with_the_reason(
    tmp_path: Path, text: str, expected: str
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RecordingError, match=expected):
        read_recording(file)


def test_a_recording_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no such file"):
        read_recording(tmp_path / "nowhere.jsonl")
