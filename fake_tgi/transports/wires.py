"""The ends that clients hold: one that blocks its thread, one that is awaited. Both lead to a running server.

A timeout ends when so much real time has passed, and on a virtual clock also when that has: a client that
waits ten seconds for a server that is silent for sixty gives up at once. Time does not jump for a timeout
alone, so that a server which takes real time to answer is waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from ..clock import Handle, VirtualClock
from .wire import Inbox, ServerEnd

if TYPE_CHECKING:
    from ..server import Server

__all__ = ["AsyncEnd", "BlockingEnd", "Calls", "ClientEnd", "Wires", "weakly"]


class Wires:
    """Connections to one server. `clock` is the fake's."""

    def __init__(self, server: Server, clock: Callable[[], float]) -> None:
        self.server = server
        self.virtual = clock if isinstance(clock, VirtualClock) else None
        self._ports = count(50_000)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that serves. Raises ConnectionRefusedError while none does."""
        try:
            return self.server.loop
        except RuntimeError:
            raise _refused() from None

    def connect(self, inbox: Inbox) -> tuple[asyncio.AbstractEventLoop, ServerEnd, Calls]:
        """A new connection, from any thread, that fills `inbox`; and what calls its other end, on the loop.

        Raises ConnectionRefusedError.
        """
        loop = self.loop
        # A virtual clock stands still once an answer has come, and would go on while it waits for others.
        protocol = self.server.connection(gathers=self.virtual is None)
        end = ServerEnd(loop, protocol, inbox, next(self._ports))
        calls = Calls(loop)
        calls(end.open)
        return loop, end, calls


class ClientEnd:
    """A client's end of a connection. Any thread may send and close."""

    def __init__(self, wires: Wires) -> None:
        self._virtual = virtual = wires.virtual
        self._turn = turn = object()
        # The server's end holds the inbox, and must not hold this one: who forgets a connection closes it.
        self.inbox = Inbox(None if virtual is None else lambda: virtual.hold(turn))
        self._loop, self._server, self._do = wires.connect(self.inbox)
        self._closed = False

    def send(self, data: bytes) -> None:
        """Sends something; what a closed connection is sent is lost, as in a socket. Raises OSError."""
        if self._closed:
            raise OSError(9, "Bad file descriptor")
        self._do(self._server.feed, bytes(data))

    def close(self) -> None:
        """Leaves. Whoever waits for data wakes up, and gets an end."""
        if not self._closed:
            self._closed = True
            with contextlib.suppress(OSError):
                self._do(self._server.leave)
            self.inbox.end()
            self.rest()

    def __del__(self) -> None:
        if not getattr(self, "_closed", True):  # there is none if nobody served
            self.close()

    def rest(self) -> None:
        """This end waits for the server, or for nobody: as far as it is concerned, time may pass."""
        if self._virtual is not None:
            self._virtual.release(self._turn)

    def _act(self) -> None:
        """It is this end's turn: what has come is to be taken."""
        if self._virtual is not None:
            self._virtual.hold(self._turn)

    @property
    def virtual(self) -> bool:
        """Whether the fake's clock is a virtual one."""
        return self._virtual is not None

    @property
    def closed(self) -> bool:
        """Whether this end was closed."""
        return self._closed

    def _limit(self, seconds: float | None, expired: Callable[[], None]) -> Handle | None:
        """Has `expired` called, on the server's loop, when that much virtual time has passed."""
        if seconds is None or self._virtual is None:
            return None
        return self._virtual.call_in_passing(self._loop, seconds, expired)


class BlockingEnd(ClientEnd):
    """An end that blocks its thread."""

    def receive(self, most: int, timeout: float | None = None) -> bytes:
        """The next bytes, b"" at the end. `timeout` in seconds. Raises OSError, TimeoutError among them."""
        found = self.inbox.take(most)
        if found is not None:
            return found
        self._not_on_the_loop()
        late = threading.Event()

        def expired() -> None:
            with self.inbox.changed:
                if not self.inbox.readable:  # what came in time is only not taken yet
                    self._act()
                    late.set()
                    self.inbox.changed.notify_all()

        limit = self._limit(timeout, expired)
        if not self.inbox.readable:
            self.rest()
        try:
            with self.inbox.changed:
                arrived = self.inbox.changed.wait_for(lambda: self.inbox.readable or late.is_set(), timeout)
        finally:
            if limit is not None:
                limit.cancel()
        if late.is_set() or not arrived:
            raise TimeoutError("timed out")
        return self.inbox.take(most) or b""

    def _not_on_the_loop(self) -> None:
        try:
            here: Any = asyncio.get_running_loop()
        except RuntimeError:
            return
        if here is self._loop:
            raise RuntimeError(
                "this blocking call is made on the event loop that serves the fake, and would wait for "
                "itself: use an asynchronous client, or `with FakeTGI()`, which serves in a thread"
            )


class AsyncEnd(ClientEnd):
    """An end that is awaited, on the event loop that it was made on."""

    def __init__(self, wires: Wires) -> None:
        super().__init__(wires)
        self._own = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self.inbox.told = weakly(self._told)

    async def receive(self, most: int, timeout: float | None = None) -> bytes:
        """The next bytes, b"" at the end. `timeout` in seconds. Raises OSError, TimeoutError among them."""
        found = self.inbox.take(most)
        if found is not None:
            return found
        late = False

        def expired() -> None:
            nonlocal late
            if not self.inbox.readable:  # what came in time is only not taken yet
                self._act()
                late = True
                self._told()

        limit = self._limit(timeout, expired)
        real = None if timeout is None else self._own.call_later(timeout, expired)
        try:
            while not self.inbox.readable and not late:
                self._waiter = self._own.create_future()
                if not self.inbox.readable and not late:
                    self.rest()
                    await self._waiter
        finally:
            self._waiter = None
            if limit is not None:
                limit.cancel()
            if real is not None:
                real.cancel()
        if late:
            raise TimeoutError("timed out")
        return self.inbox.take(most) or b""

    def _told(self) -> None:
        with contextlib.suppress(RuntimeError):  # the client's loop has ended
            self._own.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def weakly(method: Callable[[], None]) -> Callable[[], None]:
    """Calls a method as long as somebody else holds what it belongs to."""
    held = weakref.WeakMethod(method)

    def call() -> None:
        found = held()
        if found is not None:
            found()

    return call


class Calls:
    """Makes calls on a loop, from any thread and in order.

    Those that come before the loop has woken up for the first are made in the same turn: to wake it up costs
    more than what is called.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Callable[[], object]] = deque()
        self._coming = False
        self._lock = threading.Lock()

    def __call__(self, do: Callable[..., object], *args: object) -> None:
        """Raises ConnectionRefusedError when the loop is closed."""
        if self._loop.is_closed():
            raise _refused()
        with self._lock:
            self._waiting.append(partial(do, *args))
            if self._coming:
                return
            self._coming = True
        try:
            self._loop.call_soon_threadsafe(self._make)
        except RuntimeError:  # it was closed just now
            raise _refused() from None

    def _make(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._coming = False
                    return
                do = self._waiting.popleft()
            try:
                do()
            except BaseException:
                self._loop.call_soon(
                    self._make
                )  # what one call raises is the loop's to tell; the others go on
                raise


def _refused() -> ConnectionRefusedError:
    return ConnectionRefusedError(111, "the fake is not running: start it, or use it as a context manager")
