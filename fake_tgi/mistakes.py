"""What a user did wrong: the command line shows such an error as one clear line, and no traceback."""

from __future__ import annotations

__all__ = ["Mistake", "UsageError"]


class Mistake(Exception):
    """Marks an error whose text says what was expected, what came and what to try.

    `exit_status` is what the command ends with.
    """

    exit_status = 1


class UsageError(Mistake, ValueError):
    """The command line or a variable cannot be read. One line: what was expected and what came."""

    exit_status = 2
