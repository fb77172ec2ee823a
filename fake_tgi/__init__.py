"""A server that answers as the router of Text Generation Inference does, with no model behind it.

The anatomy is TGI's own: the *router* extracts, validates, limits, renders and refuses; the *shard*
generates. Every module here is importable by itself, and nothing heavy is imported before it is used: the
names below are those of `fake_tgi.library`, loaded when first asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what type checkers believe to be true, without importing typing
if TYPE_CHECKING:
    from .library import (
        FakeTGI,
        absent,
        anything,
        contains,
        equals,
        fake_tgi_cases,
        json_schema,
        json_subset,
        matches,
    )

__all__ = [
    "FakeTGI",
    "absent",
    "anything",
    "contains",
    "equals",
    "fake_tgi_cases",
    "json_schema",
    "json_subset",
    "matches",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import library

    return getattr(library, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
