"""argparse for all commands but `serve`, which reads as clap does: a mistake is a line with what to try."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from .mistakes import UsageError

__all__ = ["CommandParser"]


class CommandParser(argparse.ArgumentParser):
    """Raises UsageError for what it cannot read. Flags are written in full."""

    def __init__(self, prog: str, **more: Any) -> None:
        super().__init__(prog, allow_abbrev=False, **more)

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument (?:-\w/)?", "", message).replace(
            "expected one argument", "expected a value"
        )
        unknown = re.fullmatch(r"unrecognized arguments: (.*)", message)
        if unknown is None:
            raise UsageError(f"{message}: {self.prog} --help tells more")
        word = next((word for word in unknown[1].split() if word.startswith("-")), unknown[1])
        if not word.startswith("-"):
            raise UsageError(f"unexpected argument {word!r}: {self.prog} --help tells more")
        raise UsageError(f"unknown flag {word}: {self._meant(word)}")

    def _meant(self, word: str) -> str:
        from difflib import get_close_matches  # only a mistake pays for it

        flags = [flag for action in self._actions for flag in action.option_strings]
        near = get_close_matches(word.partition("=")[0].replace("_", "-"), flags, n=1, cutoff=0.7)
        return f"did you mean {near[0]}?" if near else f"{self.prog} --help lists the flags"
