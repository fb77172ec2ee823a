"""What keeps a verification from beginning or from being kept.

VerificationError      one line for the user; exit status 2
  TargetError          the URL or the key cannot be used
  RecordingError       a recording cannot be read, or a file not be written
"""

from __future__ import annotations

from ..mistakes import Mistake

__all__ = ["RecordingError", "TargetError", "VerificationError"]


class VerificationError(Mistake, ValueError):
    """One line: what was expected and what came."""

    exit_status = 2


class TargetError(VerificationError):
    """The URL or the key cannot be used."""


class RecordingError(VerificationError):
    """A recording cannot be read, or a file not be written."""
