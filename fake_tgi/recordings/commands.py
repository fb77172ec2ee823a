"""`fake-tgi record` and `fake-tgi import`: recordings of a running server, and of other tools' files.

Exit status 1 when something could not be kept or read; each reason is a line on stderr.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ..command_parser import CommandParser
from ..mistakes import Mistake, UsageError

__all__ = ["FolderError", "run_import", "run_record"]

Tell = Callable[[str], None]


class FolderError(Mistake, OSError):
    """There is no place for recordings."""


def run_record(words: Sequence[str], tell: Tell) -> int:
    """Records until SIGTERM or Ctrl-C; returns the exit status."""
    given = _record_parser().parse_args(list(words))

    from ..server import run
    from .keeping import Keeper
    from .recorder import Recorder
    from .upstream import Upstream

    try:
        upstream = Upstream(given.upstream)
        keeper = Keeper(given.out, upstream=upstream.url, patterns=tuple(given.redact), told=tell)
    except ValueError as error:
        raise UsageError(str(error)) from None
    _make_folder(given.out)
    recorder = Recorder(upstream, keeper, told=tell)
    status = run(
        recorder,
        given.hostname,
        given.port,
        grace=given.graceful_termination_timeout,
        started=lambda url: tell(f"recording {upstream.url} at {url} into {given.out}"),
        tell=tell,
    )
    left = recorder.left
    if left is not None and (left.elsewhere or left.lost):
        for file in left.elsewhere:
            tell(f"{given.out} could not be written to; kept as {file}")
        if left.lost:
            tell(f"{left.lost} recordings are lost: no disk had room for them")
        return 1
    return status


def _make_folder(folder: Path) -> None:
    """So that a place that cannot be written to is told before calls are lost on it. Raises FolderError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FolderError(f"--out: {folder} cannot be a folder: {error.strerror or error}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FolderError(f"--out: {folder} cannot be written to")


def run_import(words: Sequence[str], tell: Tell) -> int:
    """Makes recordings of other tools' files; returns the exit status."""
    given = _import_parser().parse_args(list(words))

    from .importing import ImportFailure, import_file

    status = 0
    for file in given.files:
        try:
            done = import_file(file, given.out, patterns=tuple(given.redact))
        except (ImportFailure, OSError) as error:
            tell(f"{file}: {getattr(error, 'strerror', None) or error}")
            status = 1
            continue
        except ValueError as error:
            raise UsageError(str(error)) from None
        for skipped in done.skipped:
            tell(f"{file}: {skipped}")
        tell(f"{file}: {len(done.written)} recordings in {given.out}")
        status = status or int(not done.written)
    return status


def _record_parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="fake-tgi record",
        description="Stands in front of a server and keeps what went past. Secrets are never written.",
    )
    parser.add_argument("--upstream", required=True, metavar="URL", help="the server to pass calls on to")
    _common(parser)
    parser.add_argument(
        "--hostname", default="127.0.0.1", help="address to listen on [%(default)s: this machine alone]"
    )
    parser.add_argument("-p", "--port", type=_port, default=3000, help="0 takes a free one [%(default)s]")
    parser.add_argument(
        "-g",
        "--graceful-termination-timeout",
        type=_seconds,
        default=90,
        metavar="SECONDS",
        help="what calls may take to end after SIGTERM [%(default)s]",
    )
    return parser


def _import_parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="fake-tgi import",
        description="Makes recordings of HAR files (.har) and of vcrpy's cassettes (.yaml, .yml, .json).",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    _common(parser)
    return parser


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder for the recordings")
    parser.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="REGEX",
        help="more secrets, beside those of known names and forms; groups narrow it; repeat it",
    )


def _seconds(written: str) -> int:
    if not written.isascii() or not written.isdigit():
        raise argparse.ArgumentTypeError(f"expected seconds from 0, got {written!r}")
    return int(written)


def _port(written: str) -> int:
    if not written.isascii() or not written.isdigit() or int(written) > 65_535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {written!r}")
    return int(written)
