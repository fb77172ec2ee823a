"""Answers that are made in one turn of the event loop go out together, behind the last of them.

What is written to a socket wakes its client, and to wake a core that sleeps costs the server more than the
write does. Between two answers of a busy server its client falls asleep; between two writes it does not. So
an answer that is all there waits for those of other connections, until the turn is over or there are enough.
Nobody can tell by the bytes: whatever else is done to a connection comes behind what waits (HttpProtocol).
With one connection or two nothing is gathered, nor for clients that hold a virtual clock, and of a stream in
time nothing ever is.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sized
from typing import Final

__all__ = ["FEWEST", "MOST", "Outbox"]

FEWEST: Final = 3
"""Connections that are open where answers are gathered; of two clients, each would wait for the other."""
MOST: Final = 16
"""How many answers may wait. More of them save nothing, and each waits for those behind it."""


class Outbox:
    """The answers of one event loop that wait, in `waiting`; `connections` are those that are open on it."""

    __slots__ = ("_called", "_connections", "_loop", "waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, connections: Sized) -> None:
        self._loop = loop
        self._connections = connections
        self._called = False
        self.waiting: deque[tuple[asyncio.Transport, bytes]] = deque()

    def put(self, transport: asyncio.Transport, data: bytes) -> None:
        """Writes `data`, in this turn of the loop or at its end."""
        waiting = self.waiting
        if len(self._connections) < FEWEST:
            if waiting:
                self.flush()
            transport.write(data)
            return
        waiting.append((transport, data))
        if len(waiting) >= MOST:
            self.flush()
        elif not self._called:
            self._called = True
            self._loop.call_soon(self._turn)

    def flush(self) -> None:
        """Writes what waits, in the order in which it came."""
        waiting = self.waiting
        try:
            while waiting:  # and not a copy of it: who is told of a write may have more written
                transport, data = waiting.popleft()
                transport.write(data)
        finally:
            if waiting:  # one that cannot be written is no reason to keep the others
                self._loop.call_soon(self.flush)

    def _turn(self) -> None:
        self._called = False
        self.flush()
