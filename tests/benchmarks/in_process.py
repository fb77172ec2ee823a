"""The server's end of one connection in this process, for what is counted and measured without a socket."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fake_tgi.app import Application, create_app
from fake_tgi.hyper.protocol import HttpProtocol, Service
from fake_tgi.settings import Settings

__all__ = ["Wire", "request"]


def request(path: str, body: object) -> bytes:
    """A POST of `body` as JSON."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data


class Wire:
    """A transport that keeps what is written to it, and the protocol on it. Answers must not wait."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.app: Application = create_app(settings or Settings(ignore_eos=True))
        self._loop = asyncio.new_event_loop()
        self.written = bytearray()
        self.closed = False
        self._protocol = HttpProtocol(Service(self.app, self.app, self._loop))
        self._protocol.connection_made(self)  # type: ignore[arg-type]  # as much of a transport as is needed

    def ask(self, data: bytes) -> bytes:
        """What comes back for these bytes."""
        self.written.clear()
        self._protocol.data_received(data)
        return bytes(self.written)

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def get_extra_info(self, name: str) -> Any:
        return None

    def end(self) -> None:
        """Gives back what the wire holds."""
        self._protocol.connection_lost(None)
        self._loop.close()
