"""The command `fake-tgi`: which command, and how a failure is told.

A failure that the user can mend is one line on stderr: exit status 2 when the command line or a variable
cannot be read, 1 for everything else. Nothing heavy is imported before it is needed, so that `--help` and
a mistyped flag answer at once.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from .mistakes import Mistake

if TYPE_CHECKING:
    from .settings import Settings

__all__ = ["main"]

_HELP: Final = """\
usage: fake-tgi [serve] [flags]
       fake-tgi verify URL [flags]
       fake-tgi record --upstream URL --out DIR
       fake-tgi import FILE... --out DIR
       fake-tgi report URL|FILE [flags]
       fake-tgi demo

A server that answers as Text Generation Inference does, with no model behind it.

commands:
  serve      answer calls until SIGTERM or Ctrl-C; the word may be left out
             (fake-tgi serve --help lists the flags)
  verify     ask any server some questions, and tell what differs from TGI
             (fake-tgi verify --help lists the flags)
  record     stand in front of a server and keep what goes past, without its secrets
             (fake-tgi record --help lists the flags; play it with fake-tgi serve --replay DIR)
  import     make such recordings of a HAR file or of vcrpy's cassettes
  report     grade the clients that called a fake: retries, connections, streams left open
             (fake-tgi report --help lists the flags)
  demo       start a server, call it with both clients, show the tokens as they stream

  --version  the version of this package
  --help     this text
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line `arguments`, by default the process's; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        command, rest = _choose(words)
        return command(rest)
    except Mistake as error:
        _tell(str(error))
        return error.exit_status
    except ImportError as error:
        from .extra import missing

        said = missing(error)
        if said is None:
            raise
        _tell(said)
        return 1
    except KeyboardInterrupt:
        return 130


def _choose(words: list[str]) -> tuple[Callable[[list[str]], int], list[str]]:
    from .mistakes import UsageError

    commands: dict[str, Callable[[list[str]], int]] = {
        "serve": _serve,
        "verify": _verify,
        "record": _record,
        "import": _import,
        "report": _report,
        "demo": _demo,
    }
    first = words[0] if words else ""
    if first in ("--help", "-h", "help"):
        return _print(_HELP), []
    if first in ("--version", "-V"):
        return _version, []
    if first in commands:
        return commands[first], words[1:]
    if first.startswith("-") or not words:
        return _serve, words
    import difflib

    close = difflib.get_close_matches(first, commands, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(commands)}"
    raise UsageError(f"unknown command {first!r}: {hint}")


def _serve(words: list[str]) -> int:
    from .arguments import read_arguments

    arguments = read_arguments(words, os.environ)
    for notice in arguments.notices:
        _tell(notice)
    try:
        return _serve_with(arguments.settings)
    except Mistake as error:  # of the settings, but one that only the start finds
        _tell(arguments.retold(str(error)))
        return error.exit_status


def _serve_with(settings: Settings) -> int:
    def started(url: str) -> None:
        _tell(f"{settings.model_id} as TGI {settings.version} would at {url}")

    if settings.workers > 1:
        from .workers.supervisor import run_workers

        return run_workers(settings, tell=_tell, started=started)

    gc.disable()  # nothing that a start makes is garbage; the server has it collected again
    try:
        from .assembling import assembled
        from .server import run

        _, app = assembled(settings, tell=_tell)
        status = run(
            app,
            settings.hostname,
            settings.port,
            grace=settings.graceful_termination_timeout,
            started=started,
            tell=_tell,
        )
    finally:
        gc.enable()
    if status:
        sys.stderr.flush()
        os._exit(status)  # a computation still running in a thread would hold up a normal exit
    return status


def _verify(words: list[str]) -> int:
    from .verification.command import run_verify

    return run_verify(words)


def _record(words: list[str]) -> int:
    from .recordings.commands import run_record

    return run_record(words, _tell)


def _import(words: list[str]) -> int:
    from .recordings.commands import run_import

    return run_import(words, _tell)


def _report(words: list[str]) -> int:
    from .verdict.command import run_report

    return run_report(words, _tell, os.environ)


def _demo(words: list[str]) -> int:
    from .demo import run_demo

    return run_demo(words)


def _version(words: list[str]) -> int:
    from importlib.metadata import version

    sys.stdout.write(f"fake-tgi {version('text-generation')}\n")
    return 0


def _print(text: str) -> Callable[[list[str]], int]:
    def command(words: list[str]) -> int:
        sys.stdout.write(text)
        return 0

    return command


def _tell(line: str) -> None:
    sys.stderr.write(f"fake-tgi: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
