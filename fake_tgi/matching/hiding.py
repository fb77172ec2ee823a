"""What a difference tells: nothing of a value that has the name of a secret, or is inside of one that has.

Neither what was expected nor what came is shown; that one of them is missing, is.
"""

from __future__ import annotations

import json
import re
from typing import Final

from ..secret_names import is_secret_header, is_secret_member
from .differences import Difference

__all__ = ["without_named_secrets"]

_STEP: Final = re.compile(r'\[(?P<quoted>"(?:[^"\\]|\\.)*")\]|(?P<plain>[A-Za-z_][\w-]*)', re.ASCII)
_NOTHING: Final = "nothing"


def without_named_secrets(difference: Difference) -> Difference:
    """The same, or what may be told of it."""
    part, *names = [
        json.loads(found["quoted"]) if found["quoted"] else found["plain"]
        for found in _STEP.finditer(difference.where)
    ] or [""]
    if not any(map(is_secret_header if part == "headers" else is_secret_member, names)):
        return difference
    expected, got = difference.expected, difference.got
    return Difference(
        difference.where,
        expected if expected == _NOTHING else "a certain value (not shown)",
        got if got == _NOTHING else "another one (not shown)",
    )
