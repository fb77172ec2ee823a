"""A server for measuring clients: canned answers, written at once, at almost no cost of its own.

Run as a script: it prints its port and serves until its standard input closes.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

TOKENS = 5_000
SHORT = 50
OPEN = 10  # events of a stream that then goes silent


def _dumps(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def _begun(events: list[bytes]) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(_chunk(b"data: " + event + b"\n\n") for event in events)


def _stream(events: list[bytes]) -> bytes:
    return _begun(events) + b"0\r\n\r\n"


def _whole(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-compute-type: gpu+optimized\r\n"
    timings = b"x-total-time: 120\r\nx-queue-time: 3\r\nx-inference-time: 110\r\nx-prompt-tokens: 12\r\n"
    return head + timings + b"content-length: %d\r\n\r\n" % len(body) + body


def _generate_events(count: int) -> list[bytes]:
    events = []
    for index in range(1, count + 1):
        last = index == count
        token = {"id": 1000 + index, "text": " token", "logprob": -0.12345678, "special": False}
        details = {"finish_reason": "length", "generated_tokens": count, "seed": None, "input_length": 12}
        text = " token" * count if last else None
        found = {"index": index, "token": token, "generated_text": text, "details": details if last else None}
        events.append(_dumps(found))
    return events


def _chat_events(count: int) -> list[bytes]:
    events = []
    for index in range(1, count + 1):
        delta = {"role": "assistant", "content": " token"}
        finish = "length" if index == count else None
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        head = {"object": "chat.completion.chunk", "id": "", "created": 1, "model": "m"}
        found = {**head, "system_fingerprint": "3.3.6-dev0-native", "choices": [choice], "usage": None}
        events.append(_dumps(found))
    return [*events, b"[DONE]"]


def _unary() -> bytes:
    tokens = [{"id": i, "text": " token", "logprob": -0.12345678, "special": False} for i in range(20)]
    details = {
        "finish_reason": "length",
        "generated_tokens": 20,
        "seed": None,
        "prefill": [],
        "tokens": tokens,
    }
    return _dumps([{"generated_text": " token" * 20, "details": details}])


def _big(size: int) -> list[bytes]:
    token = {"id": 1, "text": "x" * size, "logprob": -0.5, "special": False}
    details = {"finish_reason": "length", "generated_tokens": 1, "seed": None}
    return [_dumps({"index": 1, "token": token, "generated_text": "x", "details": details})]


ANSWERS = {
    b"/short": _stream(_generate_events(SHORT)),
    b"/short/v1/chat/completions": _stream(_chat_events(SHORT)),
    b"/open": _begun(_generate_events(SHORT)[:OPEN]),
    b"/open/v1/chat/completions": _begun(_chat_events(SHORT)[:OPEN]),
    b"/stream": _stream(_generate_events(TOKENS)),
    b"/unary": _whole(_unary()),
    b"/big": _stream(_big(5_000_000)),
    b"/v1/chat/completions": _stream(_chat_events(TOKENS)),
}


class Canned(asyncio.Protocol):
    """Answers each request by its path."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        while True:
            head, found, rest = self.data.partition(b"\r\n\r\n")
            if not found:
                return
            length = 0
            for line in head.split(b"\r\n")[1:]:
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            if len(rest) < length:
                return
            self.data = rest[length:]
            path = head.split(b" ", 2)[1]
            self.transport.write(ANSWERS[path])


async def _main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Canned, "127.0.0.1", 0, backlog=4096)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
