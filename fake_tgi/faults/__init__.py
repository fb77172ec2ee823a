"""What goes wrong on purpose: functions on frames that rules choose for each call, and that compose."""

from __future__ import annotations

from .choosing import CHANGES, FAULT_HEADER, GENERATING, Faults, strike
from .moment import Moment
from .writing import FAULTS, FaultError, as_json, read_faults, read_rule, rules_of, spelled

__all__ = [
    "CHANGES",
    "FAULTS",
    "FAULT_HEADER",
    "GENERATING",
    "FaultError",
    "Faults",
    "Moment",
    "as_json",
    "read_faults",
    "read_rule",
    "rules_of",
    "spelled",
    "strike",
]
