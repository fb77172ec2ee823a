"""Requests that break one of the router's rules: validation, limits, grammars, templates, tools."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from hypothesis import strategies as st

from ..settings import Settings
from .aims import CHAT, COMPLETION, GENERATES, Aim, Payload, Provocation
from .conversations import tools
from .members import SCHEMAS, grammars
from .spellings import compact

__all__ = ["batch", "grammar", "suffix", "template", "tool", "validation"]

_SHARES: Final = (0, 1, 1.0, -0.1, 1.5, 0.99999999)
_BROKEN: Final[dict[str, tuple[tuple[str, Any], ...]]] = {
    # A member, and values that break its rule whatever the others are.
    "generate": (
        *(("temperature", value) for value in (0, -1, -0.5, 1e-50)),
        *(("repetition_penalty", value) for value in (0, -1.5)),
        *(("frequency_penalty", value) for value in (2.5, -3)),
        *(("top_p", value) for value in _SHARES),
        *(("typical_p", value) for value in _SHARES),
        *(("top_k", value) for value in (0, -1, -(2**31))),
        ("max_new_tokens", 0),
        *(("stop", ["a"] * number) for number in (5, 9)),
        *(("top_n_tokens", value) for value in (6, 2**32 - 1)),
        *(("truncate", value) for value in (0, 4096, 2**64 - 1)),
    ),
    CHAT: (
        ("temperature", -1),
        *(("frequency_penalty", value) for value in (2.5, -3)),
        *(("presence_penalty", value) for value in (-2, -2.5)),
        *(("top_p", value) for value in _SHARES),
        ("max_tokens", 0),
        ("stop", ["a"] * 5),
        *(("top_logprobs", value) for value in (6, 2**32 - 1)),
    ),
    COMPLETION: (
        ("temperature", -1),
        *(("repetition_penalty", value) for value in (0, -1.5)),
        *(("frequency_penalty", value) for value in (2.5, -3)),
        *(("top_p", value) for value in _SHARES),
        ("max_tokens", 0),
        ("stop", ["a"] * 5),
        ("prompt", ""),
    ),
}


def validation(draw: st.DrawFn, aim: Aim) -> Provocation:
    """One rule or limit broken."""
    if aim.path == "/vertex":
        return _vertex_validation(draw, aim)
    form = aim.form(draw)
    payload = aim.payload(draw, form)
    ways = ["member", "length"]
    if form in GENERATES:
        ways += ["empty", "best_of"]
    way = draw(st.sampled_from(ways))
    if way == "length":
        return aim.request(payload), replace(
            aim.situation, settings=Settings(max_input_tokens=1, max_total_tokens=draw(st.integers(2, 3)))
        )
    if way == "empty":
        payload["inputs"] = ""
    elif way == "best_of":
        payload["parameters"] = draw(st.sampled_from(_STREAM_REFUSES if aim.stream else _BEST_OF_REFUSED))
    elif form in GENERATES:
        name, value = draw(st.sampled_from(_BROKEN["generate"]))
        payload["parameters"] = {**payload.get("parameters", {}), name: value}
    else:
        name, value = draw(st.sampled_from(_BROKEN[form]))
        payload.pop("max_completion_tokens", None)
        payload[name] = value
    return aim.request(payload), aim.situation


_BEST_OF_REFUSED: Final = (
    {"best_of": 2},
    {"best_of": 3, "do_sample": True},
    {"best_of": 2, "seed": 1, "top_k": 5},
)
_STREAM_REFUSES: Final = ({"best_of": 2, "do_sample": True}, {"best_of": 0}, {"decoder_input_details": True})


def _vertex_validation(draw: st.DrawFn, aim: Aim) -> Provocation:
    broken: tuple[Payload, ...] = (
        {"instances": []},
        {"instances": [{"inputs": ""}]},
        {"instances": [{"inputs": "a"}, {"inputs": "a", "parameters": {"max_new_tokens": 0}}]},
        {"instances": [{"messages": [], "top_p": 1.0}]},
    )
    payload = draw(st.sampled_from(broken))
    return aim.sending(compact(payload), payload), aim.situation


_BAD_GRAMMARS: Final = (
    {"type": "json", "value": {"type": "object"}},
    {"type": "json", "value": {"type": "nope"}},
    {"type": "json_object", "value": 5},
    {"type": "json", "value": "{"},
    {"type": "json_schema", "value": {"schema": {}}},
    {
        "type": "json_schema",
        "value": {"schema": {"properties": {"a": {"type": "string", "format": "email"}}}},
    },
)


def grammar(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A grammar that the router refuses, or a server without grammars."""
    form = aim.form(draw, *GENERATES, CHAT)
    payload, situation = aim.payload(draw, form), aim.situation
    if draw(st.booleans()):
        grammar = draw(st.sampled_from(_BAD_GRAMMARS))
    else:
        grammar = draw(grammars())
        situation = replace(situation, settings=Settings(disable_grammar_support=True))
    if form == CHAT:
        for name in ("tools", "tool_choice"):
            payload.pop(name, None)
        payload["response_format"] = grammar
    else:
        payload["parameters"] = {**payload.get("parameters", {}), "grammar": grammar}
    return aim.request(payload), situation


def batch(draw: st.DrawFn, aim: Aim) -> Provocation:
    """More prompts than the server allows."""
    payload = aim.payload(draw, COMPLETION)
    most = draw(st.integers(0, 4))
    payload["prompt"] = ["a"] * (most + draw(st.integers(1, 3)))
    return aim.request(payload), replace(aim.situation, settings=Settings(max_client_batch_size=most))


def suffix(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A suffix, even an empty one."""
    payload = {**aim.payload(draw, COMPLETION), "suffix": draw(st.sampled_from(("", " end")))}
    return aim.request(payload), aim.situation


def template(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A model without a chat template, or with one that refuses."""
    templates = (
        "",
        "{{ raise_exception('No wizards') }}",
        "\n{{ raise_exception('Roles must\\nalternate') }}",
    )
    payload = aim.payload(draw, CHAT)
    return aim.request(payload), replace(aim.situation, template=draw(st.sampled_from(templates)))


_TOOL: Final = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMAS[0]}}


def tool(draw: st.DrawFn, aim: Aim) -> Provocation:
    """A tool chosen that is not there, tools beside a grammar, or words in place of a call."""
    payload, situation = aim.payload(draw, CHAT), aim.situation
    for name in ("response_format", "stop", "max_tokens", "max_completion_tokens"):
        payload.pop(name, None)
    ways = ["choice", "both"]
    if aim.path not in ("/vertex", "/chat_tokenize"):
        ways.append("words")  # the model answers with something that is no call
    way = draw(st.sampled_from(ways))
    payload["tools"] = draw(tools(odd=aim.adversarial, least=1)) if way == "choice" else [_TOOL]
    if way == "choice":
        name = draw(st.sampled_from(("nope", "no_tool", "")))
        payload["tool_choice"] = draw(
            st.sampled_from((name, {"type": "function", "function": {"name": name}}))
        )
    elif way == "both":
        payload["response_format"] = draw(grammars())
    else:
        payload["tool_choice"] = draw(st.sampled_from(("auto", "required", "get_weather")))
        said = (
            "sunny",
            "",
            '{"function": {"_name": 1}}',
            '{"function": {}}',
            "[]",
            '{"a": 1}',
            "no \U0001f600",
        )
        situation = replace(situation, said=draw(st.sampled_from(said)))
    return aim.request(payload), situation
