"""Which calls are meant, and why another one is not: patterns whose match is "no difference"."""

from __future__ import annotations

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
