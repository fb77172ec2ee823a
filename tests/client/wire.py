"""What a TGI server puts on the wire, for scripts of the raw server."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .raw_server import END, chunk, response, stream_head

DETAILS = {"finish_reason": "length", "generated_tokens": 2, "seed": None, "prefill": [], "tokens": []}
ANSWER = {"generated_text": " Rayleigh scattering", "details": DETAILS}


def dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def answer(text: str = " Rayleigh scattering", **headers: str) -> bytes:
    """A whole answer of the compat route."""
    body = dumps([{"generated_text": text, "details": DETAILS}])
    return response(200, body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def token(text: str, index: int = 1, special: bool = False) -> dict[str, Any]:
    return {"id": index, "text": text, "logprob": -0.5, "special": special}


def event(text: str, index: int = 1, final: str | None = None) -> dict[str, Any]:
    """One event of a generate stream; `final` is the whole text, on the last one."""
    details = {"finish_reason": "length", "generated_tokens": index, "seed": None, "input_length": 3}
    return {
        "index": index,
        "token": token(text, index),
        "generated_text": final,
        "details": details if final is not None else None,
    }


def events(texts: Iterable[str]) -> list[dict[str, Any]]:
    """The events of a whole generate stream."""
    texts = list(texts)
    whole = "".join(texts)
    return [
        event(text, index, whole if index == len(texts) else None)
        for index, text in enumerate(texts, start=1)
    ]


def sse(value: Any) -> bytes:
    """An event as TGI frames it."""
    return b"data: " + (value if isinstance(value, bytes) else dumps(value)) + b"\n\n"


def stream(*values: Any) -> bytes:
    """A chunked stream with one chunk for each event."""
    return stream_head() + b"".join(chunk(sse(value)) for value in values) + END


def chat_answer(content: str | None = "Hello", **message: Any) -> dict[str, Any]:
    said = {"role": "assistant", **({} if content is None else {"content": content}), **message}
    return {
        "object": "chat.completion",
        "id": "",
        "created": 1,
        "model": "m",
        "system_fingerprint": "3.3.6-dev0-native",
        "choices": [{"index": 0, "message": said, "logprobs": None, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7},
    }


def chat_event(content: str = "", finish: str | None = None, index: int = 0, **delta: Any) -> dict[str, Any]:
    said = {"role": "assistant", **(delta or {"content": content})}
    return {
        "object": "chat.completion.chunk",
        "id": "",
        "created": 1,
        "model": "m",
        "system_fingerprint": "3.3.6-dev0-native",
        "choices": [{"index": index, "delta": said, "logprobs": None, "finish_reason": finish}],
        "usage": None,
    }


def completion_event(text: str, finish: str = "", index: int = 0) -> dict[str, Any]:
    usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5} if finish else None
    found = {
        "object": "text_completion",
        "id": "",
        "created": 1,
        "model": "m",
        "system_fingerprint": "s",
        "choices": [{"index": index, "text": text, "logprobs": None, "finish_reason": finish}],
    }
    return {**found, "usage": usage} if usage else found
