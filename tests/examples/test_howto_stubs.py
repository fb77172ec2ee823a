"""How to say what the server answers: stubs, from a program, from a file, over HTTP."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import requests

from fake_tgi.app import create_app
from fake_tgi.matching import Asked, Contains, RequestPattern
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from fake_tgi.stubs import Error, Raw, Step, Stub, StubMap, StubToken, Tokens, ToolCall
from text_generation import Client
from text_generation.errors import GenerationError, OverloadedError


class Fake(NamedTuple):
    """A running server's address and stubs."""

    base_url: str
    stubs: StubMap


@pytest.fixture
def fake() -> Iterator[Fake]:
    app = create_app()
    with Server(app) as server:
        yield Fake(server.base_url, app.state.stubs)


def client(fake: Fake) -> Client:
    return Client(fake.base_url, retries=0)


def test_say_what_a_prompt_is_answered_with(fake: Fake) -> None:
    fake.stubs.add(Stub(RequestPattern(inputs=Contains("capital of France")), " Paris."))

    asking = client(fake)
    assert asking.generate("What is the capital of France?").generated_text == " Paris."
    # The same stub serves every route, streamed or not.
    streamed = asking.generate_stream("Tell me the capital of France.")
    assert "".join(event.token.text for event in streamed if not event.token.special) == " Paris."
    chat = asking.chat([{"role": "user", "content": "capital of France?"}])
    assert chat.choices[0].message.content == " Paris."
    # Whatever no stub answers gets a plausible answer, the same one at every run.
    assert asking.generate("And of Spain?").generated_text != " Paris."


def test_match_any_part_of_a_request(fake: Fake) -> None:
    fake.stubs.add(
        Stub(
            {
                "route": ["/", "/generate"],  # our client posts to /
                "parameters": {"max_new_tokens": 20, "seed": {"absent": True}},
                "headers": {"x-tenant": {"matches": "^test-"}},
                "body": {"schema": {"properties": {"inputs": {"maxLength": 10}}}},
            },
            " matched",
        )
    )
    ours = Client(fake.base_url, headers={"X-Tenant": "test-7"}, retries=0)
    assert ours.generate("short", max_new_tokens=20).generated_text == " matched"
    assert ours.generate("much too long a prompt", max_new_tokens=20).generated_text != " matched"
    assert ours.generate("short", max_new_tokens=20, seed=1).generated_text != " matched"


def test_overload_the_server_twice_and_then_let_it_answer(fake: Fake) -> None:
    stub = fake.stubs.add(Stub(answer=[Error("overload"), Error("overload"), " at last"]))

    for _ in range(2):
        with pytest.raises(OverloadedError):
            client(fake).generate("x")
    assert client(fake).generate("x").generated_text == " at last"
    assert stub.hits == 3


def test_let_the_model_fail_after_three_tokens_of_a_stream(fake: Fake) -> None:
    fake.stubs.add(Stub({"streaming": True}, Error("model_failure", "out of luck", after_tokens=3)))

    stream = client(fake).generate_stream("x")
    assert len([next(stream) for _ in range(3)]) == 3
    with pytest.raises(GenerationError, match="out of luck"):
        next(stream)


def test_say_exact_tokens_with_their_likelihoods(fake: Fake) -> None:
    fake.stubs.add(
        Stub(answer=Tokens([" yes", StubToken(" no", logprob=-4.5), StubToken("</s>", special=True)]))
    )
    details = client(fake).generate("x").details
    assert details is not None
    assert [token.text for token in details.tokens] == [" yes", " no", "</s>"]
    assert details.tokens[1].logprob == -4.5


def test_call_a_tool(fake: Fake) -> None:
    fake.stubs.add(Stub(answer=ToolCall("get_weather", {"city": "Paris"})))
    weather = {"type": "object", "properties": {"city": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "get_weather", "parameters": weather}}]

    answer = requests.post(
        f"{fake.base_url}/v1/chat/completions",
        json={"messages": [{"role": "user", "content": "Is it cold?"}], "tools": tools},
        timeout=10,
    ).json()
    function = answer["choices"][0]["message"]["tool_calls"][0]["function"]
    assert (function["name"], function["arguments"]) == ("get_weather", '{"city":"Paris"}')


@pytest.mark.damages_answers  # no TGI, but a proxy in front of one
def test_answer_as_a_proxy_would(fake: Fake) -> None:
    fake.stubs.add(
        Stub(answer=Raw("<html>Bad Gateway</html>", status=502, headers={"content-type": "text/html"}))
    )
    answer = requests.post(f"{fake.base_url}/generate", json={"inputs": "x"}, timeout=10)
    assert (answer.status_code, answer.text) == (502, "<html>Bad Gateway</html>")


def test_remember_what_was_asked_before(fake: Fake) -> None:
    fake.stubs.add(Stub(answer=" Who are you?", step=Step("login", "start")))
    fake.stubs.add(
        Stub({"inputs": Contains("my name is Ada")}, " Hello Ada.", step=Step("login", next="known"))
    )
    fake.stubs.add(Stub({"inputs": Contains("who am I")}, " Ada.", step=Step("login", "known")))

    asking = client(fake)
    assert asking.generate("who am I").generated_text == " Who are you?"
    assert asking.generate("my name is Ada").generated_text == " Hello Ada."
    assert asking.generate("who am I").generated_text == " Ada."


def test_expect_calls_in_one_order(fake: Fake) -> None:
    first, second = fake.stubs.add_in_order(
        Stub({"inputs": "plan"}, " 1. Sleep"), Stub({"inputs": "do it"}, " Done.")
    )
    assert client(fake).generate("do it").generated_text != " Done.", "it is not its turn"
    assert client(fake).generate("plan").generated_text == " 1. Sleep"
    assert client(fake).generate("do it").generated_text == " Done."
    assert (first.hits, second.hits) == (1, 1)


def test_compute_an_answer(fake: Fake) -> None:
    def shout(asked: Asked) -> str:
        return f" {asked.inputs.upper()}!"

    fake.stubs.add(Stub(answer=shout))
    assert client(fake).generate("hello").generated_text == " HELLO!"


@pytest.mark.damages_answers  # TGI has no such error
def test_check_a_request_where_it_arrives_and_see_what_failed(fake: Fake) -> None:
    def polite(asked: Asked) -> str:
        assert "please" in asked.inputs
        return " Of course."

    fake.stubs.add(Stub(answer=polite, name="politeness"))
    assert client(fake).generate("Help me, please.").generated_text == " Of course."
    answer = requests.post(f"{fake.base_url}/generate", json={"inputs": "Help me!"}, timeout=10)
    assert answer.status_code == 500
    assert answer.json()["error"].startswith("politeness raised AssertionError")
    # The failure itself is kept for the test, with its traceback.
    with pytest.raises(AssertionError, match="please"):
        fake.stubs.raise_errors()


STUBS = """\
version: 1
stubs:
  - when: {inputs: {contains: capital}}
    answer: {text: " Paris."}
  - when: {inputs: {contains: weather}}
    answers:
      - error: overload
      - text: " Sunny."
"""


def test_write_stubs_into_a_file_and_change_it_while_the_server_runs(tmp_path: Path) -> None:
    path = tmp_path / "stubs.yaml"
    path.write_text(STUBS)

    with Server(create_app(Settings(stubs=str(path)))) as server:  # or: fake-tgi serve --stubs stubs.yaml
        asking = Client(server.base_url, retries=0)
        assert asking.generate("the capital?").generated_text == " Paris."
        with pytest.raises(OverloadedError):
            asking.generate("the weather?")
        assert asking.generate("the weather?").generated_text == " Sunny."

        path.write_text(STUBS.replace("Paris", "Rome"))
        time.sleep(0.15)  # it is looked at ten times a second, when a call comes
        assert asking.generate("the capital?").generated_text == " Rome."

        path.write_text(STUBS.replace("text:", "txt:"))
        time.sleep(0.15)
        assert asking.generate("the capital?").generated_text == " Rome.", "what is wrong changes nothing"


@pytest.mark.damages_answers  # TGI never sends 501
def test_refuse_what_nobody_scripted_and_learn_why_no_stub_matched() -> None:
    app = create_app(Settings(strict=True))  # or: fake-tgi serve --strict
    app.state.stubs.add(Stub({"inputs": "Hello", "parameters": {"seed": 7}}, " Hi.", name="greeting"))

    with Server(app) as server:
        assert Client(server.base_url, retries=0).generate("Hello", seed=7).generated_text == " Hi."
        body = {"inputs": "Hallo", "parameters": {"seed": 7}}
        answer = requests.post(f"{server.base_url}/generate", json=body, timeout=10)
    assert answer.status_code == 501
    assert answer.json()["error"] == (
        'no stub answers POST /generate\ngreeting: inputs: expected "Hello", got "Hallo"'
    )


def test_control_stubs_from_any_language_over_http(fake: Fake) -> None:
    admin = f"{fake.base_url}/__admin/stubs"
    stub = {"when": {"inputs": "Hello"}, "answer": {"text": " Hi."}, "times": 1}
    added = requests.post(admin, json=stub, timeout=10)
    assert added.status_code == 201
    number = added.json()["stubs"][0]["id"]

    assert client(fake).generate("Hello").generated_text == " Hi."
    assert requests.get(f"{admin}/{number}", timeout=10).json()["hits"] == 1
    requests.put(admin, json={"stubs": [{"answer": {"text": " Anything."}}]}, timeout=10)
    assert client(fake).generate("Hello").generated_text == " Anything."

    wrong = requests.post(admin, json={"answer": {"txt": "a"}}, timeout=10)
    assert (wrong.status_code, wrong.json()["path"]) == (422, "answer.txt")
    requests.delete(admin, timeout=10)
    assert requests.get(admin, timeout=10).json()["stubs"] == []
