"""One way in which a value breaks its contract."""

from __future__ import annotations

import json
from dataclasses import dataclass

__all__ = ["Violation", "shown"]


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a value breaks its contract.

    `where` is the place: `$` is the value itself, `$.details.tokens[0].id` a member of it; in an exchange
    also `status`, `headers.content-type`, `body`, `events[3].token.id`. `rule` is the JSON Schema keyword
    that failed, or the name of a rule that no schema can state. `expected` and `got` are texts for people.
    """

    where: str
    rule: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, got {self.got} ({self.rule})"

    def inside(self, place: str) -> Violation:
        """The same violation of a value that itself stands at `place`."""
        return Violation(place + self.where.removeprefix("$"), self.rule, self.expected, self.got)


def shown(value: object, limit: int = 120) -> str:
    """A value as JSON, cut to `limit` characters; what JSON cannot write, as Python does."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
