"""A Dockerfile as values: its stages, their instructions, variables filled in.

It reads the part of the language that our Dockerfile uses, and refuses every other instruction or flag by
name: what it does not know, the tests would not exercise.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

__all__ = ["Dockerfile", "DockerfileError", "Instruction", "Stage", "read_dockerfile"]

FLAGS = {
    "COPY": {"from", "chown"},
    "HEALTHCHECK": {"interval", "timeout", "start-period", "retries"},
    "FROM": set[str](),
    "RUN": set[str](),
}
KNOWN = {
    "ARG", "FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK",
    "ENTRYPOINT", "CMD",
}  # fmt: skip
EXPANDED = {"ARG", "FROM", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "LABEL", "STOPSIGNAL"}


class DockerfileError(ValueError):
    """A line that cannot be read, or that the tests would not exercise."""


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `text` has its flags taken out and its lines joined; nothing is filled in yet."""

    word: str
    flags: Mapping[str, str]
    text: str
    line: int

    @property
    def argv(self) -> list[str]:
        """The words of the exec form, or the shell's command for the shell form."""
        written = self.text.removeprefix("CMD ") if self.word == "HEALTHCHECK" else self.text
        if written.startswith("["):
            words = json.loads(written)
            if not all(isinstance(word, str) for word in words):
                raise DockerfileError(f"line {self.line}: the exec form takes strings, got {written}")
            return list(words)
        return ["/bin/sh", "-c", written]


@dataclass(frozen=True, slots=True)
class Stage:
    base: str
    name: str
    instructions: tuple[Instruction, ...]

    def all(self, word: str) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.word == word]

    def last(self, word: str) -> Instruction:
        """The one that holds. Raises DockerfileError if there is none."""
        found = self.all(word)
        if not found:
            raise DockerfileError(f"no {word} in the stage {self.name or self.base}")
        return found[-1]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    arguments: Mapping[str, str]
    stages: tuple[Stage, ...] = field(default=())


def read_dockerfile(text: str) -> Dockerfile:
    """Raises DockerfileError, with the line, for what it does not know."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for instruction in _instructions(text):
        if instruction.word == "FROM":
            found = re.fullmatch(r"(\S+)(?: AS (\S+))?", expand(instruction.text, arguments))
            if found is None:
                raise DockerfileError(f"line {instruction.line}: expected FROM image [AS name]")
            stages.append(Stage(found[1], found[2] or "", ()))
        elif stages:
            last = stages[-1]
            stages[-1] = Stage(last.base, last.name, (*last.instructions, instruction))
        elif instruction.word == "ARG":
            name, _, value = instruction.text.partition("=")
            arguments[name] = value
        else:
            raise DockerfileError(f"line {instruction.line}: {instruction.word} before the first FROM")
    return Dockerfile(arguments, tuple(stages))


def assignments(instruction: Instruction, environment: Mapping[str, str]) -> dict[str, str]:
    """What an ENV or a LABEL sets; the variables in it are those from before it."""
    pairs = (word.partition("=") for word in shlex.split(instruction.text))
    found = {}
    for name, equals, value in pairs:
        if not equals:
            raise DockerfileError(f"line {instruction.line}: expected name=value, got {name}")
        found[name] = expand(value, environment)
    return found


def expand(text: str, environment: Mapping[str, str]) -> str:
    """Fills in `$NAME` and `${NAME}`. Raises DockerfileError for one that is not set."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in environment:
            raise DockerfileError(f"${name} is not set")
        return environment[name]

    return re.sub(r"\$(?:\{(\w+)\}|(\w+))", value, text)


def _instructions(text: str) -> Iterator[Instruction]:
    for line, written in _joined(text):
        word, _, rest = written.partition(" ")
        if word not in KNOWN:
            raise DockerfileError(f"line {line}: {word} is not an instruction that the tests exercise")
        flags = {}
        rest = rest.strip()
        while found := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            if found[1] not in FLAGS.get(word, ()):
                raise DockerfileError(f"line {line}: --{found[1]} of {word} is not exercised by the tests")
            flags[found[1]] = found[2]
            rest = rest[found.end() :]
        yield Instruction(word, flags, rest, line)


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Each instruction on one line, with the number of its first; comments are left out, also within."""
    begun, parts = 0, []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or not line.strip():
            continue
        begun = begun or number
        stripped = line.strip()
        parts.append(stripped.removesuffix("\\").rstrip())
        if not stripped.endswith("\\"):
            yield begun, " ".join(parts)
            begun, parts = 0, []
    if parts:
        raise DockerfileError(f"line {begun}: ends in a backslash")
