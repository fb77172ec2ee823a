"""Names that tell of a secret: of headers, of parameters in a URL or a form, of members of JSON.

Hyphens and underscores are alike, and so are cases; something may stand in front (`x-api-key`, `HF_TOKEN`).
`token` is no such member, because TGI's answers have it (log-probabilities); `tokens` are counted everywhere.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["MEMBER", "is_secret_header", "is_secret_member", "is_secret_parameter", "is_secret_word"]

_WHOSE: Final = (
    "access|api|auth|bearer|client|csrf|hf|id|identity|oauth|private|refresh|secret|security|session|xsrf"
)
_SURE: Final = (
    rf"(?:{_WHOSE})[_-]?token|api[_-]?key|(?:client[_-]?)?secret|(?:secret|access|private)[_-]?key"
    r"|secret[_-]?access[_-]?key|passw(?:or)?d|authori[sz]ation|authentication|credentials?|cookie2?|jwt"
    r"|session[_-]?id"
)
# In a text, or a program, these may be words like others.
_LIKELY: Final = "auth|session|signature"
# `x-time-per-token` is one of TGI's own numbers.
_ALONE: Final = r"(?<!per[_-])token"

MEMBER: Final = rf"(?:[\w-]*[_-])?(?:{_SURE}|{_LIKELY})"
"""A regular expression of the names of members whose values are secrets. Cases do not matter."""

_IN_FRONT: Final = r"(?:.*[._-])?"
_MEMBER: Final = re.compile(MEMBER, re.IGNORECASE | re.ASCII)
_HEADER: Final = re.compile(rf"{_IN_FRONT}(?:{_SURE}|{_LIKELY}|{_ALONE})", re.IGNORECASE)
_PARAMETER: Final = re.compile(rf"{_HEADER.pattern}|key|sig", re.IGNORECASE)
_WORD: Final = re.compile(rf"{_IN_FRONT}(?:{_SURE})|token", re.IGNORECASE)


def is_secret_header(name: str) -> bool:
    """Whether the value of a header of that name is a secret."""
    return _HEADER.fullmatch(name) is not None


def is_secret_parameter(name: str) -> bool:
    """Whether what follows `name=` in a URL or a form is a secret."""
    return _PARAMETER.fullmatch(name) is not None


def is_secret_word(name: str) -> bool:
    """Whether what follows `name=` amid a text is a secret."""
    return _WORD.fullmatch(name) is not None


def is_secret_member(name: str) -> bool:
    """Whether a value in JSON under that name is a secret."""
    return _MEMBER.fullmatch(name) is not None
