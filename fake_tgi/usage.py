"""The command line of `serve` as argparse reads it: its help, and one line for what is wrong with it.

A flag is written in full and given once, as clap has it. A good command line need not come here.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import MISSING, fields
from typing import Any, Final, NoReturn

from .flags import FLAGS, Flag, Group, refused
from .mistakes import UsageError
from .settings import UNSET, Settings

__all__ = ["read_words"]

_TITLES: Final[dict[Group, str]] = {
    "server": "server",
    "limits": "limits, as TGI's router has them",
    "model": "model",
    "fake": "the fake's own",
}


def read_words(arguments: Sequence[str]) -> dict[str, Any]:
    """The values of flags by name, of those that were given. Raises UsageError, and SystemExit on --help."""
    found, rest = _parser().parse_known_args(list(arguments))
    if rest:
        raise UsageError(_unexpected(rest))
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(found).items()
        if value is not None
    }


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument (--[a-z-]+)(/-\w)?: ", r"\1: ", message)
        raise UsageError(
            message.replace("ignored explicit argument", "takes no value, got").replace(
                "expected one argument", "expected a value"
            )
        )


class _Once(argparse.Action):
    """Stores a value; a second one is an error, as in clap. A switch stores True."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, value: Any, option: Any = None
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            raise argparse.ArgumentError(self, "given more than once")
        setattr(namespace, self.dest, True if self.nargs == 0 else value)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="fake-tgi serve",
        usage="fake-tgi [serve] [flags]",
        description="Answers as Text Generation Inference does, with no model behind it.",
        epilog=_idle_flags(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    groups = {group: parser.add_argument_group(title) for group, title in _TITLES.items()}
    for flag in FLAGS:
        options: dict[str, Any] = {"action": "append" if flag.repeats else _Once, "help": _help(flag)}
        if flag.read is None:
            options["nargs"] = 0
        else:
            options.update(type=_typed(flag), metavar="VALUE")
        names = [flag.long] if flag.short is None else [flag.long, f"-{flag.short}"]
        groups.get(flag.group, parser).add_argument(*names, dest=flag.name, **options)
    return parser


def _idle_flags() -> str:
    import textwrap  # argparse's own wrapping would break the flags at their hyphens

    names = (flag.long for flag in FLAGS if flag.group == "no effect" and flag.name != "ngrok")
    listed = textwrap.fill(
        ", ".join(names), initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )
    return f"accepted without effect, so that TGI's own command lines work:\n{listed}"


def _typed(flag: Flag) -> Any:
    def read(written: str) -> object:
        assert flag.read is not None
        try:
            return flag.read(written)
        except ValueError as error:
            raise argparse.ArgumentTypeError(refused(error, written)) from None

    return read


def _help(flag: Flag) -> str:
    if flag.group == "no effect":
        return argparse.SUPPRESS
    defaults = {each.name: each.default for each in fields(Settings)}
    default = defaults.get(flag.name)
    shown = default not in (None, MISSING, UNSET, "", (), False) and not isinstance(default, bool)
    suffix = f"default {default}, " if shown else ""
    return f"{flag.help} [{suffix}env {flag.variable}]".replace("%", "%%")


def _unexpected(rest: Sequence[str]) -> str:
    import difflib  # only a mistake pays for it

    word = next((word for word in rest if word.startswith("-")), rest[0])
    if not word.startswith("-"):
        return f"unexpected argument {word!r}: fake-tgi serve takes flags only"
    name = word.split("=")[0]
    close = difflib.get_close_matches(name.replace("_", "-"), [flag.long for flag in FLAGS], n=1)
    hint = f"did you mean {close[0]}?" if close else "fake-tgi serve --help lists the flags"
    return f"unknown flag {name}: {hint}"
