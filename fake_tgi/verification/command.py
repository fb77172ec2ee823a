"""`fake-tgi verify URL`: reads the command line, asks, and writes the report where it belongs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, TextIO

from .arguments import Plan, read_plan
from .drift import drift_since
from .errors import RecordingError
from .json_report import json_report
from .junit_report import junit_report
from .question import Question
from .questions import in_order
from .recording import read_recording, recording_of
from .report import Report
from .running import Progress, verify
from .text_report import summary, text_report

__all__ = ["run_verify"]

_WRITERS: Final[Mapping[str, Callable[[Report], str]]] = {
    "text": text_report,
    "json": json_report,
    "junit": junit_report,
}


def run_verify(words: Sequence[str], environment: Mapping[str, str] | None = None) -> int:
    """Runs the command; returns its exit status. Raises UsageError, TargetError, RecordingError."""
    plan = read_plan(words, os.environ if environment is None else environment)
    for notice in plan.notices:
        _tell(notice)
    if plan.list_only:
        return _list(plan)
    recorded = read_recording(plan.against) if plan.against is not None else None
    progress, finished = _progress(sys.stderr)
    try:
        report = verify(
            plan.target,
            plan.questions,
            available=plan.available,
            limits=plan.limits,
            given=plan.given,
            progress=progress,
        )
    finally:
        finished()
    if recorded is not None:
        report = replace(report, drift=drift_since(recorded, report.outcomes))
    if plan.save is not None:
        _write(plan.save, recording_of(report))
    text = _WRITERS[plan.format](report)
    if plan.out is not None:
        _write(plan.out, text)
        _tell(summary(report))
    else:
        _print(text)
    incomplete = any(not outcome.verdict.by_choice for outcome in report.of_kind("unasked"))
    return report.exit_status or (1 if plan.complete and incomplete else 0)


def _list(plan: Plan) -> int:
    for question in in_order(plan.questions):
        cost = f"{question.tokens} tokens" if question.tokens else ""
        _print(f"{question.name:<34}{question.route:<28}{cost:>10}  {question.says}".rstrip() + "\n")
    return 0


def _progress(stream: TextIO) -> tuple[Progress, Callable[[], None]]:
    """What shows how far it is, on one line of a terminal and nowhere else; and what wipes the line away."""
    if not stream.isatty():
        return (lambda done, all_of_them, question: None), (lambda: None)

    def show(done: int, all_of_them: int, question: Question) -> None:
        filled = 20 * done // all_of_them
        bar = "#" * filled + "-" * (20 - filled)
        stream.write(f"\r\x1b[K[{bar}] {done}/{all_of_them} {question.name}"[:120])
        stream.flush()

    def wipe() -> None:
        stream.write("\r\x1b[K")
        stream.flush()

    return show, wipe


def _write(path: Path, text: str) -> None:
    """Whole or not at all. What is no regular file (a pipe, /dev/stdout) is written as it is."""
    try:
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise RecordingError(f"{path}: cannot be written: {error.strerror or error}") from None


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


def _tell(line: str) -> None:
    sys.stderr.write(f"fake-tgi: {line}\n")
    sys.stderr.flush()
