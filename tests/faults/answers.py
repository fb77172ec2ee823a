"""Real answers over a real socket, with what became of the connection."""

from __future__ import annotations

import json
import socket
import time
import zlib
from dataclasses import dataclass
from typing import Any, Literal

STREAM = ("/generate_stream", {"inputs": "tell", "parameters": {"max_new_tokens": 6}})
WHOLE = ("/generate", {"inputs": "tell", "parameters": {"max_new_tokens": 6}})
CHAT = (
    "/v1/chat/completions",
    {"messages": [{"role": "user", "content": "tell"}], "max_tokens": 6, "stream": True},
)


@dataclass
class Wire:
    """What came. `end`: the connection stays open, or was closed, or reset. `complete`: of the body."""

    status: int | None
    headers: dict[str, str]
    chunks: list[bytes]
    complete: bool
    end: Literal["open", "closed", "reset"]
    seconds: float

    @property
    def body(self) -> bytes:
        data = b"".join(self.chunks)
        return zlib.decompress(data, wbits=31) if self.headers.get("content-encoding") == "gzip" else data

    @property
    def events(self) -> list[Any]:
        data = [part[6:] for part in self.body.split(b"\n\n") if part.startswith(b"data: ")]
        return [json.loads(item) if item.startswith(b"{") else item.decode() for item in data]


def ask(port: int, path: str, payload: Any = None, *, fault: str = "", linger: float = 0.15) -> Wire:
    """One call on a connection of its own, which is watched for `linger` seconds after the answer."""
    body = json.dumps(payload).encode() if payload is not None else b""
    method = b"GET" if payload is None else b"POST"
    head = b"%b %b HTTP/1.1\r\nhost: here\r\ncontent-length: %d\r\n" % (method, path.encode(), len(body))
    if payload is not None:
        head += b"content-type: application/json\r\n"
    if fault:
        head += b"x-fake-tgi-fault: %b\r\n" % fault.encode()
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(head + b"\r\n" + body)
        data, end, seconds = b"", "open", None
        while True:
            done = _read(data)
            if done is not None and done.complete and seconds is None:
                seconds = time.monotonic() - began
                sock.settimeout(linger)
            try:
                piece = sock.recv(65536)
            except ConnectionResetError:
                end = "reset"
                break
            except TimeoutError:
                break
            if not piece:
                end = "closed"
                break
            data += piece
    wire = _read(data) or Wire(None, {}, [], False, "open", 0.0)
    wire.end = end  # type: ignore[assignment]
    wire.seconds = seconds if seconds is not None else time.monotonic() - began
    return wire


def _read(data: bytes) -> Wire | None:
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    wire = Wire(int(first.split()[1]), headers, [], False, "open", 0.0)
    if "content-length" in headers:
        wire.chunks = [rest]
        wire.complete = len(rest) == int(headers["content-length"])
        return wire
    while rest:
        size, newline, after = rest.partition(b"\r\n")
        if not newline or len(after) < int(size, 16) + 2:
            break
        if int(size, 16) == 0:
            wire.complete = True
            break
        wire.chunks.append(after[: int(size, 16)])
        rest = after[int(size, 16) + 2 :]
    return wire
