"""A chat answer, whole or streamed, against what the model produced."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ._asked import Asked
from ._framing import DONE
from ._model_tokens import SPELLED, Generations, equal, same_token, tails_of, text_of, tokens_of
from ._tool_stream import first_piece, streamed_call
from ._violation import Violation, shown

__all__ = ["chat", "chat_stream"]


def chat(asked: Asked, value: Mapping[str, Any], generations: Generations) -> Iterator[Violation]:
    """Each way in which a whole chat answer says something else than the model."""
    choice = value["choices"][0]
    yield from equal(
        "$.choices[0].finish_reason", choice["finish_reason"], SPELLED.get(generations[-1]["finish_reason"])
    )
    content = choice["message"].get("content")
    if content is None:
        function = choice["message"]["tool_calls"][0]["function"]
        yield from _call(
            function["name"], json.loads(function["arguments"]), generations[-1]["generated_text"]
        )
        tails = [generations[-1:]]
    else:
        tails = [tail for tail in tails_of(generations) if text_of(tail) == content]
        if not tails:
            yield from equal("$.choices[0].message.content", content, generations[-1]["generated_text"])
            return
    counts = {sum(each["generated_tokens"] for each in tail) for tail in tails}
    if value["usage"]["completion_tokens"] not in counts:
        where, got = "$.usage.completion_tokens", str(value["usage"]["completion_tokens"])
        yield Violation(where, "model", f"{min(counts)}, as the model produced", got)
    lengths = {tail[0]["input_length"] for tail in tails}
    if value["usage"]["prompt_tokens"] not in lengths:
        where, got = "$.usage.prompt_tokens", str(value["usage"]["prompt_tokens"])
        yield Violation(where, "model", f"{min(lengths)}, as the model was given", got)
    if choice["logprobs"] is not None:
        told = [
            list(_logprobs(choice["logprobs"]["content"], tail, "$.choices[0].logprobs.content"))
            for tail in tails
        ]
        yield from min(told, key=len)


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


def _call(name: str, arguments: Any, text: str) -> Iterator[Violation]:
    function = dict(json.loads(text)["function"])
    where = "$.choices[0].message.tool_calls[0].function"
    yield from equal(f"{where}.name", name, function.pop("_name"))
    yield from equal(f"{where}.arguments", arguments, function)


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
    if failed != any(event != DONE and "error" in event for event in events):
        yield Violation("events", "model", "an error" if failed else "no error", shown(events[-1]))
    logprobs = [choice["logprobs"]["content"][0] for choice in choices if choice["logprobs"] is not None]
    if logprobs and tails:
        yield from min((list(_logprobs(logprobs, tail, "events")) for tail in tails), key=len)
    finish = [choice["finish_reason"] for choice in choices if choice["finish_reason"] is not None]
    if finish and not failed:
        yield from equal("events", finish[0], SPELLED.get(generations[-1]["finish_reason"]))


def _streamed_call(choices: list[Any], calls: list[Any], generations: Generations) -> Iterator[Violation]:
    tokens = [token for token in tokens_of(generations) if not token["special"]]
    texts = [token["text"] for token in tokens]
    yield from streamed_call(calls, texts)
    start, _ = first_piece(texts)
    for i, (choice, token) in enumerate(zip(choices, tokens[start:], strict=False)):
        piece = choice["delta"].get("tool_calls", [{}])[0].get("function", {}).get("arguments", token["text"])
        for told in (choice["logprobs"] or {}).get("content", ()):
            if not _same_logprob(told, {"text": piece, "logprob": token["logprob"]}):
                yield Violation(
                    f"events[{i}]", "model", f"{shown(token)}, as the model produced", shown(told)
                )
