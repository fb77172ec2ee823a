"""What is meant by a name that TGI does not have: the nearest one that it has, if one is near.

Paths that TGI has not are stubbed on purpose, so that a near one is only a hint. A parameter that is near one
of TGI's is a mistake, and refused: it would be found in no call, or, worse, its absence in every one. Names
that others have (`min_new_tokens`) are sent to TGI, which passes over them, and may be looked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

from .asked import PATHS, PREFIXES

__all__ = ["is_path", "near_parameter", "near_path"]

_NEAR: Final = 0.8

# Parameters of other servers and libraries, though their names are near.
_OF_OTHERS: Final = frozenset(("min_new_tokens", "min_tokens", "repeat_penalty", "return_text", "top_a"))


def is_path(path: str) -> bool:
    """Whether the router has this path."""
    return path in PATHS or path.startswith(PREFIXES)


def near_path(path: str) -> str | None:
    """The router's path that is meant by one that it has not; None if it has that one, or none is near."""
    return None if is_path(path) else _nearest(path, PATHS)


def near_parameter(name: str) -> str | None:
    """The parameter that is meant by a name that no route knows; None for one that is known, or near none."""
    known = _parameters()
    return None if name in known or name in _OF_OTHERS else _nearest(name, known)


def _nearest(name: str, known: Iterable[str]) -> str | None:
    exactly = {each.lower().replace("_", ""): each for each in sorted(known)}
    if (found := exactly.get(name.lower().replace("_", "").replace("-", ""))) is not None:
        return found
    return next(iter(get_close_matches(name, sorted(known), n=1, cutoff=_NEAR)), None)


@cache
def _parameters() -> frozenset[str]:
    """Every name that a route reads a parameter by."""
    from .. import request_shapes as shapes  # only a pattern with parameters needs them
    from ..serde.structs import Struct

    parameters = shapes.GENERATE_PARAMETERS.shape
    assert isinstance(parameters, Struct)
    tables: tuple[Struct[Any], ...] = (
        parameters,
        shapes.COMPAT_GENERATE_REQUEST,
        shapes.CHAT_REQUEST,
        shapes.COMPLETION_REQUEST,
    )
    named = {name for table in tables for each in table.fields for name in (each.name, *each.aliases)}
    return frozenset(named - {"inputs", "parameters", "messages", "prompt", "model"})
