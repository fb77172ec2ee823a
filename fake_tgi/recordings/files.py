"""Folders of recordings: what a file is called, how it is laid out, how it is read and written.

One exchange has one file, called after its route and what was asked, so that recording again changes the
files of what has changed and no other. `NAME.recording.json` is a JSON array of a head and exchanges, laid
out for a diff: one header, one chunk a line. `NAME.jsonl` holds the same values, one a line, the head
optional; it may also hold generations, the model's side alone. A file is written whole or not at all, and
one that cannot be read is refused whole, with its reason, while the others stay.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ..shards.scripted import FormatError, parse_generation
from .recording import Recording, parse_recording, recording_json

__all__ = [
    "FORMAT", "SUFFIX", "VERSION", "Recordings", "Refused", "content_name", "layout", "read_recordings",
    "write", "write_file",
]  # fmt: skip

FORMAT: Final = "tgi-recording"
VERSION: Final = 1
SUFFIX: Final = ".recording.json"

_HEAD: Final = frozenset(("format", "version", "recorded", "server", "upstream", "note"))
_LONGEST_SLUG: Final = 48


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not read, and why."""

    file: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


@dataclass(slots=True)
class Recordings:
    """What a folder holds: exchanges, generations that stand by themselves, and the files refused."""

    exchanges: list[Recording] = field(default_factory=list)
    generations: list[Mapping[str, Any]] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def read_recordings(place: Path) -> Recordings:
    """Reads a file, or every recording file in a folder and below it, in the order of their names.

    Raises FileNotFoundError when there is no such place. Whatever is wrong with a file is in `refused`.
    """
    if not place.exists():
        raise FileNotFoundError(f"{place}: expected a folder of recordings or a file, found nothing there")
    found = Recordings()
    for file in [place] if place.is_file() else _files(place):
        try:
            exchanges, generations = _read(file)
        except (OSError, ValueError, RecursionError) as error:
            found.refused.append(Refused(file, _reason(error)))
        else:
            found.exchanges += exchanges
            found.generations += generations
    return found


def content_name(method: str, target: str, body: bytes | None, canonical: bytes) -> str:
    """A name without its ending, `ROUTE/WORDS-HASH`: from the request alone, so it stays from run to run.

    `canonical` is what makes the request the one it is; everything must be redacted.
    """
    path = target.partition("?")[0]
    route = re.sub(r"[^A-Za-z0-9_-]+", ".", path).strip(".") or "root"
    words = _words(body) if body else target.partition("?")[2] or method
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower())[:_LONGEST_SLUG].strip("-") or method.lower()
    digest = hashlib.sha256(canonical).hexdigest()[:8]
    return f"{route[:_LONGEST_SLUG]}/{slug}-{digest}"


def layout(head: Mapping[str, Any], *exchanges: Mapping[str, Any]) -> str:
    """The text of a file: JSON with one header, one chunk, one member of the request a line."""
    head = {"format": FORMAT, "version": VERSION, **head}
    items = (json.dumps(head, ensure_ascii=False), *(_laid_out(exchange, "") for exchange in exchanges))
    return "[\n" + ",\n".join(items) + "\n]\n"


def write(folder: Path, recording: Recording, head: Mapping[str, Any], *, name: str) -> Path:
    """Writes one exchange as `folder/name.recording.json`: whole, or not at all. Raises OSError."""
    return write_file(folder / f"{name}{SUFFIX}", [recording], head)


def write_file(file: Path, recordings: Iterable[Recording], head: Mapping[str, Any]) -> Path:
    """Writes exchanges, each with a name of its own, as one file: whole, or not at all. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    data = layout(head, *map(recording_json, recordings)).encode("utf-8", "surrogatepass")
    draft = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with draft.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(file)
    except BaseException:
        with suppress(OSError):
            draft.unlink()
        raise
    return file


def _files(folder: Path) -> list[Path]:
    found = [
        Path(root) / name
        for root, _, names in os.walk(folder)
        for name in names
        if name.endswith((SUFFIX, ".jsonl")) and not name.startswith(".")
    ]
    return sorted(found, key=lambda file: [_natural(part) for part in file.parts])


def _natural(part: str) -> list[tuple[int, str]]:
    """Numbers count as numbers: the tenth answer to a request comes after the ninth."""
    part = part.removesuffix(SUFFIX)
    return [(int(word), "") if word.isdigit() else (-1, word) for word in re.split(r"([0-9]+)", part)]


def _read(file: Path) -> tuple[list[Recording], list[Mapping[str, Any]]]:
    text = file.read_text(encoding="utf-8")
    exchanges: list[Recording] = []
    generations: list[Mapping[str, Any]] = []
    names: set[str] = set()
    first = True
    for where, value in _values(text):
        if first and isinstance(value, dict) and "format" in value:
            _check_head(value, where)
        elif isinstance(value, dict) and "request" not in value and "tokens" in value:
            parse_generation(value, where)
            generations.append(value)
        else:
            recording = parse_recording(value, where)
            if recording.name in names:
                raise FormatError(f"{where}.name: {recording.name!r} is the name of another one as well")
            names.add(recording.name)
            exchanges.append(recording)
        first = False
    if first:
        raise FormatError("expected recordings, found an empty file")
    return exchanges, generations


def _values(text: str) -> Iterator[tuple[str, Any]]:
    if text.lstrip().startswith("["):
        for index, value in enumerate(json.loads(text)):
            yield f"item {index + 1}", value
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", json.loads(line)
            except ValueError as error:
                raise FormatError(f"line {number}: expected one JSON value: {error}") from None


def _check_head(head: Mapping[str, Any], where: str) -> None:
    if head["format"] != FORMAT:
        raise FormatError(f"{where}.format: expected {FORMAT!r}, got {head['format']!r}")
    version = head.get("version")
    if type(version) is not int or version < 1:
        raise FormatError(f"{where}.version: expected {VERSION}, got {version!r}")
    if version > VERSION:
        raise FormatError(
            f"{where}.version: {version} is newer than {VERSION}, the newest that this version reads; "
            f"try a newer text-generation"
        )
    unknown = sorted(set(head) - _HEAD)
    if unknown:
        raise FormatError(f"{where}.{unknown[0]}: expected one of {', '.join(sorted(_HEAD))}")


def _reason(error: Exception) -> str:
    if isinstance(error, FormatError):
        return str(error)
    if isinstance(error, UnicodeDecodeError):
        return f"expected UTF-8: {error}"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return f"expected JSON: {error}"


def _words(body: bytes) -> str:
    """What a person would call the request: its prompt, or its last message."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    if not isinstance(value, dict):
        return str(value)
    messages = value.get("messages")
    if isinstance(messages, list) and messages and isinstance(messages[-1], dict):
        content = messages[-1].get("content")
        parts = content if isinstance(content, list) else []
        texts = [part.get("text", "") for part in parts if isinstance(part, dict)]
        return content if isinstance(content, str) else " ".join(map(str, texts))
    return str(next((value[key] for key in ("inputs", "prompt", "instances") if key in value), "request"))


def _laid_out(value: Any, indent: str) -> str:
    """JSON with a member or an item a line; but pairs and numbers, which are read as one thing, in one."""
    deeper = indent + " "
    if isinstance(value, Mapping) and value:
        members = (
            f"{deeper}{json.dumps(key, ensure_ascii=False)}: {_laid_out(each, deeper)}"
            for key, each in value.items()
        )
        return "{\n" + ",\n".join(members) + f"\n{indent}}}"
    if isinstance(value, list) and value and not _is_one_thing(value):
        return "[\n" + ",\n".join(deeper + _laid_out(item, deeper) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def _is_one_thing(items: list[Any]) -> bool:
    short = all(isinstance(item, str) and len(item) < 200 and "\n" not in item for item in items)
    return all(isinstance(item, (int, float)) for item in items) or (len(items) == 2 and short)
