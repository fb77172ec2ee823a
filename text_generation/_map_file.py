"""The file that a `map` writes its answers to, and resumes from: JSON Lines.

Each line holds one answer with a key made of the prompt and the arguments. Resuming takes the lines whose
index and key are the same as now; a last line that was cut off is dropped. Errors are not written: they are
tried again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any

from .errors import ConfigurationError
from .mapping import MapItem

__all__ = ["MapFile"]


class MapFile:
    """Open on one file. `model` is the type of the answers; `arguments` what else the calls are made with."""

    def __init__(self, path: str | PathLike[str], model: Any, arguments: Any) -> None:
        self._path = Path(path)
        self._model = model
        self._arguments = repr(arguments)
        self._lock = threading.Lock()
        self._lines: dict[int, dict[str, Any]] = {}
        whole = self._read()
        self._file = self._path.open("r+b" if self._path.exists() else "wb")
        self._file.truncate(whole)
        self._file.seek(whole)

    def _read(self) -> int:
        """Take the lines in; how many bytes of the file are whole lines."""
        if not self._path.exists():
            return 0
        whole = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                try:
                    entry = json.loads(line)
                    self._lines[int(entry["index"])] = entry
                except (ValueError, KeyError, TypeError) as problem:
                    raise ConfigurationError(
                        f"results: line {number} of {self._path} was not written by map: {problem}"
                    ) from problem
        return whole

    def key(self, prompt: Any) -> str:
        """What an answer must have been asked with to be taken again."""
        text = json.dumps(prompt, ensure_ascii=False, sort_keys=True, default=repr)
        return sha256(f"{text}\n{self._arguments}".encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def known(self, prompts: Iterable[Any], done: dict[int, MapItem]) -> Iterator[Any]:
        """The prompts again; `done` gets the item of each one that the file already answers."""
        for index, prompt in enumerate(prompts):
            entry = self._lines.pop(index, None)
            if entry is not None and entry.get("key") == self.key(prompt):
                done[index] = MapItem(index, prompt, self._model.model_validate(entry["answer"]))
            yield prompt

    def write(self, item: MapItem) -> None:
        """Add an answer, at once and whole."""
        if item.error is not None:
            return
        answer = item.answer.model_dump(mode="json")
        entry = {"index": item.index, "key": self.key(item.prompt), "prompt": item.prompt, "answer": answer}
        line = json.dumps(entry, ensure_ascii=False, default=repr).encode("utf-8", "surrogatepass") + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()
