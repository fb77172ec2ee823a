"""Stubs as they travel to another process: the form of a stub file, or a clear no.

A function stays where it is, and so does what no file can write down.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..matching.values import Satisfies, ValuePattern
from ..stubs import Faulty, Recorded, Stub
from ..stubs.answer_of import Function
from .control import NeedsInProcess

__all__ = ["portable"]


def portable(stub: Stub) -> dict[str, Any]:
    """The stub as JSON. Raises NeedsInProcess (a TypeError)."""
    when = stub.when
    if when.predicate is not None:
        raise _stays("the function `where`")
    patterns = [
        ("model", when.model),
        ("inputs", when.inputs),
        ("messages", when.messages),
        ("body", when.body),
        *(("parameters." + name, pattern) for name, pattern in when.parameters),
        *(("headers." + name, pattern) for name, pattern in when.headers),
    ]
    for name, pattern in patterns:
        if pattern is not None and _has_function(pattern):
            raise _stays(f"the function in `{name}`")
    written = stub.as_json()
    told = [written["answer"]] if "answer" in written else written["answers"]
    for given, each in zip(stub.answers, told, strict=True):
        answer = given.answer if isinstance(given, Faulty) else given
        if isinstance(answer, Function):
            raise _stays("a function as an answer")
        if isinstance(answer, Recorded):
            each["exchange"] = _found_anywhere(answer)
    return written


def _has_function(pattern: ValuePattern) -> bool:
    return any(isinstance(condition, Satisfies) for condition in pattern.conditions)


def _found_anywhere(answer: Recorded) -> str:
    if answer.source is None:
        raise _stays("a Recording that is in no file")
    path, hash_, name = answer.source.partition("#")
    return f"{Path(path).resolve()}{hash_}{name}" if Path(path).exists() else answer.source


def _stays(what: str) -> NeedsInProcess:
    return NeedsInProcess(f"{what} cannot be sent to a fake in another process: use `with FakeTGI()`")
