"""Reads the head of an answer by a deadline. For the sync side, over http.client.

Rules: a socket's timeout begins anew with every byte, so that a head that drips would never time out; here
what is left of the call's clocks is worked out before each read of the head. The body is left alone.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

from ._timeouts import Clocks

__all__ = ["TimedResponse"]

_CLOSE_ENOUGH = 0.01  # seconds; a timeout need not be set again for less


class _Buffered:
    """A socket as HTTPResponse uses it, which makes a file of it and nothing else."""

    __slots__ = ("_size", "_sock")

    def __init__(self, sock: Any, size: int) -> None:
        self._sock, self._size = sock, size

    def makefile(self, mode: str) -> Any:
        """The file that the answer is read from."""
        return self._sock.makefile(mode, self._size)


class TimedResponse(http.client.HTTPResponse):
    """An HTTPResponse whose head must be here before the first clock of `clocks` runs out.

    `buffer`: bytes of the body to read together with the head, and to keep room for while the answer is open.
    """

    clocks: Clocks | None = None

    def __init__(self, sock: Any, *args: Any, buffer: int = io.DEFAULT_BUFFER_SIZE, **kwargs: Any) -> None:
        buffered: Any = _Buffered(sock, buffer)
        super().__init__(buffered, *args, **kwargs)

    def begin(self) -> None:
        """Read the head; raises TimeoutError when it is not here in time."""
        raw: Any = getattr(self.fp, "raw", None)
        sock: Any = getattr(raw, "_sock", None)
        clocks = self.clocks
        if clocks is None or not isinstance(
            sock, socket.socket
        ):  # TLS through a TLS proxy has no plain socket
            super().begin()
            return
        before, read = sock.gettimeout(), raw.readinto

        def timed(buffer: Any) -> int | None:
            seconds = clocks.wait(True, time.monotonic())[0]
            if seconds is not None:
                if seconds <= 0:
                    raise TimeoutError("timed out")
                set_to = sock.gettimeout()
                if set_to is None or abs(set_to - seconds) > _CLOSE_ENOUGH:
                    sock.settimeout(seconds)
            count: int | None = read(buffer)
            return count

        raw.readinto = timed
        try:
            super().begin()
        finally:
            del raw.readinto
            if sock.fileno() >= 0 and sock.gettimeout() != before:
                sock.settimeout(before)
