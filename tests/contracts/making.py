"""Exchanges small enough to see the rule, made by hand: requests, answers, streams, generations."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tgi_contracts import recordings

__all__ = [
    "REFUSED", "chat_chunk", "completion_chunk", "exchange", "generation", "piece", "recorded", "sse",
    "token", "with_body", "with_header",
]  # fmt: skip

REFUSED = {"error": {"message": "Input validation error: no", "http_status_code": 422}}


def exchange(
    path: str,
    body: Any,
    answer: str,
    generations: Sequence[Mapping[str, Any]] = (),
    *,
    status: int = 200,
    method: str = "POST",
    headers: Sequence[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    response: dict[str, Any] = {"status": status, "chunks": [answer]}
    if headers is not None:
        response["headers"] = [list(header) for header in headers]
    return {
        "request": {"method": method, "path": path, "headers": {}, "json": body},
        "generations": list(generations),
        "response": response,
    }


def recorded(name: str) -> dict[str, Any]:
    """A recorded exchange of the real router."""
    return next(copy.deepcopy(each) for each in recordings() if each["name"] == name)


def with_header(exchange: Mapping[str, Any], name: str, value: str) -> dict[str, Any]:
    """The same but for one header."""
    other: dict[str, Any] = copy.deepcopy(dict(exchange))
    headers = other["response"]["headers"]
    other["response"]["headers"] = [[key, value if key == name else old] for key, old in headers]
    return other


def with_body(exchange: Mapping[str, Any], body: str) -> dict[str, Any]:
    """The same but for the body, and its length."""
    other = with_header(exchange, "content-length", str(len(body.encode())))
    other["response"]["chunks"] = [body]
    return other


def sse(events: Iterable[Any]) -> str:
    """Events as the router sends them."""
    return "".join(f"data: {each if each == '[DONE]' else json.dumps(each)}\n\n" for each in events)


def token(index: int, text: str, whole: str | None = None) -> dict[str, Any]:
    """An event of /generate_stream."""
    shape = {"id": 1, "text": text, "logprob": -0.5, "special": False}
    return {"index": index, "token": shape, "generated_text": whole, "details": None}


def completion_chunk(
    index: int, text: str, end: str = "", *, created: int = 100, tokens: int = 2, prompt: int = 3
) -> dict[str, Any]:
    """An event of a completion stream: the last one of its prompt if there is an `end`."""
    choice = {"index": index, "text": text, "logprobs": None, "finish_reason": end}
    head = {"object": "text_completion", "id": "", "created": created, "model": "m"}
    chunk = {**head, "system_fingerprint": "3.3.6-dev0-native", "choices": [choice]}
    usage = {"prompt_tokens": prompt, "completion_tokens": tokens, "total_tokens": prompt + tokens}
    return {**chunk, "usage": usage} if end else chunk


def chat_chunk(
    delta: Mapping[str, Any], finish: str | None = None, said: tuple[str, float] | None = None
) -> dict[str, Any]:
    """An event of a chat stream; `said` is the token that its log-probabilities tell, with its own."""
    logprobs = said and {"content": [{"token": said[0], "logprob": said[1], "top_logprobs": []}]}
    choice = {
        "index": 0,
        "delta": {"role": "assistant", **delta},
        "logprobs": logprobs,
        "finish_reason": finish,
    }
    head = {"object": "chat.completion.chunk", "id": "", "created": 100, "model": "m"}
    return {**head, "system_fingerprint": "3.3.6-dev0-native", "choices": [choice], "usage": None}


def piece(arguments: str, name: str | None = None, id: str = "0") -> dict[str, Any]:
    """The delta of a streamed call."""
    function = {"name": name, "arguments": arguments}
    return {"tool_calls": [{"index": 0, "id": id, "type": "function", "function": function}]}


def generation(inputs: str, texts: Sequence[str], end: str = "length") -> dict[str, Any]:
    """What the model produced; a text in angle brackets is a special token."""
    tokens = [
        {"id": 5, "text": text, "logprob": -0.1 * (i + 1), "special": text.startswith("<")}
        for i, text in enumerate(texts)
    ]
    return {
        "inputs": inputs,
        "input_length": 3,
        "prefill": None,
        "tokens": tokens,
        "top_tokens": None,
        "finish_reason": end,
        "generated_text": "".join(text for text in texts if not text.startswith("<")),
        "generated_tokens": len(texts),
    }
