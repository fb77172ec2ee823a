"""A connection that is no socket: what the server's protocol writes to, and what a client takes it from.

Bytes, their order and their chunks are those of a socket; so are the ends: closed after what was sent, or
reset. A client that reads slowly stops the server once so many bytes are unread, and one that leaves is
noticed in the next turn of the server's loop. Everything of the server's end runs on that loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final, cast

__all__ = ["Inbox", "ServerEnd"]

_FULL: Final = 262_144
"""Unread bytes at which the server is asked to wait; it goes on at half of them."""

_ADDRESS: Final = ("127.0.0.1", 80)
_AT_ONCE: Final = struct.pack("ii", 1, 0)


class Inbox:
    """What the server has sent and the client has not taken yet. Threads share it.

    `comes` is called in the server's thread before something comes, `told` afterwards.
    """

    def __init__(self, comes: Callable[[], None] | None = None) -> None:
        self._comes = comes
        self.changed = threading.Condition()
        self.told: Callable[[], None] | None = None
        """Called in the server's thread whenever something has come."""
        self.drained: Callable[[], None] | None = None
        """Called in the client's thread when a full box is half empty again."""
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._full = False
        self._ended = False
        self._error: OSError | None = None

    def put(self, data: bytes) -> bool:
        """Adds to it; False asks the server to wait."""
        if self._comes is not None:
            self._comes()
        with self.changed:
            if self._ended:
                return True
            self._pieces.append(data)
            self._size += len(data)
            self._full = self._full or self._size >= _FULL
            self.changed.notify_all()
        if self.told is not None:
            self.told()
        return not self._full

    def end(self, error: OSError | None = None) -> None:
        """Nothing comes any more; `error` is what the client meets behind the last byte."""
        if self._comes is not None:
            self._comes()
        with self.changed:
            if self._ended:
                return
            self._ended, self._error = True, error
            self.changed.notify_all()
        if self.told is not None:
            self.told()

    @property
    def readable(self) -> bool:
        """Whether a client need not wait: there is something, or an end."""
        return self._ended or bool(self._pieces)

    @property
    def unread(self) -> int:
        """Bytes."""
        return self._size

    def take(self, most: int | None = None) -> bytes | None:
        """The next piece, at most so many bytes of it; b"" is the end; None: nothing yet. Raises OSError."""
        drained = None
        with self.changed:
            if not self._pieces:
                if self._error is not None:
                    raise type(self._error)(*self._error.args)
                return b"" if self._ended else None
            piece = self._pieces.popleft()
            if most is not None and len(piece) > most:
                self._pieces.appendleft(piece[most:])
                piece = piece[:most]
            self._size -= len(piece)
            if self._full and self._size <= _FULL // 2:
                self._full, drained = False, self.drained
        if drained is not None:
            drained()
        return piece


class ServerEnd(asyncio.Transport):
    """The transport of a server's protocol. `feed` and `leave` are what the client does, on the same loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, protocol: asyncio.Protocol, inbox: Inbox, port: int):
        linger = _Linger()
        super().__init__({"peername": ("127.0.0.1", port), "sockname": _ADDRESS, "socket": linger})
        self._loop = loop
        self._protocol = protocol
        self._inbox = inbox
        self._linger = linger
        self._closing = False
        self._left = False
        self._paused = False
        self._waiting = False
        self._held: list[bytes] = []
        inbox.drained = self._drained

    def open(self) -> None:
        """The connection is there."""
        self._protocol.connection_made(self)

    def feed(self, data: bytes) -> None:
        """The client has sent something."""
        if self._closing:
            return
        if self._paused:
            self._held.append(data)
        else:
            self._protocol.data_received(data)

    def leave(self) -> None:
        """The client has closed the connection."""
        if self._left:
            return
        self._left = True
        if not self._closing and not self._protocol.eof_received():
            self.close()
        # A socket whose other end is closed fails when it is written to.
        self._loop.call_soon(self._lose, ConnectionResetError("the client has closed the connection"))

    # What a protocol asks of its transport.

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self._closing or self._left or not data:
            return
        if not self._inbox.put(bytes(data)) and not self._waiting:
            self._waiting = True
            self._protocol.pause_writing()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._inbox.end()
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        reset = ConnectionResetError(104, "Connection reset by peer") if self._linger.at_once else None
        self._closing = True
        self._inbox.end(reset)
        self._loop.call_soon(self._lose, None)

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        while self._held and not self._paused and not self._closing:
            self._protocol.data_received(self._held.pop(0))

    def is_reading(self) -> bool:
        return not self._paused and not self._closing

    def get_write_buffer_size(self) -> int:
        return max(self._inbox.unread - _FULL, 0)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """What a client has not read yet is as in a socket's own buffer: nobody can limit that."""

    def get_protocol(self) -> asyncio.BaseProtocol:
        return cast(asyncio.BaseProtocol, self._protocol)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)

    def _drained(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and so has whoever waited
            self._loop.call_soon_threadsafe(self._go_on)

    def _go_on(self) -> None:
        if self._waiting:
            self._waiting = False
            self._protocol.resume_writing()

    def _lose(self, error: Exception | None) -> None:
        if self._linger.lost:
            return
        self._linger.lost = self._closing = True
        self._inbox.end()
        self._protocol.connection_lost(error)


class _Linger:
    """What a protocol does with its socket before it resets the connection."""

    def __init__(self) -> None:
        self.at_once = False
        self.lost = False

    def setsockopt(self, level: int, option: int, value: Any) -> None:
        """To linger for no time makes a close a reset."""
        if (level, option) == (socket.SOL_SOCKET, socket.SO_LINGER):
            self.at_once = value == _AT_ONCE
