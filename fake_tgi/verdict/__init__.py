"""The verdict on a client: what a server can tell of how its client takes errors, cuts, waits and overload.

`judge(events)` looks at what the journal has; every finding has a name, by which it can be waived.
"""

from __future__ import annotations

from .finding import Finding, Rule, Severity, Sighting
from .judging import RULES, Verdict, WaiverError, judge
from .received import Received

__all__ = ["RULES", "Finding", "Received", "Rule", "Severity", "Sighting", "Verdict", "WaiverError", "judge"]
