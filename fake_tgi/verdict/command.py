"""`fake-tgi report`: the verdict on whoever called a running fake, or on a saved journal.

Exit status: 0 nothing that fails, 1 a finding as bad as --fail-on says, 2 the command line is wrong or there
is no journal.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ..command_parser import CommandParser
from ..mistakes import UsageError
from .finding import SEVERITIES, Severity
from .judging import RULES, WaiverError, judge
from .reports import WRITERS
from .saved import SourceError, events_of, read_source

__all__ = ["run_report"]

_DESCRIPTION: Final = """\
Grades the clients that called a fake, by what it saw of them: retries, connections, streams that nobody read.
A journal is that of a running fake, or one that was saved from /__admin/requests.
"""
_EPILOG: Final = """\
exit status: 0 nothing that fails, 1 a finding as bad as --fail-on says, 2 the command line is wrong, or there
is no journal
"""


def run_report(words: Sequence[str], tell: Callable[[str], None], environment: Mapping[str, str]) -> int:
    """Runs the command; returns its exit status. Raises UsageError and SourceError.

    `tell` gets lines that are not part of the report.
    """
    given = _parser(environment).parse_args(list(words))
    if given.list:
        for rule in RULES:
            _print(f"{rule.name:<32}{rule.severity:<9}{rule.title}\n")
        return 0
    if given.source is None:
        raise UsageError("expected the URL of a fake, such as http://localhost:3000, or a saved journal")
    text = read_source(given.source, wait=given.wait, token=given.admin_token)
    events = events_of(text, given.source)
    try:
        verdict = judge(events, waive=given.waive)
    except WaiverError as error:
        raise UsageError(f"--waive: {error}") from None
    fail_on: Severity | None = None if given.fail_on == "never" else given.fail_on
    if given.save is not None:
        _write(given.save, text)
    report = WRITERS[given.format](verdict, given.source, fail_on)
    if given.out is None:
        _print(report)
    else:
        _write(given.out, report)
        tell(str(verdict).partition("\n")[0])
    return 1 if fail_on is not None and verdict.failing(fail_on) else 0


def _parser(environment: Mapping[str, str]) -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="fake-tgi report",
        usage="fake-tgi report URL|FILE [flags]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add(
        "source",
        nargs="?",
        metavar="URL|FILE",
        help="http://host:port, with /ns/NAME for a namespace; - is stdin",
    )
    add("--waive", action="append", default=[], metavar="NAME", help="a finding that is fine; repeatable")
    add(
        "--fail-on",
        choices=(*SEVERITIES, "never"),
        default="warning",
        help="exit with 1 for findings as bad as this [default warning]",
    )
    add("--format", choices=tuple(WRITERS), default="text", help="of the report [default text]")
    add("--out", type=Path, metavar="FILE", help="write the report there and one line to stderr")
    add("--save", type=Path, metavar="FILE", help="keep the journal, to be judged again")
    add(
        "--wait",
        type=_seconds,
        default=1.0,
        metavar="SECONDS",
        help="how long to wait for answers in flight [default 1]",
    )
    add(
        "--admin-token",
        default=environment.get("FAKE_TGI_ADMIN_TOKEN"),
        metavar="TOKEN",
        help="of a fake that is not on this machine [env FAKE_TGI_ADMIN_TOKEN]",
    )
    add("--list", action="store_true", help="show what is looked for, and ask nothing")
    return parser


def _seconds(written: str) -> float:
    try:
        value = float(written.removesuffix("s"))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds from 0, got {written!r}")
    return value


def _write(path: Path, text: str) -> None:
    try:
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise SourceError(f"{path}: cannot be written: {error.strerror or error}") from None


def _print(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()
