"""A TCP server that says exactly the bytes it was told to, for what no sane HTTP server sends.

Each request takes the next script. A script is a list of steps: bytes are sent, a number is a pause in
seconds, a `threading.Event` is waited for, CLOSE ends the connection and RESET breaks it. After the last
step the connection is kept, as HTTP/1.1 has it.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

CLOSE = "close"
RESET = "reset"
Step = bytes | float | threading.Event | str


@dataclass
class Seen:
    """One request as it arrived, and when its connection was found closed by the client."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    client_left: threading.Event = field(default_factory=threading.Event)


class RawServer:
    """Use as a context manager; `url` is its address, `seen` what it was asked."""

    def __init__(self, *scripts: Sequence[Step]) -> None:
        self.scripts: list[Sequence[Step]] = list(scripts)
        self.seen: list[Seen] = []
        self.connections = 0
        self.repeat = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> RawServer:
        self._thread.start()
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stopped.set()
        try:
            # Wakes the thread that waits in accept.
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            pass
        self._thread.join(5)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                try:
                    sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._stopped.is_set():
                sock.close()
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self._open.add(sock)
                number = self.connections
            threading.Thread(target=self._serve, args=(sock, number), daemon=True).start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        try:
            with sock, sock.makefile("rb") as stream:
                while not self._stopped.is_set():
                    request = _read(stream, number)
                    if request is None:
                        return
                    with self._lock:
                        self.seen.append(request)
                        script = self._next()
                    if not self._play(sock, script, request):
                        return
        except OSError:
            pass
        finally:
            with self._lock:
                self._open.discard(sock)

    def _next(self) -> Sequence[Step]:
        if not self.scripts:
            return [response(500, b'{"error":"the test scripted no more answers"}')]
        return self.scripts[0] if self.repeat else self.scripts.pop(0)

    def _play(self, sock: socket.socket, script: Iterable[Step], request: Seen) -> bool:
        try:
            for step in script:
                if isinstance(step, bytes):
                    sock.sendall(step)
                elif isinstance(step, threading.Event):
                    self._await(sock, step, request)
                elif step == CLOSE:
                    return False
                elif step == RESET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    sock.close()
                    return False
                else:
                    deadline = time.monotonic() + float(step)  # type: ignore[arg-type]
                    while time.monotonic() < deadline and not request.client_left.is_set():
                        self._peek(sock, request, min(0.02, max(0.0, deadline - time.monotonic())))
        except OSError:
            request.client_left.set()
            return False
        return True

    def _await(self, sock: socket.socket, event: threading.Event, request: Seen) -> None:
        """Wait for the test's event; notice at once when the client leaves instead."""
        while not event.is_set() and not request.client_left.is_set() and not self._stopped.is_set():
            self._peek(sock, request, 0.02)

    @staticmethod
    def _peek(sock: socket.socket, request: Seen, seconds: float) -> None:
        sock.settimeout(max(seconds, 0.001))
        try:
            if sock.recv(1, socket.MSG_PEEK) == b"":
                request.client_left.set()
        except TimeoutError:
            pass
        except OSError:
            request.client_left.set()
        finally:
            sock.settimeout(None)


def _read(stream: Any, number: int) -> Seen | None:
    line = stream.readline()
    if not line.strip():
        return None
    method, path, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", 0)))
    return Seen(method, path, headers, body, number)


def response(
    status: int = 200,
    body: bytes = b"",
    content_type: str | None = "application/json",
    headers: dict[str, str] | None = None,
) -> bytes:
    """A whole answer with a length."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    if content_type is not None:
        lines.append(f"content-type: {content_type}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def stream_head(
    content_type: str | None = "text/event-stream", headers: dict[str, str] | None = None
) -> bytes:
    """Status and headers of a chunked stream."""
    lines = ["HTTP/1.1 200 OK", "transfer-encoding: chunked"]
    if content_type is not None:
        lines.append(f"content-type: {content_type}")
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of the chunked coding."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


END = b"0\r\n\r\n"
