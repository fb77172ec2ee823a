"""Starts the workers of one fake, and ends all of them together.

They share one listening socket, so that whoever is free takes the next connection. A worker that dies takes
the others with it: what it had counted is lost, and a fake that answers wrongly is worse than none.
"""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..listening import listen, url_of
from ..mistakes import Mistake
from .memory import SharedMemory
from .worker import READY, Failed, Seat, work

if TYPE_CHECKING:
    from types import FrameType

    from ..settings import Settings

__all__ = ["WorkersError", "run_workers"]


class WorkersError(Mistake, RuntimeError):
    """Workers cannot be started here, or one could not start; `exit_status` is then that one's."""


def run_workers(settings: Settings, *, tell: Callable[[str], None], started: Callable[[str], None]) -> int:
    """Serves from `settings.workers` processes until SIGTERM or SIGINT; returns the exit status.

    Signals mean what they mean to one server (fake_tgi/server.py). `tell` gets lines for the user, `started`
    the URL once all workers answer. Raises CannotListen and WorkersError. Call it from the main thread.
    """
    if not hasattr(socket, "send_fds") or not hasattr(socket, "AF_UNIX"):
        raise WorkersError("--workers needs Unix sockets, which this system has not; leave it out")
    context = get_context("spawn")
    with (
        closing(listen(settings.hostname, settings.port)) as listening,
        tempfile.TemporaryDirectory(prefix="fake-tgi-") as folder,
    ):
        url = url_of(settings.hostname, int(listening.getsockname()[1]))
        memory = SharedMemory(context, settings.max_concurrent_requests)
        crew: list[tuple[Any, Connection]] = []
        try:
            with _forwarded(crew):
                for number in range(settings.workers):
                    ours, theirs = context.Pipe()
                    seat = Seat(number, settings.workers, Path(folder))
                    process = context.Process(
                        target=work, args=(seat, settings, listening, memory, theirs), name=f"worker {number}"
                    )
                    process.start()
                    theirs.close()
                    crew.append((process, ours))
                _begin(crew)
                started(url)
                return _watch(crew, tell)
        finally:
            for process, ours in crew:
                ours.close()  # whoever still runs ends now
                process.join()


def _begin(crew: list[tuple[Any, Connection]]) -> None:
    """Has all of them take connections once each of them can reach the others."""
    for process, ours in crew:
        try:
            said = ours.recv()
        except EOFError:
            process.join()
            raise WorkersError(f"{process.name} ended with status {process.exitcode} as it started") from None
        if isinstance(said, Failed):
            error = WorkersError(said.text)
            error.exit_status = said.exit_status
            raise error
    for _, ours in crew:
        ours.send(READY)


def _watch(crew: list[tuple[Any, Connection]], tell: Callable[[str], None]) -> int:
    """Returns when every worker has ended: 0, 130 when one was hurried, 1 when one died."""
    running = {process.sentinel: (process, ours) for process, ours in crew}
    status = 0
    while running:
        for sentinel in wait(list(running)):
            process, _ = running.pop(sentinel)
            process.join()
            if process.exitcode in (0, 130):
                status = max(status, process.exitcode)
                continue
            tell(f"{process.name} ended with status {process.exitcode}: all workers end")
            for _, ours in crew:
                ours.close()
            for other, _ in running.values():
                other.join()
            return 1
    return status


@contextmanager
def _forwarded(crew: list[tuple[Any, Connection]]) -> Iterator[None]:
    """SIGTERM and SIGINT go to all workers while this lasts, which the terminal's do not reach."""

    def forward(sig: int, frame: FrameType | None) -> None:
        for process, _ in crew:
            if process.exitcode is None:
                os.kill(process.pid, sig)

    before = {sig: signal.signal(sig, forward) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
