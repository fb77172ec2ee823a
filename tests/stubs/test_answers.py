"""One answer of the model has the shape of every route, whole and streamed, and keeps the contracts there."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fake_tgi.generation import Generation, Token
from fake_tgi.matching import FormError
from fake_tgi.stubs import Generated, Raw, Stub, StubToken, Text, Tokens, ToolCall
from tests.fake.asking import ask
from tests.stubs.serving import BODIES, ROUTES, post, said, stubbed

TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": {}}}}
    for name in ("get_weather", "get_time")
]


@pytest.mark.parametrize(("path", "stream"), ROUTES)
def test_a_text_is_said_on_every_route(path: str, stream: bool) -> None:
    reply = post(stubbed(Stub(answer=" Paris, naturellement é 🙂.")), path, stream)
    assert reply.status == 200
    assert said(reply).removesuffix("</s>") == " Paris, naturellement é 🙂."


@pytest.mark.parametrize(("path", "stream"), ROUTES)
def test_exact_tokens_are_said_on_every_route(path: str, stream: bool) -> None:
    tokens = Tokens(["Hel", "lo", Token(2, "</s>", -0.25, special=True)])
    reply = post(stubbed(Stub(answer=tokens)), path, stream)
    assert reply.status == 200
    assert said(reply).removesuffix("</s>") == "Hello"


def details(answer: Any, **parameters: Any) -> dict[str, Any]:
    body = {"inputs": "Hello", "parameters": {"details": True, **parameters}}
    found: dict[str, Any] = ask(stubbed(Stub(answer=answer)), "POST", "/generate", body).json()
    return found


def test_a_text_ends_as_a_model_would_end_it() -> None:
    whole = details(" one two three")
    assert whole["details"]["finish_reason"] == "eos_token"
    assert whole["details"]["tokens"][-1]["special"]
    cut = details(" one two three", max_new_tokens=2)
    assert (cut["details"]["finish_reason"], len(cut["details"]["tokens"])) == ("length", 2)
    assert " one two three".startswith(cut["generated_text"])
    stopped = details(" one two three", stop=[" two"])
    assert (stopped["generated_text"], stopped["details"]["finish_reason"]) == (" one two", "stop_sequence")


@pytest.mark.damages_answers  # a stop sequence that nobody asked for, a length that is none
@pytest.mark.parametrize("reason", ["length", "stop_sequence"])
def test_a_text_can_end_for_another_reason_and_then_has_no_end_token(reason: Any) -> None:
    found = details(Text(" one two", reason))
    assert found["generated_text"] == " one two"
    assert found["details"]["finish_reason"] == reason
    assert not any(token["special"] for token in found["details"]["tokens"])


def test_a_text_longer_than_the_router_asks_for_at_once_is_said_whole() -> None:
    text = "".join(f" word{number}" for number in range(900))
    app = stubbed(Stub(answer=text), max_total_tokens=8000)
    reply = ask(
        app, "POST", "/generate", {"inputs": "Hi", "parameters": {"max_new_tokens": 7000, "details": True}}
    )
    assert reply.json()["generated_text"] == text
    assert reply.json()["details"]["generated_tokens"] > 2048
    assert reply.json()["details"]["finish_reason"] == "eos_token"
    stream = ask(app, "POST", "/generate_stream", {"inputs": "Hi", "parameters": {"max_new_tokens": 7000}})
    assert stream.events[-1]["generated_text"] == text


def test_the_same_text_has_the_same_tokens_on_every_route() -> None:
    app = stubbed(Stub(answer=" The same."))
    whole = [(t["id"], t["logprob"]) for t in post(app).json()["details"]["tokens"]]
    streamed = post(app, "/generate_stream", stream=True).events
    assert [(event["token"]["id"], event["token"]["logprob"]) for event in streamed] == whole


def test_the_tokenizer_supplies_what_a_token_leaves_out() -> None:
    found = details(Tokens(["Hel", StubToken("lo", logprob=-0.5), StubToken("!", id=7, special=False)]))
    first, second, third = found["details"]["tokens"]
    assert first["logprob"] < 0
    assert first["id"] > 0
    assert (second["text"], second["logprob"]) == ("lo", -0.5)
    assert (third["id"], third["text"]) == (7, "!")


def test_a_text_that_ends_a_sequence_is_known_as_special() -> None:
    found = details(Tokens(["Hello", "</s>"]))
    assert found["details"]["tokens"][-1]["special"]
    assert found["generated_text"] == "Hello"


@pytest.mark.damages_answers  # tokens are said exactly, even where the request allows fewer
def test_exact_tokens_are_said_whatever_the_request_allows() -> None:
    found = details(Tokens(["a", "b", "c"], "stop_sequence"), max_new_tokens=1, stop=["b"])
    assert [token["text"] for token in found["details"]["tokens"]] == ["a", "b", "c"]
    assert found["details"]["finish_reason"] == "stop_sequence"
    found = details(Tokens(["a", "b"], "length"), max_new_tokens=9)
    assert [token["text"] for token in found["details"]["tokens"]] == ["a", "b"]


def test_a_logprob_of_none_is_sent_as_null_and_others_as_32_bit_floats() -> None:
    found = details(Tokens([StubToken("a", logprob=None), StubToken("b", logprob=-0.1)]))
    assert [token["logprob"] for token in found["details"]["tokens"]] == [None, -0.1]
    assert (
        b"-0.1,"
        in ask(
            stubbed(Stub(answer=Tokens([StubToken("b", logprob=-0.1)]))),
            "POST",
            "/generate",
            BODIES["/generate", False],
        ).body
    )


def test_what_a_request_asks_for_beside_the_tokens_is_there() -> None:
    found = details(Tokens(["a", "b"]), top_n_tokens=2, decoder_input_details=True, do_sample=True, seed=5)
    assert found["details"]["seed"] == 5
    assert found["details"]["prefill"]
    assert [len(tops) >= 2 for tops in found["details"]["top_tokens"]] == [True, True]


def tool_calls(stub: Stub, **more: Any) -> Any:
    body = {"messages": [{"role": "user", "content": "Weather?"}], "tools": TOOLS, **more}
    return ask(stubbed(stub), "POST", "/v1/chat/completions", body)


def test_a_tool_call_is_called_whole_and_streamed() -> None:
    stub = Stub(answer=ToolCall("get_weather", {"city": "Paris", "days": [1, 2]}))
    message = tool_calls(stub).json()["choices"][0]["message"]
    function = message["tool_calls"][0]["function"]
    assert function["name"] == "get_weather"
    assert function["arguments"] == '{"city":"Paris","days":[1,2]}'
    pieces = [
        event["choices"][0]["delta"]["tool_calls"][0]["function"]
        for event in tool_calls(stub, stream=True).events
        if isinstance(event, dict) and event["choices"] and "tool_calls" in event["choices"][0]["delta"]
    ]
    assert pieces[0]["name"] == "get_weather"
    assert json.loads("".join(piece["arguments"] for piece in pieces)) == {"city": "Paris", "days": [1, 2]}


@pytest.mark.parametrize("stream", [False, True])
def test_a_text_is_said_where_tools_are_offered_but_none_is_needed(stream: bool) -> None:
    assert (
        said(tool_calls(Stub(answer=" It is sunny."), stream=stream)).removesuffix("</s>") == " It is sunny."
    )


def test_a_text_that_is_a_call_is_one() -> None:
    written = '{"function": {"_name": "get_time", "zone": "UTC"}}'
    message = tool_calls(Stub(answer=written)).json()["choices"][0]["message"]
    assert message["tool_calls"][0]["function"] == {
        "description": None, "name": "get_time", "arguments": '{"zone":"UTC"}'
    }  # fmt: skip


def test_a_text_where_a_tool_must_be_called_is_the_routers_error() -> None:
    reply = tool_calls(Stub(answer="sunny"), tool_choice="required")
    assert (reply.status, reply.json()["error_type"]) == (422, "tool_error")


def test_a_generation_is_produced_as_it_is() -> None:
    made = Generation((Token(11, "x", -0.5), Token(2, "</s>", -0.25, special=True)), "x", "eos_token", 3)
    found = details(Generated(made))
    assert [token["id"] for token in found["details"]["tokens"]] == [11, 2]
    assert said(post(stubbed(Stub(answer=made)))) == "x"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Text(5),  # type: ignore[arg-type]
        lambda: Text("", "length"),
        lambda: Text("a", "eos"),  # type: ignore[arg-type]
        lambda: Text("\ud800"),
        lambda: Tokens(["\ud800"]),
        lambda: Raw("\ud800"),
        lambda: Tokens([]),
        lambda: Tokens("abc"),
        lambda: Tokens([5]),  # type: ignore[list-item]
        lambda: Tokens([StubToken("a", logprob=0.5)]),
        lambda: ToolCall(""),
        lambda: ToolCall("f", {"_name": "g"}),
        lambda: Stub(answer=5),
        lambda: Stub(answer=[]),
        lambda: Stub(answer="a", times=0),
        lambda: Stub({"inputs": {"contain": "a"}}, "a"),
        lambda: Stub(answer={"text": "a", "error": "overload"}),
    ],
)
def test_an_answer_that_is_none_is_refused_when_it_is_made(wrong: Any) -> None:
    with pytest.raises(FormError, match="expected"):
        wrong()


def test_stubs_answer_behind_the_routers_own_rules() -> None:
    app = stubbed(Stub(answer="a"), api_key="sesame")
    assert post(app).status == 401
    body = {"inputs": "Hello", "parameters": {"max_new_tokens": 0}}
    assert ask(stubbed(Stub(answer="a")), "POST", "/generate", body).status == 422
    assert ask(stubbed(Stub(answer="a")), "GET", "/generate").status == 405
    full = stubbed(Stub(answer="a"), max_concurrent_requests=0)
    assert post(full).status == 429


def test_the_books_and_the_permits_are_those_of_any_answer() -> None:
    app = stubbed(Stub(answer=" one"))
    post(app)
    assert app.state.metrics.successes == 1
    assert app.state.permits.free == app.state.settings.max_concurrent_requests
