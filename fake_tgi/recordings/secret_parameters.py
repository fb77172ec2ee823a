"""Where the values of secret parameters stand: in a URL, in a form, in the midst of a text.

A form has no mark in front of its first name; a text has any, and knows fewer names as secret, because
`key=len` is a program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from ..secret_names import is_secret_parameter, is_secret_word

__all__ = ["secret_parameters"]

_EQUALS: Final = re.compile(rb"=(?=[^&;#\s\"'<>\\])")
_VALUE: Final = re.compile(rb"[^&;#\s\"'<>\\]+")
# In a string of JSON the name may follow a line break.
_NAME_BEFORE: Final = re.compile(rb"(?:(?<=\\)[nrt])?([\w.-]+)\Z")
_LONGEST_NAME: Final = 80
_NO_SECRETS: Final = frozenset((b"null", b"none", b"true", b"false"))


def secret_parameters(text: bytes) -> Iterator[tuple[int, int]]:
    """Begin and end of each."""
    last = 0
    for equals in _EQUALS.finditer(text):
        at, begin = equals.span()
        named = _NAME_BEFORE.search(text, max(last, at - _LONGEST_NAME), at)
        if named is None:
            continue
        in_query = not named.start() or text[named.start() - 1] in b"?&;"
        secret = is_secret_parameter if in_query else is_secret_word
        value = _VALUE.match(text, begin)
        if value and secret(named[1].decode()) and value[0].rstrip(b".,)]}").lower() not in _NO_SECRETS:
            last = value.end()
            yield value.span()
