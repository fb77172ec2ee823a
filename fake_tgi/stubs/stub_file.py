"""Stubs in a file, read again when it changes.

A file is taken whole or not at all: while it cannot be read, the stubs of before stay. What is wrong is told
once, with file, line, place and what was expected. Several fakes may share one file; it is read once for all.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from ..located.value import Located, UnreadableError
from ..matching import Difference, FormError
from ..mistakes import Mistake
from .form import check_form
from .stub import Stub, read_stub

__all__ = ["StubFile", "StubFileError"]

_EVERY: Final = 0.1
"""Seconds between two looks at the file."""

_TOLD: Final = 3
"""So many problems of one file are told, each with its line; the others are counted."""

_log = logging.getLogger("fake_tgi.stubs")


class StubFileError(Mistake, ValueError):
    """A stub file cannot be read. The message: file, line, place, what was expected there and what came."""


class StubFile:
    """A file of stubs in the form of the contract StubFile: JSON if it is called `….json`, else YAML.

    `clock` gives seconds; the file is looked at ten times a second at most, when a call comes or stubs are
    asked for.
    `stubs` are those that it held when it could last be read, `states` the states in which scenarios begin,
    and `version` counts how often it was read: 0, never.
    """

    def __init__(self, path: str | Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.path = Path(path)
        self.problem: str | None = None
        """What is wrong with the file as it is now; None while its stubs are those in use."""
        self.stubs: tuple[Stub, ...] = ()
        self.states: dict[str, str] = {}
        self.version = 0
        self._clock = clock
        self._next = 0.0
        self._seen: tuple[int, int, int] | None = None

    def read(self) -> list[Stub]:
        """The stubs in the file, in its order. Raises StubFileError."""
        self._seen = self._look()
        self._next = self._clock() + _EVERY
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except (OSError, ValueError) as error:
            said = getattr(error, "strerror", None) or error
            raise StubFileError(f"{self.path}: expected a stub file (UTF-8), but {said}") from error
        try:
            stubs, states = _contents(self._parsed(text), self.path)
        except UnreadableError as error:
            raise StubFileError(f"{self.path}, line {error.line}: {error}") from error
        for at, stub in enumerate(stubs):
            for path, near in stub.when.unknown_paths():
                _log.warning("%s, stubs[%d]: TGI has no path %s: did you mean %s?", self.path, at, path, near)
        self.stubs, self.states, self.version = tuple(stubs), states, self.version + 1
        return stubs

    def changed(self) -> list[Stub] | None:
        """The stubs that the file has now; None if it is the same, was just looked at, or cannot be read."""
        now = self._clock()
        if now < self._next:
            return None
        self._next = now + _EVERY
        try:
            if self._look() == self._seen:
                return None
            stubs = self.read()
        except Exception as error:  # a call has led here, and is to be answered whatever it is
            known = isinstance(error, StubFileError)
            self.problem = str(error) if known else f"{self.path}: {type(error).__name__}: {error}"
            _log.warning("%s (the stubs of before stay)", self.problem)
            return None
        self.problem = None
        return stubs

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = os.stat(self.path)  # noqa: PTH116  a Path makes a string of itself each time
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def _parsed(self, text: str) -> Located:
        if self.path.suffix.lower() == ".json":
            from ..located.json_lines import read_json

            return read_json(text)
        from ..located.yaml_lines import read_yaml  # only YAML needs PyYAML

        return read_yaml(text)


def _contents(read: Located, path: Path) -> tuple[list[Stub], dict[str, str]]:
    stubs, wrong = [], list[Difference]()
    try:
        check_form(read.value, "StubFile")
        for at, each in enumerate(read.value["stubs"]):
            try:
                stubs.append(read_stub(each, f"stubs[{at}]", path.parent))
            except FormError as error:
                wrong += error.differences
        if wrong:
            raise FormError(*wrong)
    except FormError as error:
        raise StubFileError(f"{path}, {_problems(error.differences, read)}") from error
    return stubs, read.value.get("scenarios", {})


def _problems(found: Sequence[Difference], read: Located) -> str:
    told = [f"line {read.line(each.where)}: {each}" for each in found[:_TOLD]]
    more = len(found) - len(told)
    return "; ".join(told) + (f" (and {more} more)" if more else "")
