"""Asks a server as fast as it answers, or for many streams at once, and tells what came.

`python load.py PORT KIND SECONDS CONNECTIONS TOKENS` prints one JSON object. KIND is a row of `KINDS`; each
request has a prompt of its own, so that no answer comes from a cache. `paced` opens all streams at once and
keeps the time at which each event came.

What happens for each answer is little: a server that waits for its load pays for falling asleep each time.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from functools import cache
from typing import Any, Final

PROMPT: Final = (
    "The quick brown fox jumps over the lazy dog while twelve curious engineers measure every request twice"
)
_NUMBER: Final = "12345678"
KINDS: Final = {
    "generate": ("/generate", False),
    "generate_stream": ("/generate_stream", True),
    "chat": ("/v1/chat/completions", False),
    "chat_stream": ("/v1/chat/completions", True),
    "paced": ("/generate_stream", True),
}


_LENGTH: Final = re.compile(rb"\r\ncontent-length: ([0-9]+)", re.IGNORECASE).search


def request(kind: str, tokens: int, number: int) -> bytes:
    """The bytes of one request, like no other of its kind."""
    before, behind = _around_the_number(kind, tokens)
    return b"%b%08d%b" % (before, number, behind)


@cache
def _around_the_number(kind: str, tokens: int) -> tuple[bytes, bytes]:
    """What the requests of a kind have in common."""
    path, stream = KINDS[kind]
    prompt = f"{PROMPT} {_NUMBER}"
    body: dict[str, Any] = {"inputs": prompt, "parameters": {"max_new_tokens": tokens}}
    if kind.startswith("chat"):
        messages = [{"role": "user", "content": prompt}]
        body = {"model": "m", "messages": messages, "max_tokens": tokens, "stream": stream}
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: {len(data)}"
    before, _, behind = (head.encode() + b"\r\n\r\n" + data).partition(_NUMBER.encode())
    return before, behind


class Tally:
    """What all connections have seen."""

    def __init__(self, kind: str, tokens: int, until: float) -> None:
        self.kind, self.tokens, self.until = kind, tokens, until
        self.stream = KINDS[kind][1]
        self.asked = self.answered = self.events = self.bad = 0
        self.open = 0
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def closed(self) -> None:
        self.open -= 1
        if not self.open and not self.over.done():
            self.over.set_result(None)


class Asking(asyncio.Protocol):
    """One connection, kept for request after request; `times` are those of the events, if kept."""

    def __init__(self, tally: Tally, times: list[float] | None = None) -> None:
        self.tally = tally
        self.times = times
        self.data = b""
        self.events = 0
        self.end = -1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.tally.open += 1

    def ask(self) -> None:
        tally = self.tally
        tally.asked += 1
        self.data, self.events, self.end = b"", 0, -1
        self.transport.write(request(tally.kind, tally.tokens, tally.asked))

    def data_received(self, data: bytes) -> None:
        tally = self.tally
        if tally.stream:
            found = data.count(b"\ndata:")
            self.events += found
            if self.times is not None and found:
                self.times += [time.monotonic()] * found
            self.data = self.data[-8:] + data
            if self.data.endswith(b"0\r\n\r\n"):
                self.answered(self.events - tally.kind.startswith("chat") == tally.tokens)
            return
        self.data += data
        if self.end < 0:
            head = self.data.find(b"\r\n\r\n")
            length = _LENGTH(self.data)
            if head < 0 or length is None:
                return
            self.end = head + 4 + int(length[1])
        if len(self.data) >= self.end:
            self.answered(self.data.startswith(b"HTTP/1.1 200 "))

    def answered(self, good: bool) -> None:
        tally = self.tally
        tally.answered += 1
        tally.events += self.events
        tally.bad += not good
        if self.times is None and time.monotonic() < tally.until:
            self.ask()
        else:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        self.tally.closed()


async def run(port: int, kind: str, seconds: float, connections: int, tokens: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    tally = Tally(kind, tokens, time.monotonic() + seconds)
    paced = kind == "paced"
    made = []
    for _ in range(connections):
        times: list[float] | None = [] if paced else None
        _, asking = await loop.create_connection(lambda times=times: Asking(tally, times), "127.0.0.1", port)
        made.append(asking)
    began = time.monotonic()
    for asking in made:
        asking.ask()
    await asyncio.wait_for(tally.over, seconds + 60)
    told = {"answers": tally.answered, "events": tally.events, "bad": tally.bad}
    told["seconds"] = time.monotonic() - began
    if paced:
        told["times"] = [[at - began for at in asking.times] for asking in made]
    return told


if __name__ == "__main__":
    import uvloop

    port, kind, seconds, connections, tokens = sys.argv[1:]
    work = run(int(port), kind, float(seconds), int(connections), int(tokens))
    sys.stdout.write(json.dumps(uvloop.run(work)))
