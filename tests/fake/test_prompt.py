"""A chat becomes one prompt, and the parameters that go with it."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fake_tgi.extraction import extract
from fake_tgi.prompt import chat_prompt, completion_parameters, without_tools
from fake_tgi.refusals import Refusal
from fake_tgi.requests import ChatRequest, CompletionRequest, GenerateParameters, JsonGrammar
from fake_tgi.templates import ChatTemplate, load_chat_template
from fake_tgi.tools import DEFAULT_TOOL_PROMPT

PLAIN = ChatTemplate("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}>")
LISTING = ChatTemplate(
    "{% for t in tools or [] %}{{ t.function.name }} {% endfor %}{{ messages[-1].content }}"
)
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def chat(*messages: Any, **more: Any) -> ChatRequest:
    """A request as it is sent; a string is a user's message."""
    sent = [{"role": "user", "content": each} if isinstance(each, str) else each for each in messages]
    return extract(ChatRequest, "application/json", json.dumps({"messages": sent, **more}).encode(), 10**6)


def inputs(*messages: Any, template: ChatTemplate = PLAIN, **more: Any) -> str:
    return chat_prompt(chat(*messages, **more), template).inputs


def test_every_message_is_a_role_and_a_text() -> None:
    assert inputs({"role": "system", "content": "Be kind."}, "Hi") == "system: Be kind.\nuser: Hi\n>"
    assert inputs() == ">"


def test_chunks_are_joined_and_images_become_markdown() -> None:
    chunks = [
        {"type": "text", "text": "See "},
        {"type": "image_url", "image_url": {"url": "http://x.test/a.png"}},
        {"type": "text", "text": "!"},
    ]
    assert inputs({"role": "user", "content": chunks}) == "user: See ![](http://x.test/a.png)!\n>"
    assert inputs({"role": "user", "content": []}) == "user: \n>"


def test_tool_calls_become_json_whose_arguments_are_encoded_once_more_than_they_were_sent() -> None:
    call = {"id": "0", "type": "function", "function": {"name": "f", "arguments": {"b": 1, "a": "é"}}}
    sent = {"role": "assistant", "content": None, "tool_calls": [call]}
    assert inputs(sent, "Hi") == (
        'assistant: [{"id":"0","type":"function","function":'
        '{"description":null,"name":"f","arguments":"{\\"b\\":1,\\"a\\":\\"é\\"}"}}]\nuser: Hi\n>'
    )
    call["function"] = {"name": "f", "arguments": '{"b": 1}', "description": "d"}
    assert r'"description":"d","name":"f","arguments":"\"{\\\"b\\\": 1}\""' in inputs(sent, "Hi")


def test_a_last_message_of_the_assistant_is_continued_where_it_stands_last() -> None:
    said = {"role": "assistant", "content": "Sure "}
    assert inputs("Hi", said) == "user: Hi\nassistant: Sure"
    assert inputs("Hi", {"role": "assistant", "content": ""}) == "user: Hi\nassistant: \n>"
    assert inputs("Hi", {"role": "assistant", "content": "a\u3000\x1c"}) == "user: Hi\nassistant: a\u3000\x1c"
    assert inputs(said, "Hi") == "assistant: Sure \nuser: Hi\n>"


def test_an_assistants_text_that_the_template_changed_is_not_continued() -> None:
    template = ChatTemplate("{{ messages[-1].content | upper }}>")
    assert inputs({"role": "assistant", "content": "sure"}, template=template) == "SURE>"


def test_a_template_that_knows_no_tools_gets_them_as_json_in_the_last_message() -> None:
    function = '{"description":null,"name":"f","arguments":"{\\"type\\":\\"object\\"}"}'
    listed = '[{"type":"function","function":' + function + "}]"
    prompt = inputs("Hi", "Go", tools=[TOOL], tool_choice="required", tool_prompt="Use it.")
    assert prompt == f"user: Hi\nuser: Go\n---\n{listed}\nUse it.\n>"


def test_a_template_that_lists_tools_gets_only_the_tool_prompt() -> None:
    assert inputs("Go", template=LISTING, tools=[TOOL], tool_prompt="Use it.") == "f no_tool Go\n---\nUse it."
    assert (
        inputs("Go", template=LISTING, tools=[TOOL], tool_choice="f") == f"f Go\n---\n{DEFAULT_TOOL_PROMPT}"
    )


def test_an_empty_tool_prompt_is_the_default_one() -> None:
    assert DEFAULT_TOOL_PROMPT in inputs("Go", tools=[TOOL], tool_prompt="")


def test_the_tool_prompt_follows_the_chunks_of_the_last_message_but_no_tool_calls() -> None:
    text = {"type": "text", "text": "Go"}
    sent = {"role": "user", "content": [text]}
    assert inputs(sent, template=LISTING, tools=[TOOL], tool_prompt="!") == "f no_tool Go\n---\n!"
    call = {"id": "0", "type": "function", "function": {"name": "f", "arguments": {}}}
    calling = {"role": "tool", "tool_calls": [call]}
    assert "---" not in inputs(calling, tools=[TOOL])


def test_only_a_chat_that_may_call_a_tool_uses_tools() -> None:
    assert chat_prompt(chat("Hi", tools=[]), PLAIN).using_tools  # "auto" adds no_tool
    assert not chat_prompt(chat("Hi", tools=[], tool_choice="required"), PLAIN).using_tools
    plain = chat_prompt(chat("Hi", tools=[TOOL], tool_choice="none"), PLAIN)
    assert (plain.inputs, plain.using_tools, plain.parameters.grammar) == ("user: Hi\n>", False, None)


def test_a_tool_call_is_asked_for_by_a_grammar() -> None:
    grammar = chat_prompt(chat("Hi", tools=[TOOL], tool_choice="f"), PLAIN).parameters.grammar
    assert isinstance(grammar, JsonGrammar)
    assert list(grammar.value["$functions"]) == ["f"]  # type: ignore[index,arg-type,call-overload]


def test_after_no_tool_the_chat_is_asked_again_without_tools() -> None:
    request = chat("Hi", tools=[TOOL])
    again = chat_prompt(without_tools(request), PLAIN)
    assert (again.inputs, again.using_tools, again.parameters.grammar) == ("user: Hi\n>", False, None)
    assert replace(without_tools(request), tools=request.tools) == request


def refused(request: ChatRequest, template: ChatTemplate | None) -> Refusal:
    with pytest.raises(Refusal) as failed:
        chat_prompt(request, template)
    return failed.value


def test_what_cannot_become_a_prompt_is_refused_with_422_in_the_routers_order() -> None:
    broken = ChatTemplate("\n{{ raise_exception('No ' ~ messages[0].role) }}")
    grammar = {"type": "json", "value": {"properties": {}}}
    conflict = chat("Hi", tools=[TOOL], response_format=grammar, tool_choice="nope")
    for request, template, cause, message in (
        (conflict, None, "tool", "Tool error: Grammar and tools are mutually exclusive"),
        (
            chat("Hi", tools=[TOOL], tool_choice="nope"),
            None,
            "tool",
            "Tool error: Tool with name nope not found",
        ),
        (chat("Hi"), None, "template", "Template error: template not found"),
        (chat("Hi"), broken, "template", "Template error: syntax error: No user (in <string>:2)"),
    ):
        refusal = refused(request, template)
        assert (refusal.status, refusal.cause, refusal.message) == (422, cause, message)


def test_a_tool_choice_without_tools_is_not_even_looked_at() -> None:
    assert chat_prompt(chat("Hi", tool_choice="nope"), PLAIN).inputs == "user: Hi\n>"


def parameters(**more: Any) -> GenerateParameters:
    return chat_prompt(chat("Hi", **more), PLAIN).parameters


def test_a_chat_samples_unless_its_temperature_is_zero() -> None:
    assert (parameters().do_sample, parameters().temperature) == (True, None)
    assert (parameters(temperature=0.5).do_sample, parameters(temperature=0.5).temperature) == (True, 0.5)
    for zero in (0, 0.0, -0.0):
        assert (parameters(temperature=zero).do_sample, parameters(temperature=zero).temperature) == (
            False,
            None,
        )


def test_a_presence_penalty_is_a_repetition_penalty_two_higher_in_32_bits() -> None:
    assert parameters().repetition_penalty is None
    assert parameters(presence_penalty=-2).repetition_penalty == 0.0
    assert parameters(presence_penalty=0.1).repetition_penalty == 2.0999999046325684
    assert parameters(presence_penalty=1e39).repetition_penalty == math.inf


def test_a_chats_other_parameters_are_passed_on() -> None:
    sent = parameters(
        model="m",
        max_tokens=5,
        stop=["x"],
        seed=3,
        top_p=0.5,
        top_logprobs=2,
        frequency_penalty=0.25,
        logprobs=True,
    )
    assert sent == GenerateParameters(
        adapter_id="m", max_new_tokens=5, stop=("x",), seed=3, top_p=0.5, top_n_tokens=2,
        frequency_penalty=0.25, do_sample=True, details=True,
    )  # fmt: skip
    assert parameters(model="tgi").adapter_id is None


def test_a_completions_parameters_are_passed_on_and_prefill_is_asked_for_unless_it_streams() -> None:
    request = CompletionRequest(
        prompt=("a",), model="m", max_tokens=5, temperature=0.0, top_p=0.5, seed=3, stop=("x",),
        repetition_penalty=1.5, frequency_penalty=0.25,
    )  # fmt: skip
    sent = GenerateParameters(
        adapter_id="m", max_new_tokens=5, top_p=0.5, seed=3, stop=("x",), repetition_penalty=1.5,
        frequency_penalty=0.25, details=True, decoder_input_details=True,
    )  # fmt: skip
    assert completion_parameters(request) == sent
    streamed = completion_parameters(replace(request, stream=True, model="tgi", temperature=None, stop=None))
    expected = replace(sent, decoder_input_details=False, adapter_id=None, do_sample=True, stop=())
    assert streamed == expected


def made_of(request: ChatRequest, template: ChatTemplate | None) -> str:
    """The prompt of `request`, or the body of its refusal."""
    try:
        return chat_prompt(request, template).inputs
    except Refusal as refusal:
        return refusal.body().decode()


@pytest.mark.needs_shared
def test_every_recorded_chat_becomes_the_recorded_prompt_or_refusal(shared: Path) -> None:
    template = load_chat_template(shared / "oracle" / "tokenizer")
    compared = 0
    for profile in ("default", "fuzz"):
        for line in (shared / "oracle" / "exchanges" / f"{profile}.jsonl").read_bytes().splitlines():
            exchange = json.loads(line)
            request, answer = exchange["request"], "".join(exchange["response"]["chunks"])
            if request["path"] not in ("/v1/chat/completions", "/chat_tokenize") or "json" not in request:
                continue
            body = json.dumps(request["json"]).encode()
            if not (exchange["generations"] or "templated_text" in answer or "_error" in answer):
                continue  # refused before it became a prompt, or by a later rule
            made = made_of(extract(ChatRequest, "application/json", body, 10**7), template)
            if exchange["generations"]:
                assert made == exchange["generations"][0]["inputs"], exchange["name"]
            elif exchange["response"]["status"] == 422:
                assert made == answer, exchange["name"]
            else:
                assert made == json.loads(answer)["templated_text"], exchange["name"]
            compared += 1
    assert compared > 200
