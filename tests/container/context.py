"""The build's context: the files that a `.dockerignore` lets through, and what COPY takes of them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

__all__ = ["Ignored", "files_of"]


class Ignored:
    """The rules of a .dockerignore: the last pattern that fits a path, or a folder above it, decides."""

    def __init__(self, text: str) -> None:
        lines = (line.strip() for line in text.splitlines())
        self._rules = [
            (not line.startswith("!"), _pattern(line.removeprefix("!").strip("/")))
            for line in lines
            if line and not line.startswith("#")
        ]

    def __contains__(self, path: str) -> bool:
        parts = path.split("/")
        above = ["/".join(parts[: count + 1]) for count in range(len(parts))]
        ignored = False
        for ignores, pattern in self._rules:
            if any(pattern.fullmatch(part) for part in above):
                ignored = ignores
        return ignored


def files_of(root: Path, ignored: Ignored, sources: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(path below `root`, path below COPY's target) of each file of `sources` that is not ignored.

    As COPY does, a folder's contents are copied without its name, a file with its last name. Raises
    FileNotFoundError for a source of which nothing is left.
    """
    for source in sources:
        found = False
        place = root / source
        if place.is_file():
            if source not in ignored:
                found = True
                yield source, place.name
        else:
            for folder, _, names in os.walk(place):
                for name in names:
                    path = (Path(folder) / name).relative_to(root).as_posix()
                    if path not in ignored:
                        found = True
                        yield path, (Path(folder) / name).relative_to(place).as_posix()
        if not found:
            raise FileNotFoundError(f"COPY {source}: not in the build's context")


def _pattern(written: str) -> re.Pattern[str]:
    pieces = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(pieces.get(piece) or re.escape(piece) for piece in re.split(r"(\*\*/|\*\*|\*|\?)", written))
    )
