"""Reads the head of an answer by a deadline. For the sync side, over http.client.

Rules: a socket's timeout begins anew with every byte, so that a head that drips would never time out; here
what is left of the call's clocks is worked out before each read of the head. The body is left alone.
"""

from __future__ import annotations

import http.client
import socket
import time
from typing import Any

from ._timeouts import Clocks

__all__ = ["TimedResponse"]

_CLOSE_ENOUGH = 0.01  # seconds; a timeout need not be set again for less


class TimedResponse(http.client.HTTPResponse):
    """An HTTPResponse whose head must be here before the first clock of `clocks` runs out."""

    clocks: Clocks | None = None

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
