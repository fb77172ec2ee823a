"""Each command and each of its flags, as the argument parsers themselves have them."""

from __future__ import annotations

import argparse
import contextlib
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

from fake_tgi.cli import main as fake_tgi
from fake_tgi.flags import FLAGS
from text_generation.__main__ import main as text_generation
from tgi_contracts.__main__ import main as tgi_contracts

from .markdown import code, heading, marked, sentence

__all__ = ["Command", "commands", "page"]

_INTRODUCTION: Final = """\
# Command line

`fake-tgi` is the server and what belongs to it. `python -m text_generation` is the client in a terminal,
`python -m tgi_contracts` the contracts.

"""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name as typed, its parser, or the text of its help where it has no parser."""

    name: str
    parser: argparse.ArgumentParser | None
    help: str


class _Stopped(BaseException):
    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self.parser = parser


def commands() -> list[Command]:
    """Every command of every program of this distribution."""
    found = []
    for name in _named_by_help():
        parser, help_text = _caught(fake_tgi, [name, "--help"])
        found.append(Command(f"fake-tgi {name}", parser, help_text))
    for module, main in (("text_generation", text_generation), ("tgi_contracts", tgi_contracts)):
        parser, _ = _caught(main, ["--help"])
        assert parser is not None
        found += _below(f"python -m {module}", parser)
    return found


def page() -> str:
    """The whole page."""
    return _INTRODUCTION + "\n".join(_section(command) for command in commands())


def _named_by_help() -> list[str]:
    _, text = _caught(fake_tgi, ["--help"])
    listed = text.partition("\ncommands:\n")[2].partition("\n\n")[0]
    return re.findall(r"^  (\w[\w-]*)", listed, re.MULTILINE)


def _caught(
    main: Callable[[Sequence[str]], int], words: list[str]
) -> tuple[argparse.ArgumentParser | None, str]:
    """The parser that a program reads these words with, or else what it prints."""

    def stop(parser: argparse.ArgumentParser, *_: object) -> None:
        raise _Stopped(parser)

    printed = io.StringIO()
    with (
        patch.object(argparse.ArgumentParser, "parse_known_args", stop),
        contextlib.redirect_stdout(printed),
    ):
        try:
            main(words)
        except _Stopped as stopped:
            return stopped.parser, ""
    return None, printed.getvalue()


def _below(name: str, parser: argparse.ArgumentParser) -> Iterator[Command]:
    yield Command(name, parser, "")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield Command(f"{name} {word}", below, _said(action, word))


def _said(action: Any, word: str) -> str:
    return next((str(choice.help) for choice in action._choices_actions if choice.dest == word), "")


def _section(command: Command) -> str:
    lines = heading(2, code(command.name), re.sub(r"\W+", "-", command.name))
    parser = command.parser
    if parser is None:
        usage, _, rest = command.help.partition("\n\n")
        return "\n".join([*lines, "```text", usage, "```", "", rest])
    described = (parser.description or command.help or "").split("\n\n")[0]
    lines += [sentence(" ".join(described.split())), ""]
    if usage := _usage(parser):
        lines += ["```text", usage, "```", ""]
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if _has_heading(action)]
        if not actions:
            continue
        if group.title not in ("options", "positional arguments"):
            lines += [f"**{sentence(str(group.title)).rstrip('.')}**", ""]
        for action in actions:
            lines += _entry(command.name, action)
    if command.name == "fake-tgi serve":
        lines += _without_effect()
    if parser.epilog and "exit status" in parser.epilog:
        lines += [sentence(" ".join(parser.epilog.split())), ""]
    return "\n".join(lines)


def _usage(parser: argparse.ArgumentParser) -> str:
    with patch.dict("os.environ", {"COLUMNS": "100", "NO_COLOR": "1"}):
        return parser.format_usage().removeprefix("usage: ").rstrip()


def _has_heading(action: argparse.Action) -> bool:
    hidden = action.help == argparse.SUPPRESS
    return not hidden and not isinstance(action, (argparse._HelpAction, argparse._SubParsersAction))


def _entry(command: str, action: argparse.Action) -> list[str]:
    names = list(action.option_strings) or [str(action.metavar or action.dest)]
    names.sort(key=lambda name: (not name.startswith("--"), name))
    anchor = f"{command} {names[0]}".replace("--", "").replace(" ", "-").lower()
    value = "" if action.nargs == 0 or not action.option_strings else f" {_metavar(action)}"
    text, facts = _help(action)
    lines = [*heading(3, ", ".join(code(name + value) for name in names), anchor), text, ""]
    if facts:
        lines += [f"*{facts}*", ""]
    return lines


def _metavar(action: argparse.Action) -> str:
    if action.metavar is not None:
        return str(action.metavar)
    return "|".join(map(str, action.choices)) if action.choices else action.dest.upper()


def _help(action: argparse.Action) -> tuple[str, str]:
    """What it does, and its default and variable, which help texts have in brackets at their end."""
    written = (action.help or "").replace("%(default)s", str(action.default)).replace("%%", "%")
    found = re.fullmatch(r"(.*?)\s*(?:\[(.*)\])?", written, re.DOTALL)
    assert found is not None
    facts = re.sub(r"\benv (\w+)", r"variable `\1`", found[2] or "")
    return sentence(marked(found[1])), sentence(re.sub(r"\bdefault (\S+?)(,|$)", r"default `\1`\2", facts))


def _without_effect() -> list[str]:
    """The flags that TGI has for machines. `--help` hides them; whoever looks one up should find it."""
    lines = [
        "**Accepted without effect**",
        "",
        "TGI's own, so that its command lines work. They are read, checked, and named in one line on stderr; "
        "`--ngrok` stops the fake, as it stops TGI.",
        "",
    ]
    for flag in FLAGS:
        if flag.group == "no effect":
            names = [flag.long, *([f"-{flag.short}"] if flag.short else [])]
            value = "" if flag.read is None else " VALUE"
            shown = ", ".join(code(name + value) for name in names)
            variables = {
                "read": f"*Variable `{flag.variable}`: checked.*",
                "noticed": f"*Variable `{flag.variable}`.*",
                "none": "",
            }
            variable = variables[flag.environment]
            lines += [*heading(3, shown, f"fake-tgi-serve-{flag.long[2:]}"), variable, ""]
    return lines
