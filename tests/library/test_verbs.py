"""What can be said to a fake: every verb, its bounds, and what it says to what it cannot do."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import requests

import fake_tgi
import text_generation.errors
from fake_tgi import (
    FakeTGI,
    absent,
    anything,
    contains,
    equals,
    fake_tgi_cases,
    json_schema,
    json_subset,
    matches,
)
from fake_tgi.call import Call
from fake_tgi.faults import FAULTS, FaultError, rules_of
from fake_tgi.generation import Token
from fake_tgi.library import (
    Case,
    LiveStub,
    RemoteFake,
    SeenRequest,
    Sentence,
    SettingsArguments,
    StubBuilder,
    StubGone,
    Then,
)
from fake_tgi.library.arguments import ALIASES, SEVERAL
from fake_tgi.library.troubles import VERBS, Troubles
from fake_tgi.matching import FormError
from fake_tgi.recordings.recording import parse_recording
from fake_tgi.settings import Settings, SettingsError
from fake_tgi.stubs import Error, StubToken
from text_generation import Client
from tgi_contracts import error_rows, recordings


@pytest.fixture
def fake() -> Iterator[FakeTGI]:
    with FakeTGI(listen=False) as fake:
        yield fake


def post(fake: FakeTGI, path: str, body: Any, **headers: str) -> requests.Response:
    with requests.Session() as session:
        session.mount(fake.base_url, fake.requests_adapter())
        return session.post(fake.base_url + path, json=body, headers=headers, timeout=10)


def text(fake: FakeTGI, inputs: str = "Hello", **parameters: Any) -> str:
    answer = post(fake, "/generate", {"inputs": inputs, "parameters": parameters})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["generated_text"])


def chat(fake: FakeTGI, content: str = "Hello", **more: Any) -> Any:
    body = {"messages": [{"role": "user", "content": content}], **more}
    return post(fake, "/v1/chat/completions", body).json()


# Answers


def test_texts_answer_one_call_each_and_the_last_one_stays(fake: FakeTGI) -> None:
    fake.reply(["one", "two"])
    assert [text(fake) for _ in range(3)] == ["one", "two", "two"]


def test_several_texts_may_stand_side_by_side_or_in_a_list(fake: FakeTGI) -> None:
    fake.reply("three", "four", times=2)
    fake.on_generate(inputs="a").reply("one", "two")
    fake.on_generate(inputs="b").reply(["one", "two"])
    assert [text(fake, inputs) for inputs in "aabbcc"] == ["one", "two", "one", "two", "three", "four"]
    wrongs: tuple[Any, ...] = (("a", 5), (["a", None],), (b"a",))
    for wrong in wrongs:
        with pytest.raises(FormError, match="text: expected a text"):
            fake.on().reply(*wrong)


def test_a_reply_may_be_for_so_many_calls(fake: FakeTGI) -> None:
    unscripted = text(fake)
    fake.reset()
    fake.reply("scripted", times=2)
    assert [text(fake), text(fake)] == ["scripted", "scripted"]
    assert text(fake) == unscripted


def test_each_kind_of_answer(fake: FakeTGI) -> None:
    fake.on(inputs="tokens").tokens([StubToken("a", logprob=-0.5), Token(7, "b", -1.0)], finish="length")
    fake.on(inputs="error").error("model_failure", "no memory")
    fake.on(inputs="run").run(lambda asked: asked.inputs.upper())
    fake.on(inputs="any").answer({"text": "as a stub file has it"})
    fake.on(inputs="order").in_order("first", Error("overload"), "third")

    details = post(fake, "/generate", {"inputs": "tokens", "parameters": {"details": True}}).json()
    assert details["generated_text"] == "ab"
    assert details["details"]["finish_reason"] == "length"
    assert [token["logprob"] for token in details["details"]["tokens"]] == [-0.5, -1.0]
    failed = post(fake, "/generate", {"inputs": "error"})
    assert (failed.status_code, failed.json()["error"]) == (
        424,
        "Request failed during generation: Server error: no memory",
    )
    assert text(fake, "run") == "RUN"
    assert text(fake, "any") == "as a stub file has it"
    statuses = [post(fake, "/generate", {"inputs": "order"}) for _ in range(3)]
    assert [answer.status_code for answer in statuses] == [200, 429, 200]


@pytest.mark.damages_answers  # TGI has no such routes
def test_raw_and_json_answers_come_as_they_are(fake: FakeTGI) -> None:
    fake.on("/raw").raw(418, {"x-kind": "teapot"}, "short and stout")
    fake.on("/json").json({"a": [1]}, status=201)
    raw = post(fake, "/raw", None)
    assert (raw.status_code, raw.headers["x-kind"], raw.text) == (418, "teapot", "short and stout")
    made = post(fake, "/json", None)
    assert (made.status_code, made.headers["content-type"], made.json()) == (
        201,
        "application/json",
        {"a": [1]},
    )


def test_a_tool_is_called(fake: FakeTGI) -> None:
    fake.on_chat().call_tool("weather", {"city": "Paris"})
    function = {"name": "weather", "description": "", "parameters": {"type": "object", "properties": {}}}
    answer = chat(fake, tools=[{"type": "function", "function": function}], tool_choice="auto")
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "weather"


@pytest.mark.damages_answers(reason="the answer to another request")
def test_a_recorded_exchange_answers_by_name_by_file_and_as_a_value(fake: FakeTGI, tmp_path: Path) -> None:
    import json

    exchange = next(each for each in recordings() if each["request"]["path"] == "/generate")
    file = tmp_path / "one.json"
    file.write_text(json.dumps(exchange), encoding="utf-8")
    expected = "".join(exchange["response"]["chunks"])
    for given in (exchange["name"], file, f"{file}#{exchange['name']}", parse_recording(exchange)):
        stub = fake.on_generate().recorded(given)
        assert post(fake, "/generate", {"inputs": "Hello"}).text == expected
        stub.remove()


# Which calls


@pytest.mark.parametrize(
    ("condition", "fits", "fits_not"),
    [
        (contains("ell"), "Hello", "Hallo"),
        (matches("^H.llo$"), "Hallo", "Oh, Hallo"),
        (equals("Hello"), "Hello", "hello"),
        (json_schema({"minLength": 3}), "Hello", "Ha"),
        (anything(), "Hello", None),
        ("Hello", "Hello", "hello"),
        (str.isupper, "HELLO", "Hello"),
    ],
)
def test_matchers_say_what_a_value_must_be(fake: FakeTGI, condition: Any, fits: str, fits_not: Any) -> None:
    stub = fake.on_generate(inputs=condition).reply("matched")
    assert text(fake, fits) == "matched"
    post(fake, "/generate", {"inputs": fits_not} if fits_not is not None else {})
    assert stub.called_once


def test_every_part_of_a_request_can_be_matched(fake: FakeTGI) -> None:
    fake.on_chat(
        inputs=contains("Paris"),
        messages=json_schema({"maxItems": 1}),
        parameters={"max_tokens": 5, "seed": absent(), "temperature": anything()},
        model="mine",
        headers={"X-Tenant": matches("^t-")},
        body=json_subset({"stream": False}),
        stream=False,
        where=lambda asked: len(asked.inputs) < 20,
    ).reply("all of it")
    body = {"model": "mine", "max_tokens": 5, "temperature": 0.5, "stream": False}
    body["messages"] = [{"role": "user", "content": "In Paris"}]
    assert (
        post(fake, "/v1/chat/completions", body, **{"x-tenant": "t-1"})
        .json()["choices"][0]["message"]["content"]
        .startswith("all")
    )
    post(fake, "/v1/chat/completions", {**body, "seed": 1}, **{"x-tenant": "t-1"})
    (missed,) = fake.unmatched
    assert fake.near_misses(missed) == ["stub 1: parameters.seed: expected nothing, got 1"]


def test_routes_have_verbs_of_their_own(fake: FakeTGI) -> None:
    fake.on_generate().reply("generate")
    fake.on_chat().reply("chat")
    fake.on_completions(prompt="Hello").reply("completions")
    fake.on_tokenize(inputs="Hello").json([])
    assert text(fake) == "generate"
    assert post(fake, "/", {"inputs": "Hello"}).json()[0]["generated_text"].endswith("generate")
    hosted = post(fake, f"/models/{fake.settings.model_id}", {"inputs": "Hello"}).json()
    assert hosted[0]["generated_text"].endswith("generate")
    assert chat(fake)["choices"][0]["message"]["content"] == "chat"
    assert post(fake, "/v1/completions", {"prompt": "Hello"}).json()["choices"][0]["text"] == "completions"
    assert post(fake, "/tokenize", {"inputs": "Hello"}).json() == []
    assert fake.unmatched == []
    assert fake.unused == []


def test_what_is_no_pattern_and_no_answer_is_refused_at_once(fake: FakeTGI) -> None:
    with pytest.raises(FormError, match="route: expected a path that begins with /"):
        fake.on("generate")
    with pytest.raises(FormError, match="matches: expected a regular expression"):
        matches("(")
    with pytest.raises(FormError, match=r"error: expected an error that there is: overload\?"):
        fake.on().error("overlaod")
    with pytest.raises(FormError, match="times: expected a number from 1"):
        fake.on().times(0).reply("never")
    for wrong in (5, None, b"bytes", {"a": "b"}):
        with pytest.raises(FormError, match="text: expected a text, or several in a list, got"):
            fake.reply(wrong)  # type: ignore[arg-type]
    with pytest.raises(FormError, match='where: expected a function of what is asked, got "yes"'):
        fake.on(where="yes")  # type: ignore[arg-type]
    with pytest.raises(FormError, match='function: expected a function of what is asked, got "yes"'):
        fake.on().run("yes")  # type: ignore[arg-type]
    with pytest.raises(
        FormError, match=r"arguments: expected an object with a value for each name, got \[1\]"
    ):
        fake.on_chat().call_tool("f", [1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"expected a case, one of fake_tgi_cases\(...\), got 'overload'"):
        fake.inject("overload")  # type: ignore[arg-type]
    assert fake.stubs == []


@pytest.mark.parametrize("wrong", [5, 0.5, True, None, b"bytes", print])
def test_a_matcher_and_a_name_of_the_wrong_type_are_refused_at_once(fake: FakeTGI, wrong: Any) -> None:
    with pytest.raises(
        TypeError, match=r"^matches: expected a regular expression, as a text or compiled, got "
    ):
        matches(wrong)
    with pytest.raises(TypeError, match=r"^named: expected a text, got "):
        fake.on().named(wrong)
    live = fake.reply("a").named("mine")
    with pytest.raises(TypeError, match=r"^named: expected a text, got "):
        live.named(wrong)
    assert live.name == "mine"
    with pytest.raises(TypeError, match=r"^matches: .*got re\.compile\(b'a'\)"):
        matches(re.compile(b"a"))  # type: ignore[arg-type]


# Lifetimes


def test_a_lifetime_may_be_said_before_the_answer_or_after_it(fake: FakeTGI) -> None:
    fake.reply("always")
    fake.on().once().reply("before")
    fake.on().reply("after").once()
    assert [text(fake) for _ in range(3)] == ["after", "before", "always"]


def test_a_higher_priority_is_asked_first_and_the_newest_of_equals(fake: FakeTGI) -> None:
    fake.on().priority(1).reply("first").named("important").once()
    fake.reply("second", times=1)
    fake.reply("third", times=1)
    assert [text(fake) for _ in range(3)] == ["first", "third", "second"]
    assert fake.requests[0].stub == "important"


def test_a_scenario_leads_from_state_to_state(fake: FakeTGI) -> None:
    fake.on().in_scenario("talk", "start", then="greeted").reply("Hello.")
    fake.on().reply("Again?").in_scenario("talk", "greeted")
    assert [text(fake) for _ in range(3)] == ["Hello.", "Again?", "Again?"]


def test_a_stub_that_has_answered_does_not_change(fake: FakeTGI) -> None:
    stub = fake.reply("said")
    text(fake)
    with pytest.raises(RuntimeError, match="stub 1 has answered already"):
        stub.once()


def test_a_wrong_lifetime_leaves_the_stub_as_it_was(fake: FakeTGI) -> None:
    stub = fake.reply("said")
    with pytest.raises(FormError, match="times: expected a number from 1"):
        stub.times(-1)
    assert [text(fake), text(fake)] == ["said", "said"]
    assert stub.call_count == 2


def test_stubs_that_no_call_used_are_told_but_not_the_optional_ones(fake: FakeTGI) -> None:
    used, unused = fake.reply("used"), fake.on("/info").json({})
    fake.on(inputs="never").reply("x").optional()
    text(fake)
    assert fake.unused == [unused]
    used.assert_called()
    used.assert_called(1)
    with pytest.raises(AssertionError, match="stub 2: expected at least one call, got 0"):
        unused.assert_called()
    with pytest.raises(AssertionError, match="stub 1: expected 2 calls, got 1"):
        used.assert_called(2)


def test_a_removed_stub_answers_no_more_and_still_tells_what_it_did(fake: FakeTGI) -> None:
    stub = fake.reply("here")
    text(fake)
    stub.remove()
    assert text(fake) != "here"
    assert (stub.call_count, stub.calls[0].inputs) == (1, "Hello")
    with pytest.raises(StubGone):
        stub.remove()


@pytest.mark.damages_answers
def test_a_stub_and_a_pattern_are_told_without_their_secrets_and_placed_with_them(fake: FakeTGI) -> None:
    key = "Bearer hf_" + "a1b2" * 3
    stub = fake.on_generate(headers={"Authorization": key, "x-user": "me"}).json(
        {}, headers={"set-cookie": "a=b1"}
    )
    assert key not in repr(stub)
    assert "b1" not in repr(stub)
    assert "'x-user': 'me'" in repr(stub).replace("{'equals': 'me'}", "'me'")
    with pytest.raises(AssertionError) as raised:
        fake.assert_request_made(headers={"x-api-key": contains("much")}, where=lambda asked: True)
    assert "much" not in str(raised.value)
    post(fake, "/generate", {"inputs": "Hello"})
    with pytest.raises(AssertionError) as raised:
        fake.assert_request_made(where=lambda asked: True, body={"subset": {"a": {"jwt": "much"}}})
    assert 'body.a: expected {"jwt": "REDACTED"}, got nothing' in str(raised.value)
    assert "much" not in str(raised.value)
    (placed,) = fake.state.stubs
    assert placed.stub.when.as_json()["headers"]["authorization"] == key


@pytest.mark.damages_answers(reason="TGI has no functions that raise")
def test_what_a_function_raises_is_kept(fake: FakeTGI) -> None:
    def broken(asked: Any) -> str:
        raise AssertionError("expected another prompt")

    fake.on().run(broken)
    assert post(fake, "/generate", {"inputs": "Hello"}).status_code == 500
    (error,) = fake.function_errors
    assert isinstance(error, AssertionError)
    assert str(error) == "expected another prompt"


# What goes wrong


def test_there_is_a_verb_for_every_fault() -> None:
    assert list(VERBS) == list(FAULTS)
    verbs = [verb for verbs in VERBS.values() for verb in verbs]
    public = {name for name in vars(Troubles) if not name.startswith("_")}
    assert public == {*verbs, "ok"}


@pytest.mark.parametrize(("kind", "verb"), [(kind, verb) for kind, verbs in VERBS.items() for verb in verbs])
def test_each_verb_plans_its_fault_and_every_field_of_it_can_be_said(
    fake: FakeTGI, kind: str, verb: str
) -> None:
    say = getattr(fake, verb)
    sentence = say(seconds=1) if verb == "stall" else say()
    (rule,) = sentence.rules
    assert type(rule.fault) is FAULTS[kind]
    assert fake.state.faults.plan.rules == (rule,)
    if verb in ("disconnect", "tcp_reset", "resegment", "error"):
        return  # a shorter way to say a part of it
    own = {"content_type": "value", "tokens": "after_tokens"}
    said = {own.get(spec.name, spec.name) for spec in fields(FAULTS[kind])}
    assert said <= set(inspect.signature(say).parameters)


def test_the_parts_of_a_sentence_follow_one_another(fake: FakeTGI) -> None:
    fake.ok(2).then.cut(after_tokens=3, how="reset", times=2).then.stall(seconds="20ms").then.html(times=None)
    assert fake.state.faults.plan.rules == rules_of(
        [
            "cut(tokens=3, how=reset) first=3 times=2",
            "stall(20ms) first=5 times=1",
            "proxy_page first=6",
        ]
    )


def test_nothing_follows_what_goes_on_for_ever(fake: FakeTGI) -> None:
    with pytest.raises(ValueError, match="say how many calls, with times="):
        _ = fake.overloaded(times=None).then
    with pytest.raises(ValueError, match="times: expected a number of calls from 1, or None for all, got 0"):
        fake.cut(times=0)


@pytest.mark.damages_answers
def test_a_sentence_tells_what_has_not_struck(fake: FakeTGI) -> None:
    sentence = fake.html(503).then.gzip()
    text_of = post(fake, "/generate", {"inputs": "Hello"})
    assert text_of.status_code == 503
    assert sentence.unstruck == ["gzip"]
    text(fake)
    assert sentence.unstruck == []


@pytest.mark.damages_answers
def test_errors_have_a_status_or_a_name(fake: FakeTGI) -> None:
    fake.error(503, "busy", error_type="mine").then.error("model_failure", "no memory").then.error("overload")
    answers = [post(fake, "/generate", {"inputs": "Hello"}) for _ in range(3)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (503, {"error": "busy", "error_type": "mine"}),
        (
            424,
            {
                "error": "Request failed during generation: Server error: no memory",
                "error_type": "generation",
            },
        ),
        (429, {"error": "Model is overloaded", "error_type": "overloaded"}),
    ]
    with pytest.raises(
        ValueError, match=r"expected an HTTP status, or one of validation, .*; got 'bad_json'"
    ):
        fake.error("bad_json")
    with pytest.raises(ValueError, match="overload always has the same text"):
        fake.error("overload", "too busy")


@pytest.mark.damages_answers
def test_faults_in_words_and_none_any_more(fake: FakeTGI) -> None:
    fake.fault("error(500) rate=1", "gzip first=9")
    assert post(fake, "/generate", {"inputs": "Hello"}).status_code == 500
    fake.clear_faults()
    assert post(fake, "/generate", {"inputs": "Hello"}).status_code == 200
    with pytest.raises(FaultError, match="did you mean gzip"):
        fake.fault("gzipp")


# The table of errors


def test_cases_are_the_rows_of_the_table_by_route_and_cause() -> None:
    assert [str(case) for case in fake_tgi_cases()] == [row.id for row in error_rows()]
    assert {case.route for case in fake_tgi_cases("/generate_stream")} == {"/generate_stream"}
    assert {case.cause for case in fake_tgi_cases(cause="overload")} == {"overload"}
    with pytest.raises(ValueError, match=r"route: expected one of /, /chat_tokenize, .*, got '/nope2'"):
        fake_tgi_cases("/nope2")


def _client_call(client: Client, case: Case) -> Any:
    """The call of our client that meets a case as its row says."""
    if case.route in ("/v1/chat/completions", "/chat_tokenize"):
        message = [{"role": "user", "content": "x"}]
        return list(client.chat(message, stream=True)) if case.in_stream else client.chat(message)
    return list(client.generate_stream("x")) if case.in_stream else client.generate("x")


def _raised(call: Callable[[], Any]) -> str | None:
    try:
        call()
    except text_generation.errors.TextGenerationError as error:
        return type(error).__name__
    return None


GENERATING = ("/", "/generate", "/generate_stream", "/v1/chat/completions")


@pytest.mark.damages_answers
def test_our_client_raises_what_each_case_says(fake: FakeTGI) -> None:
    with requests.Session() as session:
        session.mount(fake.base_url, fake.requests_adapter())
        client = Client(fake.base_url, session=session)
        for case in fake_tgi_cases():
            if case.route not in GENERATING:
                continue
            stub = fake.inject(case)
            assert _raised(lambda case=case: _client_call(client, case)) == case.client_error, case
            assert stub.called, case
            stub.remove()


@pytest.mark.damages_answers
def test_an_injected_case_is_answered_as_its_row_says(fake: FakeTGI) -> None:
    from tgi_contracts import check_error

    for case in fake_tgi_cases():
        row = case.row
        stub = fake.inject(case)
        with requests.Session() as session:
            session.mount(fake.base_url, fake.requests_adapter())
            body = _asking(row.path, row.id, case.in_stream)
            method = "GET" if body is None else "POST"
            got = session.request(method, fake.base_url + row.path, json=body, timeout=10)
        headers = [[name.lower(), value] for name, value in got.headers.items()]
        response = {"status": got.status_code, "headers": headers, "chunks": [got.text]}
        assert check_error(row, response) == [], case
        assert stub.called_once, case
        stub.remove()


def _asking(path: str, id: str, stream: bool) -> Any:
    if path in ("/health", "/ping", "/info", "/metrics", "/v1/models", "/nope"):
        return None
    asked: dict[str, Any] = {"inputs": "Hello"}
    if "chat" in id:
        asked = {"messages": [{"role": "user", "content": "Hello"}]}
    elif "completions" in id:
        asked = {"prompt": "Hello"}
    elif path == "/vertex":
        asked = {"instances": [{"inputs": "Hello"}]}
    return {**asked, "stream": True} if stream else asked


# Settings


def test_every_setting_can_be_given_by_its_name_and_type() -> None:
    said = get_type_hints(SettingsArguments)
    real = {
        name: hint
        for name, hint in get_type_hints(Settings).items()
        if name not in ("hostname", "port", "model_folder")
    }
    assert set(said) == {*real, *ALIASES}, (
        "fake_tgi/library/arguments.py lists every setting for type checkers"
    )
    for name, hint in said.items():
        expected = real[ALIASES.get(name, name)]
        if name in SEVERAL:
            expected = str | Sequence[str]
        may_be_a_path = set(get_args(hint)) - {PathLike[str]} == (set(get_args(expected)) or {expected})
        assert hint == expected or set(map(type, get_args(hint))) == {expected} or may_be_a_path, (
            f"{name}: SettingsArguments says {hint}"
        )


def test_a_name_that_there_is_not_is_refused_with_those_that_are_near() -> None:
    with pytest.raises(TypeError, match="FakeTGI has no setting 'sede': did you mean seed"):
        FakeTGI(sede=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'hostname': say host="):
        FakeTGI(hostname="127.0.0.1")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="time_to_first_token is given twice: as"):
        FakeTGI(ttft="1s", time_to_first_token="2s")
    with pytest.raises(SettingsError, match="`max_best_of` must be an integer"):
        FakeTGI(max_best_of="2")  # type: ignore[arg-type]


def test_settings_reach_the_fake() -> None:
    fake = FakeTGI(listen=False, ttft="1s", itl="20ms", seed=5, strict=True, model_id="a/b", clock="virtual")
    settings = fake.settings
    assert (settings.time_to_first_token, settings.inter_token_latency) == ("1s", "20ms")
    assert (settings.seed, settings.strict, settings.model_id) == (5, True, "a/b")


def test_times_that_cannot_be_are_refused_and_change_nothing(fake: FakeTGI) -> None:
    with pytest.raises(SettingsError):
        fake.timing(ttft="soon")
    assert fake.state.settings.time_to_first_token is None


# Names


def test_the_package_has_the_names_of_the_library() -> None:
    from fake_tgi import library

    assert set(fake_tgi.__all__) <= set(library.__all__)
    for name in fake_tgi.__all__:
        assert getattr(fake_tgi, name) is getattr(library, name)
    assert set(fake_tgi.__all__) <= set(dir(fake_tgi))
    with pytest.raises(AttributeError, match="has no attribute 'FakeTGU'"):
        _ = fake_tgi.FakeTGU  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", [FakeTGI, Sentence, Then, Case])
def test_every_public_member_says_what_it_is(kind: type) -> None:
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if not name.startswith("_") and member.__class__.__name__ != "member_descriptor":
            function = getattr(member, "fget", None) or getattr(member, "__func__", member)
            assert inspect.getdoc(function), name


def test_the_strategies_are_at_hand(fake: FakeTGI) -> None:
    import fake_tgi.strategies as strategies

    assert fake.strategies is strategies


def test_a_call_in_the_journal_is_a_value(fake: FakeTGI) -> None:
    text(fake)
    assert isinstance(fake.last_request.call, Call)
    assert fake.last_request.event is fake.journal[-1]


@pytest.mark.parametrize(
    "kind", [FakeTGI, RemoteFake, LiveStub, StubBuilder, SeenRequest, Sentence, Then, Case]
)
def test_every_public_member_is_used_in_a_typed_program(kind: type) -> None:
    program = (Path(__file__).resolve().parents[1] / "typing" / "library.py").read_text(encoding="utf-8")
    used = {node.attr for node in ast.walk(ast.parse(program)) if isinstance(node, ast.Attribute)}
    assert {name for name in dir(kind) if not name.startswith("_")} - used <= {"row"}


@pytest.mark.parametrize(
    ("illness", "health", "status"),
    [({}, 503, 200), ({"gone": True}, 503, 424), ({"crash_after": 0, "crash_message": "oops"}, 200, 424)],
)
@pytest.mark.damages_answers(reason="a model that is gone")
def test_a_model_may_be_ill(fake: FakeTGI, illness: dict[str, Any], health: int, status: int) -> None:
    fake.sick(**illness)
    with requests.Session() as session:
        session.mount(fake.base_url, fake.requests_adapter())
        assert session.get(f"{fake.base_url}/health", timeout=10).status_code == health
    assert post(fake, "/generate", {"inputs": "Hello"}).status_code == status
    fake.well()
    assert text(fake)


def test_what_a_call_says_may_come_first() -> None:
    """`on_generate("France")` is what everybody writes first."""
    with FakeTGI(listen=False) as fake:
        placed = [
            fake.on_generate("France").optional().reply("Paris."),
            fake.on_chat("France").optional().reply("Paris."),
            fake.on_completions("France").optional().reply("Paris."),
        ]
        named = [
            fake.on_generate(inputs="France").optional().reply("Paris."),
            fake.on_chat(inputs="France").optional().reply("Paris."),
            fake.on_completions(prompt="France").optional().reply("Paris."),
        ]
        assert [repr(each).partition(": ")[2] for each in placed] == [
            repr(each).partition(": ")[2] for each in named
        ]
