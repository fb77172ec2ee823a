"""What a user did wrong: the command line shows such an error as one clear line, and no traceback."""

from __future__ import annotations

__all__ = ["Mistake"]


class Mistake(Exception):
    """Marks an error whose text says what was expected, what came and what to try.

    `exit_status` is what the command ends with.
    """

    exit_status = 1
