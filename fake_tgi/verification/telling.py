"""How a difference is put into words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tgi_contracts import Violation

__all__ = ["shown", "unequal"]


def shown(value: object, limit: int = 200) -> str:
    """A value as JSON, cut to `limit` characters."""
    text = json.dumps(value, ensure_ascii=False, default=repr)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def unequal(where: str, rule: str, expected: Any, got: Any, why: str = "") -> Iterator[Violation]:
    """A violation if the two values are not the same."""
    if expected != got:
        yield Violation(where, rule, shown(expected) + (f", {why}" if why else ""), shown(got))
