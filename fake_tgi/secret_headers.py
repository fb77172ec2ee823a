"""Which headers hold secrets: a rule over their names.

It serves whoever writes requests down, and whoever only tells of them.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_secret_header"]

# `x-prompt-tokens`, `x-generated-tokens` and `x-time-per-token` are TGI's own numbers.
_SECRET: Final = re.compile(
    r"(?:.*-)?(?:authorization|cookie2?|api-?key|secret(?:-key)?|passw(?:or)?d|credentials?|session(?:-?id)?"
    r"|signature|jwt|(?<!per-)token)",
    re.IGNORECASE,
)


def is_secret_header(name: str) -> bool:
    """Whether the value of a header of that name is a secret."""
    return _SECRET.fullmatch(name) is not None
