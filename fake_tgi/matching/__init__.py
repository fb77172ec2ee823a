"""Which calls are meant, and why another one is not: patterns whose match is "no difference".

Each part is imported when it is first asked for: a server without stubs needs next to none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazily

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

__getattr__, __dir__ = lazily(
    __name__,
    globals(),
    {
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
    },
)
