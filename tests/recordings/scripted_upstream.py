"""A server that sends exactly these bytes at exactly these times: what is recorded can be compared to it."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType


class Upstream:
    """Answers each connection's first request with `script(connection)`, in a thread of its own."""

    def __init__(self, script: Callable[[socket.socket], None]) -> None:
        self._script = script
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.requests: list[bytes] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.gone = threading.Event()
        """Set when a peer closed while the script was sending."""

    def __enter__(self) -> Upstream:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(65536)
            head, _, body = request.partition(b"\r\n\r\n")
            found = re.search(rb"\r\ncontent-length: *([0-9]+)", head, re.IGNORECASE)
            length = int(found[1]) if found else 0
            while len(body) < length:
                body += connection.recv(65536)
            self.requests.append(head + b"\r\n\r\n" + body)
            try:
                self._script(connection)
            except OSError:
                self.gone.set()


STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Own: 1\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """One HTTP chunk on the wire."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def stream(*events: bytes, gap: float = 0.0, end: bool = True) -> Callable[[socket.socket], None]:
    """A script: these chunks with `gap` seconds before each, and the end of the answer, or its death."""

    def script(connection: socket.socket) -> None:
        connection.sendall(STREAM_HEAD)
        for event in events:
            time.sleep(gap)
            connection.sendall(chunk(event))
        if end:
            connection.sendall(b"0\r\n\r\n")

    return script


def reset(connection: socket.socket) -> None:
    """Ends a connection as a dead machine does."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
