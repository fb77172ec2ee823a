"""What is said where a library is missing that comes with `text-generation[fake]` alone."""

from __future__ import annotations

from typing import Final

__all__ = ["missing"]

_OURS: Final = ("fake_tgi", "tgi_contracts", "text_generation")


def missing(error: ImportError) -> str | None:
    """Which library is not installed, and what to try; None for an error that is not about that.

    The contracts raise an ImportError of their own words, with the reason as its cause.
    """
    reason = error if isinstance(error, ModuleNotFoundError) else error.__cause__
    if not isinstance(reason, ModuleNotFoundError) or not reason.name:
        return None
    library = reason.name.partition(".")[0]
    return None if library in _OURS else f"{library} is not installed: pip install 'text-generation[fake]'"
