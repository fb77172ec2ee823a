"""One worker: a whole fake of its own, that knows which calls are another worker's.

What does not depend on what was asked before is answered by whoever gets it. The controls are the first
worker's, which tells the others what was changed; so are calls whose answers follow from the order of calls
(a stub that answers twice, a queued generation). A namespace is one worker's alone, found by its name. A call
for another worker goes there with its whole connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import sys
import zlib
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..assembling import assembled
from ..connection import Connection
from ..mistakes import Mistake
from ..namespaces import split
from ..server import run_on
from .crew import Crew
from .post import Known, Post

if TYPE_CHECKING:
    import socket

    from ..app import Application
    from ..hyper.protocol import HttpProtocol
    from ..server import Worker
    from ..settings import Settings
    from .memory import SharedMemory

__all__ = ["READY", "Failed", "Seat", "work"]

READY: Final = "ready"

_FIRSTS: Final = ("/__admin", "/metrics")


@dataclass(frozen=True, slots=True)
class Seat:
    """Which worker this is, from 0, of how many; `folder` has the sockets of all."""

    number: int
    of: int
    folder: Path


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a worker could not start, for the user."""

    text: str
    exit_status: int


def work(
    seat: Seat, settings: Settings, listening: socket.socket, memory: SharedMemory, parent: Pipe
) -> None:
    """The life of a worker's process.

    `parent` is told READY, or why not, and says when all are; if it goes away, the worker ends.
    """
    os.setpgid(0, 0)  # so that the terminal's signals reach the supervisor alone, which forwards them
    try:
        application, app = assembled(settings, memory=memory, tell=_tell, first=seat.number == 0)
    except Mistake as error:
        with contextlib.suppress(OSError):  # another worker may have said the same, and have ended all
            parent.send(Failed(str(error), error.exit_status))
        return
    member = _Member(seat, application, parent)
    status = run_on(
        app,
        [listening],
        grace=settings.graceful_termination_timeout,
        opened=member.join,
        tell=lambda line: _tell(f"worker {seat.number}: {line}"),
    )
    sys.stderr.flush()
    os._exit(status)  # a computation still running in a thread would hold up a normal exit


class _Member:
    """A worker among the others, while it serves."""

    def __init__(self, seat: Seat, application: Application, parent: Pipe) -> None:
        self._seat = seat
        self._app = application
        self._state = application.state
        self._parent = parent
        self._post = Post(seat.folder, seat.number)
        self._crew = Crew(self._post, seat.number, seat.of, application)

    async def join(self, worker: Worker) -> None:
        """Takes part from now on; called once the loop runs and before the first connection."""
        service = worker.service
        service.numbers = itertools.count(self._seat.number + 1, self._seat.of)
        service.pass_on = self._pass_on
        self._app.others = self._crew
        loop = asyncio.get_running_loop()

        def handed(sock: socket.socket, known: Known, read: bytes) -> None:
            sock.setblocking(False)
            protocol = worker.connection(Connection(*known), read)
            task = loop.create_task(_adopt(sock, protocol))
            service.tasks.add(task)
            task.add_done_callback(service.tasks.discard)

        def orphaned() -> None:
            loop.remove_reader(self._parent.fileno())
            worker.end_now()

        parent = self._parent
        await self._post.open(handed, self._crew.answer)
        with contextlib.suppress(OSError):  # gone already: the end of the pipe is seen below
            parent.send(READY)
        all_ready = asyncio.Event()
        loop.add_reader(parent.fileno(), all_ready.set)
        await all_ready.wait()
        try:
            parent.recv()
        except EOFError:
            worker.end_now()
        else:
            loop.add_reader(parent.fileno(), orphaned)

    def _pass_on(self, protocol: HttpProtocol, path: str, read: bytes) -> bool:
        """Whether the request at the start of `read` was given to the worker whose it is."""
        whose = self._whose(path)
        if whose is None or whose == self._seat.number:
            return False
        if protocol.transport.get_write_buffer_size():
            return False  # a client that does not read its answers is answered here, not cut
        connection = protocol.connection
        number = protocol.transport.get_extra_info("socket").fileno()
        try:
            self._post.hand_over(whose, number, (connection.id, connection.calls), read)
        except OSError:
            return False  # the other one is gone, and so will this one be
        protocol.leave()
        return True

    def _whose(self, path: str) -> int | None:
        """The worker that must answer this path; None: whoever was asked."""
        if path.startswith(_FIRSTS):
            return 0
        space = split(path)
        if space is not None:
            return zlib.crc32(space[0].encode()) % self._seat.of
        return 0 if self._state.ordered else None


async def _adopt(sock: socket.socket, protocol: HttpProtocol) -> None:
    await asyncio.get_running_loop().connect_accepted_socket(lambda: protocol, sock)


def _tell(line: str) -> None:
    sys.stderr.write(f"fake-tgi: {line}\n")
    sys.stderr.flush()
