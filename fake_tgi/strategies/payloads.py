"""The JSON bodies that each POST route accepts.

A body here passes the router's validation under the given limits and, where the model must say something
that the route can read (a tool call), leaves the model the room to say it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from hypothesis import strategies as st

from ..requests import JsonValue
from ..settings import Settings
from .conversations import messages, tool_choices, tools
from .members import (
    LARGEST,
    U32,
    Values,
    frequency_penalties,
    grammars,
    integers,
    new_tokens,
    numbers,
    objects,
    optional,
    penalties,
    presence_penalties,
    prompts,
    seeds,
    shares,
    some_text,
    stops,
    temperatures,
)
from .parameters import parameters

__all__ = ["PAYLOADS", "chats", "payloads"]

Payload = dict[str, JsonValue]
Payloads = st.SearchStrategy[Payload]

_PROMPTS: Final = 32
"""Of one request at most, whatever a router may be told to take: the model answers each."""


def payloads(path: str, *, stream: bool | None, adversarial: bool, settings: Settings) -> Payloads:
    """Bodies for POST to `path`; `stream` None: streamed or not where the body says so."""
    return _payloads(path, stream, adversarial, settings)


@lru_cache(maxsize=256)
def _payloads(path: str, stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    return PAYLOADS[path](stream, odd, settings)


def _streaming(stream: bool | None) -> tuple[dict[str, Values], dict[str, Values]]:
    """The member `stream`, as required and optional members."""
    if stream is None:
        return {}, {"stream": st.booleans()}
    return ({"stream": st.just(True)}, {}) if stream else ({}, {"stream": st.just(False)})


def _generate(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    return st.fixed_dictionaries(
        {"inputs": prompts(odd=odd)},
        optional={"parameters": parameters(stream=bool(stream), adversarial=odd, settings=settings)},
    )


def _compat(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    if stream is None:
        return st.one_of(_compat(False, odd, settings), _compat(True, odd, settings))
    required, optional_members = _streaming(stream)
    given = parameters(stream=stream, adversarial=odd, settings=settings)
    return st.fixed_dictionaries(
        {"inputs": prompts(odd=odd), **required}, optional={"parameters": given, **optional_members}
    )


def _tokenize(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    return st.fixed_dictionaries(
        {"inputs": some_text(odd=odd)},
        optional={"parameters": parameters(adversarial=odd, settings=settings)},
    )


@lru_cache(maxsize=64)
def chats(
    stream: bool | None, odd: bool, settings: Settings, *, words: bool = True, calls: bool = True
) -> Payloads:
    """Bodies of a chat request; of those that lead to `words` and those that lead to `calls` either or both.

    Where only calls are wanted, the model is left no other choice.
    """
    ways: list[Payloads] = []
    if words:
        required, members = _chat_members(stream, odd, settings)
        grammar = {} if settings.disable_grammar_support else {"response_format": optional(grammars())}
        choice = st.sampled_from(("auto", "none", None, "required"))
        free = {**members, **grammar, "tools": st.none(), "tool_choice": choice}
        ways.append(objects(required, members))
        ways.append(objects(required, free))
    if calls and not settings.disable_grammar_support:  # tools are a grammar
        ways.append(_with_tools(stream, odd, settings, words))
    if not ways:
        raise ValueError("expected settings that support grammars, for a call of a tool is one")
    return st.one_of(ways).map(_one_limit)


@lru_cache(maxsize=64)
def _chat_members(
    stream: bool | None, odd: bool, settings: Settings
) -> tuple[dict[str, Values], dict[str, Values]]:
    """Required and optional members of a chat request, those of grammars and tools left out."""
    required, streaming = _streaming(stream)
    members: dict[str, Values] = {
        "model": optional(st.sampled_from(("tgi", "some/model")) | some_text(odd=odd)),
        "frequency_penalty": optional(frequency_penalties(odd=odd)),
        "presence_penalty": optional(presence_penalties(odd=odd)),
        "logit_bias": optional(st.lists(numbers((0.5, -1), -LARGEST, LARGEST, odd=odd), max_size=2)),
        "logprobs": optional(st.booleans()),
        "top_logprobs": optional(integers(0, settings.max_top_n_tokens, odd=odd)),
        "max_tokens": optional(new_tokens(settings, odd=odd)),
        "max_completion_tokens": optional(new_tokens(settings, odd=odd)),
        "n": optional(integers(0, U32, odd=odd)),
        "stop": optional(stops(settings.max_stop_sequences, odd=odd)),
        "seed": optional(seeds(odd=odd)),
        "temperature": optional(temperatures(zero=True, odd=odd)),
        "top_p": optional(shares(odd=odd)),
        "tool_prompt": optional(some_text(odd=odd)),
        "stream_options": st.fixed_dictionaries({}, optional={"include_usage": st.booleans()}),
        **streaming,
    }
    return {**required, "messages": messages(odd=odd)}, members


@lru_cache(maxsize=64)
def _offering(stream: bool | None, odd: bool, settings: Settings, least: int) -> Payloads:
    required, members = _chat_members(stream, odd, settings)
    return objects(
        {**required, "tools": tools(odd=odd, least=least)}, {**members, "response_format": st.none()}
    )


# Its arguments stand in the strategy's name, so they are small values and no strategies.
@st.composite
def _with_tools(draw: st.DrawFn, stream: bool | None, odd: bool, settings: Settings, free: bool) -> Payload:
    payload: dict[str, Any] = draw(_offering(stream, odd, settings, 0 if free else 1))
    if not free or draw(st.booleans()):
        payload["tool_choice"] = draw(tool_choices(payload["tools"], free=free))
    if payload.get("tool_choice") != "none":  # a call that is cut off is no call
        for name in ("max_tokens", "max_completion_tokens", "stop"):
            payload.pop(name, None)
    return payload


def _chat(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    return chats(stream, odd, settings)


def _one_limit(payload: Payload) -> Payload:
    if "max_tokens" in payload:  # the two names are one member
        payload.pop("max_completion_tokens", None)
    return payload


def _chat_tokenize(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    return _chat(None, odd, settings)


def _completion(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    required, streaming = _streaming(stream)
    prompt = prompts(odd=odd)
    most = min(settings.max_client_batch_size, settings.max_concurrent_requests, _PROMPTS)
    several = st.lists(prompt, min_size=1, max_size=most) if most else prompt
    return objects(
        {"prompt": st.one_of(prompt, several), **required},
        {
            "model": optional(st.sampled_from(("tgi", "some/model")) | some_text(odd=odd)),
            "max_tokens": optional(new_tokens(settings, odd=odd)),
            "temperature": optional(temperatures(zero=True, odd=odd)),
            "top_p": optional(shares(odd=odd)),
            "seed": optional(seeds(odd=odd)),
            "suffix": st.none(),
            "repetition_penalty": optional(penalties(odd=odd)),
            "frequency_penalty": optional(frequency_penalties(odd=odd)),
            "stop": optional(stops(settings.max_stop_sequences, odd=odd)),
            **streaming,
        },
    )


def _vertex(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    prompt = st.fixed_dictionaries(
        {"inputs": prompts(odd=odd)},
        optional={"parameters": optional(parameters(adversarial=odd, settings=settings))},
    )
    instances = st.lists(st.one_of(prompt, _chat(None, odd, settings)), min_size=1, max_size=3)
    return st.fixed_dictionaries({"instances": instances})


def _sagemaker(stream: bool | None, odd: bool, settings: Settings) -> Payloads:
    return st.one_of(*(form(stream, odd, settings) for form in (_compat, _chat, _completion)))


PAYLOADS: Final[dict[str, Callable[[bool | None, bool, Settings], Payloads]]] = {
    "/": _compat,
    "/generate": _generate,
    "/generate_stream": lambda stream, odd, settings: _generate(True, odd, settings),
    "/v1/chat/completions": _chat,
    "/v1/completions": _completion,
    "/vertex": _vertex,
    "/invocations": _sagemaker,
    "/tokenize": _tokenize,
    "/chat_tokenize": _chat_tokenize,
}
"""The bodies of each POST route: streamed or not, odd or not, under which limits."""
