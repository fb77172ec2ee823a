"""What makes a request the one it is: to the byte, by its value, or by its value but for secrets.

The exact bytes matter where an error tells a line and a column; mostly the same JSON value, however it is
spaced and ordered, is the same request. All of it is compared in its redacted form, so that a recording
made with a real token answers a test that has another one or none. Headers are no part of it, but for the
media type, which decides how a body is read.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from .redaction import PLACEHOLDER, Redactor

__all__ = ["RequestKey", "request_key"]

_FORMS: Final = Redactor()
"""Knows nothing but forms and names, and learns nothing."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """`exact` and `value` are redacted; where a body is no JSON they are the same."""

    method: str
    target: str
    media: str
    exact: bytes
    value: bytes

    @property
    def canonical(self) -> bytes:
        """All of it as bytes, to take a digest of."""
        head = f"{self.method} {self.target}\n{self.media}\n"
        return head.encode("utf-8", "surrogateescape") + self.value

    def pattern(self) -> re.Pattern[bytes] | None:
        """Matches the `value` of every request that differs from this one in redacted places alone."""
        mark = PLACEHOLDER.encode()
        if mark not in self.value:
            return None
        return re.compile(rb"[^\"\n]*?".join(map(re.escape, self.value.split(mark))))


def request_key(method: str, target: str, media: str | None, body: bytes | None) -> RequestKey:
    """The key of a request. `media` is its content type, with parameters or without; None: it has none."""
    exact = _FORMS.text(body) if body else b""
    essence = (media or "").partition(";")[0].strip().lower()
    return RequestKey(method, _FORMS.target(target), essence, exact, _value(exact))


def _value(body: bytes) -> bytes:
    try:
        value = json.loads(body, object_pairs_hook=_Members)
        return json.dumps(_plain(value), separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body


class _Members(list[tuple[str, Any]]):
    """An object as its members, those of the same name too: the router refuses what has such."""


def _plain(value: Any) -> Any:
    if isinstance(value, _Members):
        names = {name for name, _ in value}
        if len(names) == len(value):
            return {name: _plain(each) for name, each in sorted(value, key=lambda member: member[0])}
        return ["duplicates", [[name, _plain(each)] for name, each in value]]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
