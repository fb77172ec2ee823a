"""How workers of one machine reach each other: a Unix socket each, in a folder that only their user can read.

A message is a connection of its own. It either hands a client's connection over, with what was already read
of it, or asks a question, which is answered behind it. Both are trusted: a question may be any pickle.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from struct import Struct
from typing import Any, Final

__all__ = ["Known", "Post"]

_HANDED: Final = b"H"
_ASKED: Final = b"Q"
_KNOWN: Final = Struct("<QQ")
_BUFFER: Final = 4_194_304
_PIECE: Final = 1_048_576

Known = tuple[int, int]
"""A connection's number, and how many calls it has carried."""
Handed = Callable[[socket.socket, Known, bytes], None]
Asked = Callable[[Any], Awaitable[Any]]


class Post:
    """The post office of worker `number`, one of those whose sockets are in `folder`."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._number = number
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, handed: Handed, asked: Asked) -> None:
        """Takes messages from now on: connections, with what was read of them, and questions."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(self._address(self._number)))
        listening.listen(1024)
        listening.setblocking(False)
        loop = asyncio.get_running_loop()

        def ready() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                task = loop.create_task(self._take(connection, handed, asked))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

        loop.add_reader(listening.fileno(), ready)

    def hand_over(self, to: int, connection: int, known: Known, read: bytes) -> None:
        """Gives the connection with this file number to another worker, with what was read of it.

        The number is still the caller's to close. Raises OSError where the other one is gone.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
            wire.connect(str(self._address(to)))
            socket.send_fds(wire, [_HANDED], [connection])
            wire.sendall(_KNOWN.pack(*known) + read)

    async def ask(self, whom: int, question: Any) -> Any:
        """The answer of another worker; raises what it raises, or OSError where it is gone."""
        reader, writer = await asyncio.open_unix_connection(str(self._address(whom)))
        try:
            writer.write(_ASKED + pickle.dumps(question))
            writer.write_eof()
            ok, answer = pickle.loads(await reader.read())  # noqa: S301  from a worker of ours
        finally:
            writer.close()
        if not ok:
            raise answer
        return answer

    async def _take(self, connection: socket.socket, handed: Handed, asked: Asked) -> None:
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        with connection:
            kind, descriptors = await _first(loop, connection)
            pieces = []
            while piece := await loop.sock_recv(connection, _PIECE):
                pieces.append(piece)
            if kind == _HANDED:
                read = b"".join(pieces)
                id, calls = _KNOWN.unpack_from(read)
                handed(socket.socket(fileno=descriptors[0]), (id, calls), read[_KNOWN.size :])
            elif kind == _ASKED:
                try:
                    answer = pickle.dumps((True, await asked(pickle.loads(b"".join(pieces)))))  # noqa: S301
                except Exception as error:
                    answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
                await loop.sock_sendall(connection, answer)

    def _address(self, number: int) -> Path:
        return self._folder / str(number)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


async def _first(loop: asyncio.AbstractEventLoop, connection: socket.socket) -> tuple[bytes, list[int]]:
    """The first byte of a message, and the file number that came with it."""
    while True:
        try:
            kind, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
        except (BlockingIOError, InterruptedError):
            readable: asyncio.Future[None] = loop.create_future()
            loop.add_reader(connection.fileno(), _done, readable)
            try:
                await readable
            finally:
                loop.remove_reader(connection.fileno())
            continue
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        return kind, descriptors
