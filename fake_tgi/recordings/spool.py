"""Keeps recordings until they are on disk: one thread writes, nobody waits for it.

What cannot be written (a full disk, a folder that may not be written to) stays in memory, is tried again
every second and once more at the end, then in a folder for temporary files. Beyond `limit` bytes the spool
is `full`, and whoever puts into it should stop accepting work rather than lose it.
"""

from __future__ import annotations

import tempfile
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["Left", "Spool"]

_AGAIN: Final = 1.0  # seconds

Write = Callable[[Path], Path]
"""Writes one recording into a folder; returns the file. Raises OSError when that is not possible now."""


@dataclass(frozen=True, slots=True)
class Left:
    """How it ended: files that went to the folder for temporary files instead, and how many are lost."""

    elsewhere: tuple[Path, ...]
    lost: int


class Spool:
    """Writes to `folder` in a thread that starts when the first recording comes.

    `told` gets a line when writing starts to fail and when it works again; it is called in that thread.
    """

    def __init__(
        self, folder: Path, *, told: Callable[[str], None] = lambda line: None, limit: int = 256_000_000
    ) -> None:
        self.folder = folder
        self._told = told
        self._limit = limit
        self._waiting: deque[tuple[Write, int]] = deque()
        self._size = 0
        self._failing = False
        self._closing = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def full(self) -> bool:
        """Whether so much waits that nothing more should come."""
        return self._size > self._limit

    def put(self, write: Write, size: int) -> None:
        """Takes a recording of about `size` bytes; returns at once. RuntimeError when closed."""
        with self._changed:
            if self._closing:
                raise RuntimeError("the spool is closed")
            self._waiting.append((write, size))
            self._size += size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="fake-tgi recordings", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Waits until everything is written; False when it is not after that time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, seconds)

    def close(self) -> Left:
        """Writes what is left, somewhere. Idempotent."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        elsewhere: list[Path] = []
        lost = 0
        refuge: Path | None = None
        for write, _ in self._waiting:
            try:
                refuge = refuge or Path(tempfile.mkdtemp(prefix="fake-tgi-recordings-"))
                elsewhere.append(write(refuge))
            except OSError:
                lost += 1
        self._waiting.clear()
        return Left(tuple(elsewhere), lost)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                write, size = self._waiting[0]
            problem = self._try(write)
            with self._changed:
                if problem is None:
                    self._waiting.popleft()
                    self._size -= size
                    self._changed.notify_all()
                elif self._closing:
                    return
                else:
                    self._changed.wait_for(lambda: self._closing, _AGAIN)

    def _try(self, write: Write) -> OSError | None:
        try:
            write(self.folder)
        except OSError as error:
            if not self._failing:
                self._failing = True
                self._told(f"cannot write to {self.folder}: {error}; recordings wait in memory")
            return error
        if self._failing:
            self._failing = False
            self._told(f"{self.folder} can be written to again")
        return None
