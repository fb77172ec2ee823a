"""`fake-tgi serve` in a process of its own: on a free port, waited for, and ended with who started it.

The port is the one that the process tells, so nobody can have taken it. What it writes is kept, for the error
that says why it did not start. Variables that would set flags are taken out of its environment.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from typing import IO, Any, Final

__all__ = ["ServeProcess", "words_for"]

_KEPT_LINES: Final = 200
_LONG: Final = 60.0
_POLITE: Final = 5.0
_DYING: Final = 1.0
_READY = re.compile(r" at (https?://\S+)$")


def words_for(settings: Mapping[str, Any]) -> list[str]:
    """The flags that say these settings. Raises TypeError for one that has no flag."""
    from ..flags import FLAGS

    flags = {flag.name: flag for flag in FLAGS}
    words: list[str] = []
    for name, value in settings.items():
        flag = flags.get(name)
        if flag is None:
            raise TypeError(f"{name}: `fake-tgi serve` has no flag for it, so that no subprocess can be told")
        if value is None:
            continue
        if flag.read is None:
            words += [flag.long] * bool(value)
        elif isinstance(value, bool):
            words.append(f"{flag.long}={'true' if value else 'false'}")
        elif flag.repeats:
            words += [f"{flag.long}={each}" for each in value]
        elif value == float("inf"):
            words.append(f"{flag.long}=instant")
        else:
            words.append(f"{flag.long}={value}")
    return words


class ServeProcess:
    """One process. `words` are what stands behind `fake-tgi serve`."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = list(words)
        self._process: subprocess.Popen[str] | None = None
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._readers: list[threading.Thread] = []
        self._url: str | None = None
        self._told = threading.Event()
        self._last_resort: weakref.finalize[Any, Any] | None = None

    @property
    def url(self) -> str:
        """Where it answers. RuntimeError unless running."""
        if self._process is None or self._url is None:
            raise RuntimeError("the server is not running: call start(), or use it as a context manager")
        return self._url

    @property
    def output(self) -> str:
        """What it wrote, its last 200 lines."""
        return "\n".join(self._lines)

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError with what it wrote if it ends before that."""
        if self._process is not None:
            raise RuntimeError(f"the server is already running at {self.url}")
        self._url = None
        self._lines.clear()
        self._told.clear()
        command = [sys.executable, "-m", "fake_tgi.cli", "serve", *self._words]
        self._process = process = subprocess.Popen(  # noqa: S603  our own command, with our own interpreter
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            env=_environment(),
        )
        self._last_resort = weakref.finalize(self, _kill, process)
        self._readers = [self._follow(process.stderr), self._follow(process.stdout)]
        self._told.wait(_LONG)
        if self._url is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_DYING)
            code = process.poll()
            self.stop()
            what = f"took longer than {_LONG:g} seconds" if code is None else f"ended with status {code}"
            raise RuntimeError(f"fake-tgi serve {what}:\n{self.output or '(it wrote nothing)'}")

    def stop(self) -> None:
        """Ends it: politely, then not. Idempotent."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_POLITE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        if self._last_resort is not None:
            self._last_resort.detach()

    def _follow(self, stream: IO[str] | None) -> threading.Thread:
        assert stream is not None
        thread = threading.Thread(target=self._read, args=(stream,), name="fake-tgi output", daemon=True)
        thread.start()
        return thread

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.append(line.rstrip("\n"))
            found = _READY.search(line.rstrip("\n"))
            if found is not None and self._url is None:
                self._url = found[1]
                self._told.set()
        self._told.set()  # it has ended, or will


def _environment() -> dict[str, str]:
    from ..flags import FLAGS

    flags = {flag.variable for flag in FLAGS}
    kept = {name: value for name, value in os.environ.items() if name not in flags}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def _kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
