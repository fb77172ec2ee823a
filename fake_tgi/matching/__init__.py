"""Which calls are meant, and why another one is not: patterns whose match is "no difference".

Each part is imported when it is first asked for: a server without stubs needs next to none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asked import GENERATING, Asked
    from .differences import Difference, FormError
    from .pattern import RequestPattern
    from .values import Absent, Contains, Equals, Matches, Satisfies, Schema, Subset, ValuePattern

__all__ = [
    "GENERATING",
    "Absent",
    "Asked",
    "Contains",
    "Difference",
    "Equals",
    "FormError",
    "Matches",
    "RequestPattern",
    "Satisfies",
    "Schema",
    "Subset",
    "ValuePattern",
]

_PARTS = {
    "GENERATING": ".asked",
    "Absent": ".values",
    "Asked": ".asked",
    "Contains": ".values",
    "Difference": ".differences",
    "Equals": ".values",
    "FormError": ".differences",
    "Matches": ".values",
    "RequestPattern": ".pattern",
    "Satisfies": ".values",
    "Schema": ".values",
    "Subset": ".values",
    "ValuePattern": ".values",
}


def __getattr__(name: str) -> Any:
    if name not in _PARTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_PARTS[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PARTS})
