"""A chat answer, whole or streamed, against what the model produced."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ._asked import Asked
from ._calls import call_in, same_json
from ._framing import DONE
from ._model_tokens import (
    SPELLED,
    Generations,
    equal,
    knows_length,
    same_token,
    tails_of,
    text_of,
    tokens_of,
)
from ._tool_stream import first_piece, streamed_call
from ._violation import Violation, shown

__all__ = ["chat", "chat_stream"]


def chat(asked: Asked, value: Mapping[str, Any], generations: Generations) -> Iterator[Violation]:
    """Each way in which a whole chat answer says something else than the model.

    Where the model chose no tool the router asks it again, and answers with the text and the prompt of the
    second run, but with the tokens and the end of the first.
    """
    runs = [(generations, generations)]
    if asked.body.get("tools") is not None:
        runs += [(generations[:end], generations[end:]) for end in range(1, len(generations))]
    told = [list(_chat(value, first, last)) for first, last in runs]
    yield from min(told, key=len)


def _chat(value: Mapping[str, Any], first: Generations, last: Generations) -> Iterator[Violation]:
    choice, usage = value["choices"][0], value["usage"]
    content, text = choice["message"].get("content"), text_of(last)
    if content is not None:
        yield from equal("$.choices[0].message.content", content, text)
    else:
        yield from _call(choice["message"]["tool_calls"][0]["function"], text)
    yield from equal(
        "$.choices[0].finish_reason", choice["finish_reason"], SPELLED.get(first[-1]["finish_reason"])
    )
    count = sum(each["generated_tokens"] for each in first)
    yield from equal("$.usage.completion_tokens", usage["completion_tokens"], count)
    if knows_length(last[0]):
        yield from equal("$.usage.prompt_tokens", usage["prompt_tokens"], last[0]["input_length"])
    if choice["logprobs"] is not None:
        yield from _logprobs(choice["logprobs"]["content"], first, "$.choices[0].logprobs.content")


def _logprobs(content: list[Any], generations: Generations, where: str) -> Iterator[Violation]:
    tokens = tokens_of(generations)
    tops = tokens_of(generations, "top_tokens") or [[] for _ in tokens]
    if len(content) != len(tokens):
        yield Violation(where, "model", f"{len(tokens)} tokens, as the model produced", str(len(content)))
        return
    for i, (got, token, top) in enumerate(zip(content, tokens, tops, strict=True)):
        pairs = [(got, token), *zip(got["top_logprobs"], top, strict=False)]
        if not all(_same_logprob(a, b) for a, b in pairs):
            yield Violation(f"{where}[{i}]", "model", f"{shown(token)}, as the model produced", shown(got))


def _same_logprob(got: Mapping[str, Any], token: Mapping[str, Any]) -> bool:
    return same_token(
        {"text": got["token"], "logprob": got["logprob"]},
        {"text": token["text"], "logprob": token["logprob"]},
    )


def _call(function: Mapping[str, Any], text: str) -> Iterator[Violation]:
    call = call_in(text)
    where = "$.choices[0].message.tool_calls[0].function"
    if call is None:
        yield Violation(
            where, "model", f"no call, for the model's text is none: {shown(text)}", shown(function)
        )
        return
    yield from equal(f"{where}.name", function["name"], call.name)
    if not same_json(json.loads(function["arguments"]), call.arguments):
        yield from equal(f"{where}.arguments", function["arguments"], call.arguments)


def chat_stream(asked: Asked, events: list[Any], generations: Generations) -> Iterator[Violation]:
    """Each way in which the events of a chat stream say something else than the model."""
    choices = [event["choices"][0] for event in events if event != DONE and event.get("choices")]
    calls = [c["delta"]["tool_calls"][0]["function"] for c in choices if "tool_calls" in c["delta"]]
    if calls:
        yield from _streamed_call(choices, calls, generations)
        return
    got = [choice["delta"]["content"] for choice in choices]
    wanted = [["" if t["special"] else t["text"] for t in tokens_of(tail)] for tail in tails_of(generations)]
    tails = [tail for tail, texts in zip(tails_of(generations), wanted, strict=True) if texts == got]
    # Tool mode holds back what may become a call; if it never does, nothing is sent.
    if not tails and (got or asked.body.get("tools") is None):
        yield Violation(
            "events", "model", f"the texts {shown(wanted[-1])}, as the model produced", shown(got)
        )
    failed = bool(generations[-1].get("error"))
    told = any(event != DONE and "error" in event for event in events)
    # Where the model chose no tool it is asked again, which may be refused before it produces anything.
    again = told and asked.body.get("tools") is not None and _chose_none(generations[-1])
    if failed != told and not again:
        yield Violation("events", "model", "an error" if failed else "no error", shown(events[-1]))
    usage = next((event["usage"] for event in events if event != DONE and event.get("usage")), None)
    if usage is not None and len(generations) == 1 and knows_length(generations[0]):
        yield from equal("events.usage.prompt_tokens", usage["prompt_tokens"], generations[0]["input_length"])
    logprobs = [choice["logprobs"]["content"][0] for choice in choices if choice["logprobs"] is not None]
    if logprobs and tails:
        yield from min((list(_logprobs(logprobs, tail, "events")) for tail in tails), key=len)
    finish = [choice["finish_reason"] for choice in choices if choice["finish_reason"] is not None]
    if finish and not failed:
        yield from equal("events", finish[0], SPELLED.get(generations[-1]["finish_reason"]))


def _chose_none(generation: Mapping[str, Any]) -> bool:
    call = call_in(generation["generated_text"] or "")
    return call is not None and call.name == "no_tool"


def _streamed_call(choices: list[Any], calls: list[Any], generations: Generations) -> Iterator[Violation]:
    tokens = tokens_of(generations)
    spoken = [i for i, token in enumerate(tokens) if not token["special"]]
    texts = [tokens[i]["text"] for i in spoken]
    yield from streamed_call(calls, texts)
    start, _ = first_piece(texts)
    begun = tokens[spoken[start] :] if start < len(spoken) else []
    for i, (choice, token) in enumerate(zip(choices, begun, strict=False)):
        if token["special"]:
            continue  # behind a whole call, what is told of one is not of it
        piece = choice["delta"].get("tool_calls", [{}])[0].get("function", {}).get("arguments", token["text"])
        for told in (choice["logprobs"] or {}).get("content", ()):
            if not _same_logprob(told, {"text": piece, "logprob": token["logprob"]}):
                yield Violation(
                    f"events[{i}]", "model", f"{shown(token)}, as the model produced", shown(told)
                )
