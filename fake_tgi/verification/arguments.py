"""The command line of `fake-tgi verify` becomes a plan: which server, which questions, what to write where.

Everything that can be wrong with the command line is told before anything is asked, and files that will be
written are known to be writable by then.
"""

from __future__ import annotations

import argparse
import difflib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, get_args

from ..command_parser import CommandParser
from ..mistakes import UsageError
from .question import Question, Suite
from .questions import all_questions
from .running import Limits
from .target import Target, read_target

__all__ = ["FORMATS", "Plan", "read_plan"]

FORMATS: Final = ("text", "json", "junit")

_SUITES: Final[tuple[str, ...]] = get_args(Suite)

_DESCRIPTION: Final = """\
Asks a server some questions and tells what differs from Text Generation Inference: what each route answers,
in form and in words, and what several answers must have in common. Most questions make the model generate
nothing, the others a few tokens. An API key is read from TGI_TOKEN or HF_TOKEN and never shown.
"""
_EPILOG: Final = """\
exit status: 0 nothing differs, 1 something differs or has changed, 2 the command line is wrong,
3 nothing could be asked
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. `given` are facts that need not be asked for."""

    target: Target
    questions: tuple[Question, ...]
    available: tuple[Question, ...]
    limits: Limits
    given: dict[str, Any]
    format: str
    out: Path | None
    save: Path | None
    against: Path | None
    complete: bool
    list_only: bool
    notices: tuple[str, ...]


def read_plan(words: Sequence[str], environment: Mapping[str, str]) -> Plan:
    """Reads the words after `fake-tgi verify`. Raises UsageError, TargetError, and SystemExit on --help."""
    given = _parser().parse_args(list(words))
    target = read_target(given.url or "localhost", environment)
    notices = list(target.notices)
    suites = [word for word in given.only if word in _SUITES]
    if target.prefix.endswith("/v1"):
        target = replace(target, prefix=target.prefix.removesuffix("/v1"))
        if not suites:
            suites = ["openai"]
            notices.append("the URL ends in /v1: asking what OpenAI's clients rely on, as --only openai does")
    if given.url is None and not given.list:
        raise UsageError("expected the URL of a server, such as http://localhost:8080")
    everything = all_questions()
    chosen = _chosen(everything, suites or ["tgi"], given.only, given.skip)
    for path in (given.out, given.save):
        _check_writable(path)
    facts = {"openai_model": given.model, "hosted_model": given.model} if given.model else {}
    return Plan(
        target, chosen, everything, Limits(given.timeout, given.total), facts, given.format, given.out,
        given.save, given.against, given.complete, given.list, tuple(notices),
    )  # fmt: skip


def _chosen(
    everything: Sequence[Question], suites: Sequence[str], only: Sequence[str], skip: Sequence[str]
) -> tuple[Question, ...]:
    known = {word for question in everything for word in _words_for(question)}
    for word in (*only, *skip):
        if word not in known:
            close = difflib.get_close_matches(word, sorted(known), n=1)
            hint = f"did you mean {close[0]}?" if close else "--list shows routes and questions"
            raise UsageError(f"no suite, route or question is called {word!r}: {hint}")
    narrowed = {word for word in only if word not in _SUITES}
    chosen = tuple(
        question
        for question in everything
        # A question's own name is enough; a route is one of several suites.
        if (question.name in narrowed or question.suite in suites)
        and (not narrowed or narrowed & _words_for(question))
        and not _words_for(question) & set(skip)
    )
    if not chosen:
        raise UsageError("no question is left: --only and --skip leave nothing of " + ", ".join(suites))
    return chosen


def _words_for(question: Question) -> set[str]:
    """What --only and --skip may call it: its suite, its route with or without method, its name."""
    return {question.suite, question.route, question.route.rpartition(" ")[2], question.name}


def _check_writable(path: Path | None) -> None:
    if path is not None and (path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK)):
        raise UsageError(f"{path}: cannot be written")


def _parser() -> argparse.ArgumentParser:
    parser = CommandParser(
        prog="fake-tgi verify",
        usage="fake-tgi verify URL [flags]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("url", nargs="?", metavar="URL", help="http://host:port, https://host/prefix")
    add = parser.add_argument
    add(
        "--only",
        action="append",
        default=[],
        metavar="WHAT",
        help="openai, hosted or tgi (default); a route, such as /generate; a question; repeatable",
    )
    add("--skip", action="append", default=[], metavar="WHAT", help="a route or a question; repeatable")
    add("--model", metavar="NAME", help="the model to ask for; default: the first that the server names")
    add("--format", choices=FORMATS, default="text", help="of the report [default text]")
    add("--out", type=Path, metavar="FILE", help="write the report there and one line to stderr")
    add("--save", type=Path, metavar="FILE", help="keep all answers as recordings, without secrets")
    add("--against", type=Path, metavar="FILE", help="report what changed since a file that --save wrote")
    add(
        "--timeout",
        type=_seconds,
        default=Limits().question,
        metavar="SECONDS",
        help="for one question [default 30]",
    )
    add(
        "--total",
        type=_seconds,
        default=Limits().total,
        metavar="SECONDS",
        help="for all of them [default 600]",
    )
    add("--complete", action="store_true", help="exit with 1 as well if a question could not be asked")
    add("--list", action="store_true", help="show the questions and ask none")
    return parser


def _seconds(written: str) -> float:
    try:
        value = float(written.removesuffix("s"))
    except ValueError:
        value = 0.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {written!r}")
    return value
