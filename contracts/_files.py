"""The package's own data files, read once.

What is here never changes while a program runs, so it is kept after the first look. Callers get values
that they may not change; whoever hands one on to a user hands on a copy.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.abc import Traversable

__all__ = ["folder", "schema_file", "schema_names", "table"]


def folder() -> Traversable:
    """The package's folder."""
    return files(__package__)


@cache
def schema_names() -> tuple[str, ...]:
    """Names of all schemas, sorted."""
    return tuple(sorted(f.name[:-5] for f in (folder() / "schemas").iterdir() if f.name.endswith(".json")))


@cache
def schema_file(name: str) -> dict[str, Any]:
    """The schema of that name as it stands in its file.

    Raises LookupError, with the names that come closest, if there is none.
    """
    if name not in schema_names():
        from difflib import get_close_matches

        near = get_close_matches(name, schema_names(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "names() lists them"
        raise LookupError(f"no schema is called {name!r}; {hint}")
    value: dict[str, Any] = json.loads((folder() / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    return value


@cache
def table(name: str) -> dict[str, Any]:
    """One of the tables beside the schemas: `endpoints`, `controls`, `errors`, `metrics`."""
    value: dict[str, Any] = json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))
    return value
