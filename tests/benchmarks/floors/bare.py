"""The least that an ASGI application can do: it reads JSON and answers constants. For uvicorn.

`PACE` is the time between two events in seconds, by absolute deadlines; 0 sends them at once.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import orjson

PACE = float(os.environ.get("PACE", "0"))
WORDS = (
    "the",
    "deep",
    "river",
    "of",
    "small",
    "lights",
    "carried",
    "every",
    "quiet",
    "answer",
    "toward",
    "a",
)


def text(tokens: int) -> str:
    return "".join(f" {WORDS[at % len(WORDS)]}" for at in range(tokens))


def event(at: int, tokens: int) -> bytes:
    last = at == tokens - 1
    token = {"id": 1000 + at, "text": f" {WORDS[at % len(WORDS)]}", "logprob": -0.5, "special": False}
    said = {
        "index": at + 1,
        "token": token,
        "generated_text": text(tokens) if last else None,
        "details": None,
    }
    return b"data: %b\n\n" % orjson.dumps(said)


def whole(tokens: int) -> bytes:
    return orjson.dumps({"generated_text": text(tokens)})


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        for _ in range(2):
            await send({"type": f"{(await receive())['type']}.complete"})
        return
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    asked = orjson.loads(body)
    tokens = asked["parameters"]["max_new_tokens"] if "parameters" in asked else asked["max_tokens"]
    if not (scope["path"] == "/generate_stream" or asked.get("stream")):
        answer = whole(tokens)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
        return
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    loop = asyncio.get_running_loop()
    began = loop.time()
    for at in range(tokens):
        if PACE and at:
            await asyncio.sleep(began + at * PACE - loop.time())
        await send({"type": "http.response.body", "body": event(at, tokens), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
