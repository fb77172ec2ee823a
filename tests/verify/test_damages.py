"""A fake is found to be right, and each of its damages is found: by the place it is at, not by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fake_tgi.verification.questions import all_questions

from . import damages as d
from .damaged import Damage, Patient, patient
from .damages import on

RECORDINGS = Path(__file__).resolve().parents[2] / "contracts" / "recordings"
GENERATE, STREAM, CHAT, COMPLETIONS = (
    "/generate", "/generate_stream", "/v1/chat/completions", "/v1/completions",
)  # fmt: skip


@pytest.fixture(scope="module")
def fake() -> Iterator[Patient]:
    with patient() as one:
        yield one


#: By name: what is done to the fake, and where it must be found.
TEN: dict[str, tuple[Damage, str]] = {
    "a field is dropped": (
        on(GENERATE, stream=False)(d.on_details(lambda details: details.pop("generated_tokens"))),
        r"body.*details",
    ),
    "a field is renamed": (
        on(CHAT, stream=False)(d.edit(lambda v: d.rename(v["choices"][0], "finish_reason", "finishReason"))),
        r"body.*choices\[0\]",
    ),
    "a field has another type": (
        on(STREAM)(
            d.edit(lambda event: event.update(index=str(event["index"])) if "index" in event else None)
        ),
        r"events\[\d+\]\.index",
    ),
    "[DONE] is missing": (
        on(CHAT, stream=True)(d.events_changed(lambda events: events[:-1])),
        r"events\[\d+\]",
    ),
    "the index begins at 0": (
        on(STREAM)(
            d.edit(lambda event: event.update(index=event["index"] - 1) if "index" in event else None)
        ),
        r"events\[0\]\.index",
    ),
    "an error has another status": (on(GENERATE, status=422)(d.status_becomes(400)), r"status|body"),
    "an error is a page of HTML": (d.html_error, r"status"),
    "the content type is another": (
        on("/tokenize")(d.content_type("text/plain; charset=utf-8")),
        r"headers\.content-type",
    ),
    "a stream ends too soon": (on(STREAM)(d.events_changed(lambda events: events[:-1])), r"events\[\d+\]"),
    "a stream ends twice": (
        on(STREAM)(d.events_changed(lambda events: [*events, events[-1]])),
        r"events\[\d+\]",
    ),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", TEN)
def test_each_of_ten_damages_is_found_among_all_questions(fake: Patient, name: str) -> None:
    damage, where = TEN[name]
    report = fake.verified(damage=damage)
    assert report.exit_status == 1
    places = [difference.violation.where for difference in report.differences()]
    assert any(re.match(where, place) for place in places), places


#: Further damages, each on the route it is at: with its words for --only, and the rule that finds it.
FURTHER: dict[str, tuple[Damage, str, str]] = {
    "an error has no class": (
        on(GENERATE, status=422)(d.edit(lambda v: v.pop("error_type"))),
        GENERATE,
        "required",
    ),
    "an error says something else": (
        on(GENERATE, status=422)(d.edit(lambda v: v.update(error=v["error"] + "!"))),
        GENERATE,
        "message|error table",
    ),
    "a rule of the validation is missing": (
        on(GENERATE, status=422)(lambda a: a.headers.update({"content-type": "text/plain; charset=utf-8"})),
        GENERATE,
        "content type|const|pattern|type|error table",
    ),
    "an error in a stream is a status": (on(STREAM)(d.as_status), STREAM, "content type"),
    "a header is missing": (on(GENERATE)(d.header("x-compute-type", None)), GENERATE, "headers"),
    "a header says otherwise than the body": (
        on(GENERATE)(d.header("x-generated-tokens", lambda old: str(int(old) + 1))),
        GENERATE,
        "headers agree|measure",
    ),
    "characters are counted as bytes": (
        on(GENERATE)(d.header("x-compute-characters", lambda old: str(int(old) + 3))),
        GENERATE,
        "headers agree|measure",
    ),
    "the template's characters are not counted": (
        on(CHAT)(d.header("x-compute-characters", lambda old: "20")),
        CHAT,
        "headers agree",
    ),
    "two times of one answer differ": (on(GENERATE)(d.seconds_for_millis), GENERATE, "headers agree"),
    "a greedy answer is not repeatable": (
        on(GENERATE, stream=False)(d.not_repeatable()),
        GENERATE,
        "same tokens",
    ),
    "the seed told is another": (
        on(GENERATE)(
            d.on_details(lambda details: details.update(seed=details["seed"] and details["seed"] - 1))
        ),
        GENERATE,
        "seed",
    ),
    "the streamed text is another": (
        on(STREAM)(
            d.edit(lambda e: e.update(generated_text=e["generated_text"] and "x" + e["generated_text"][1:]))
        ),
        STREAM,
        "concatenation",
    ),
    "a chunk is lost": (
        on(CHAT, stream=True)(d.events_changed(lambda events: events[1:])),
        CHAT,
        "same text",
    ),
    "the stop sequence is removed": (on(GENERATE)(d.stop_removed), GENERATE, "stop|concatenation"),
    "the whole text lacks the prompt": (
        on(GENERATE)(d.prompt_forgotten),
        GENERATE,
        "return_full_text|full text",
    ),
    "the prompt's tokens are miscounted": (
        on(GENERATE)(d.header("x-prompt-tokens", lambda old: str(int(old) + 1))),
        GENERATE,
        "prompt tokens",
    ),
    "the usage of a chat is miscounted": (
        on(CHAT, stream=False)(
            d.edit(
                lambda v: v["usage"].update(
                    prompt_tokens=v["usage"]["prompt_tokens"] + 1, total_tokens=v["usage"]["total_tokens"] + 1
                )
            )
        ),
        CHAT,
        "prompt tokens|headers agree|measure",
    ),
    "the usage does not add up": (
        on(CHAT, stream=False)(d.edit(lambda v: v["usage"].update(total_tokens=99))),
        CHAT,
        "sum",
    ),
    "a token is not listed": (on("/tokenize")(d.edit(lambda v: v and v.pop())), GENERATE, "prompt tokens"),
    "places are characters": (on("/tokenize")(d.offsets_in_characters), "/tokenize", "slice"),
    "top tokens leave out the likeliest": (
        on(GENERATE)(d.on_details(lambda details: d.swap_last(details.get("top_tokens", [])))),
        GENERATE,
        "top tokens",
    ),
    "a stream's top tokens lack the token": (
        on(STREAM)(d.edit(lambda e: [top.update(id=1) for top in e.get("top_tokens", [])])),
        STREAM,
        "top tokens",
    ),
    "the prefill is half there": (
        on(GENERATE)(d.on_details(lambda details: details.update(prefill=details["prefill"][:1]))),
        "generate.prefill",
        "prefill",
    ),
    "a regular expression is not obeyed": (
        on(GENERATE)(d.text_in_place("regex", "words")),
        GENERATE,
        "grammar|concatenation",
    ),
    "a schema is not obeyed": (
        on(GENERATE)(d.text_in_place('"properties"', "[]")),
        GENERATE,
        "grammar|concatenation",
    ),
    "arguments are an object": (on(CHAT, stream=False)(d.edit(d.argument_object)), CHAT, "type"),
    "another tool is called": (on(CHAT, stream=False)(d.lines_as(b'"set_unit"', b'"unset"')), CHAT, "tool"),
    "another tool is called in a stream": (
        on(CHAT, stream=True)(d.lines_as(b'"set_unit"', b'"unset"')),
        CHAT,
        "tool",
    ),
    "the arguments are not those of the tool": (
        on(CHAT, stream=False)(d.lines_as(b'\\"unit\\"', b'\\"size\\"')),
        CHAT,
        "tool",
    ),
    "words in place of a call": (on(CHAT, stream=False)(d.edit(d.words_for_call)), CHAT, "tool"),
    "no pieces of a call": (on(CHAT, stream=True)(d.events_changed(d.words_for_pieces)), CHAT, "tool"),
    "a greedy answer begins otherwise, if it is short": (
        on(GENERATE)(d.edit(d.other_first_letter)),
        "generate.one",
        "same text|return_full_text",
    ),
    "an answer ends for another reason": (
        on("/")(d.lines_as(b'"finish_reason":"length"', b'"finish_reason":"stop_sequence"')),
        "/",
        "stop|finish reason",
    ),
    "the answer names another model": (
        on(CHAT)(d.edit(lambda v: v.update(model="other"))),
        CHAT,
        "same model",
    ),
    "the models are others than the model": (
        on("/v1/models")(d.edit(lambda v: v["data"][0].update(id="x", owned_by="x"))),
        "/v1/models",
        "same model",
    ),
    "the version is another": (on(CHAT)(d.edit(d.any_version)), CHAT, "same version"),
    "limits are not those of /info": (
        on("/info")(d.edit(lambda v: v.update(max_stop_sequences=9))),
        GENERATE,
        "expected|message",
    ),
    "the longest input is not that of /info": (
        on("/info")(d.edit(lambda v: v.update(max_input_tokens=50))),
        GENERATE,
        "message|expected",
    ),
    "an empty line is missing": (on(STREAM)(d.lines_as(b"\n\n", b"\n")), STREAM, "framing|end"),
    "lines end in CR LF": (on(STREAM)(d.lines_as(b"\n\n", b"\r\n\r\n")), STREAM, "framing"),
    "events have names": (on(STREAM)(d.lines_as(b"data: ", b"event: token\ndata: ")), STREAM, "framing"),
    "a stream is cut off": (on(STREAM)(d.cut_off), STREAM, "whole"),
    "an answer is cut off": (on(GENERATE)(d.cut_off), GENERATE, "whole"),
    "a list is its item": (
        on("/")(lambda a: setattr(a, "value", a.value[0]) if a.value else None),
        "/",
        "type",
    ),
    "counters stand still": (on("/metrics")(d.frozen_counters()), "metrics.afterwards", "metrics"),
    "a method is refused without `allow`": (
        lambda answer: d.header("allow", None)(answer),
        "/generate",
        "headers|error table",
    ),
    "choices have other indexes": (
        on(COMPLETIONS, stream=False)(d.edit(lambda v: [c.update(index=0) for c in v["choices"]])),
        COMPLETIONS,
        "indexes",
    ),
    "a prompt streams out of turn": (
        on(COMPLETIONS, stream=True)(
            d.events_changed(
                lambda events: [*sorted(events[:-1], key=lambda e: e["choices"][0]["index"]), events[-1]]
            )
        ),
        COMPLETIONS,
        "turn",
    ),
    "an unknown path answers": (
        lambda answer: d.status_becomes(200)(answer) if answer.status == 404 else None,
        "elsewhere",
        "status",
    ),
}


@pytest.mark.sweep
@pytest.mark.parametrize("name", FURTHER)
def test_a_damage_is_found_on_the_route_it_is_at(fake: Patient, name: str) -> None:
    damage, only, rule = FURTHER[name]
    report = fake.verified("--only", only, damage=damage)
    rules = [difference.violation.rule for difference in report.differences()]
    assert any(re.fullmatch(rule, each) for each in rules), rules


@pytest.mark.parametrize("suite", ["tgi", "openai", "hosted"])
def test_nothing_is_found_on_a_fake_that_is_right(fake: Patient, suite: str) -> None:
    report = fake.verified("--only", suite)
    assert [(o.question.name, o.verdict) for o in report.of_kind("differs")] == []
    asked = {outcome.question.name for outcome in report.of_kind("holds")}
    without_key = {q.name for q in all_questions() if q.suite == suite and q.key == "ours"}
    assert asked == without_key
    assert report.exit_status == 0


@pytest.mark.sweep
def test_a_second_run_finds_what_the_first_found(fake: Patient) -> None:
    """Its answers do not depend on what was asked before."""
    kinds = [[o.verdict.kind for o in fake.verified().outcomes] for _ in range(2)]
    assert kinds[0] == kinds[1]


@pytest.mark.sweep
@pytest.mark.parametrize(
    "settings",
    [
        {"max_best_of": 1, "max_stop_sequences": 1, "max_client_batch_size": 2, "max_top_n_tokens": 2},
        {"max_input_tokens": 200, "max_total_tokens": 300},
        {"disable_grammar_support": True, "max_input_tokens": 100_000, "max_total_tokens": 200_000},
        {"payload_limit": 3_000_000, "model_id": "some/model", "seed": 7},
        {"tokenizer_name": str(RECORDINGS / "tokenizer")},
        {"ignore_eos": True, "max_top_n_tokens": 0, "max_stop_sequences": 0},
    ],
    ids=["small limits", "short prompts", "no grammars", "large payloads", "another model", "nothing extra"],
)
def test_nothing_is_found_on_a_fake_with_other_limits(settings: dict[str, object]) -> None:
    """What the server's own limits do not allow is not asked, with the reason, and is no difference."""
    with patient(**settings) as fake:
        report = fake.verified()
    assert [(o.question.name, o.verdict.violations) for o in report.of_kind("differs")] == []
    assert len(report.of_kind("holds")) > 140
    assert all(outcome.verdict.reason for outcome in report.of_kind("unasked"))


def test_nothing_is_found_on_a_fake_without_a_chat_template() -> None:
    with patient(tokenizer_name=str(RECORDINGS / "tokenizer-no-template")) as fake:
        report = fake.verified()
    assert [(o.question.name, o.verdict.violations) for o in report.of_kind("differs")] == []
    chats = {o.verdict.reason for o in report.of_kind("unasked") if o.question.name.startswith("chat.")}
    assert any(reason.startswith("the model has no chat template") for reason in chats)


@pytest.mark.sweep
def test_a_fake_that_is_always_overloaded_is_not_waited_for_each_time() -> None:
    with patient(max_concurrent_requests=0) as fake:
        report = fake.verified("--timeout", "1.2")
    assert [(o.question.name, o.verdict.violations) for o in report.of_kind("differs")] == []
    assert report.seconds < 10
    assert "the server is overloaded: Model is overloaded" in {o.verdict.reason for o in report.outcomes}
    assert len(report.of_kind("holds")) > 60
