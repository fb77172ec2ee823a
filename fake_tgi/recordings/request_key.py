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

from ..secret_names import is_secret_member, is_secret_parameter
from .redaction import PLACEHOLDER, Redactor

__all__ = ["RequestKey", "request_key", "without_secret_parameters"]

_MARK: Final = PLACEHOLDER.encode()
_FORMS: Final = Redactor()
"""Knows nothing but forms and names, and learns nothing."""


@dataclass(frozen=True, slots=True)
class RequestKey:
    """`exact` and `value` are redacted; where a body is no JSON they are the same.

    `bare` is target and value without the parameters and members that are nothing but a secret.
    """

    method: str
    target: str
    media: str
    exact: bytes
    value: bytes
    bare: tuple[str, bytes]

    @property
    def canonical(self) -> bytes:
        """All of it as bytes, to take a digest of."""
        head = f"{self.method} {self.target}\n{self.media}\n"
        return head.encode("utf-8", "surrogateescape") + self.value

    def alike_but_for_secrets(self, other: RequestKey) -> bool:
        """Whether `other` differs in redacted places alone, or in that it has no such place or one more."""
        (target, value), (others_target, others_value) = self.bare, other.bare
        if self.method != other.method or target != others_target:
            return False
        if value == others_value:
            return True
        pattern = self._pattern()
        return pattern is not None and pattern.fullmatch(others_value) is not None

    def _pattern(self) -> re.Pattern[bytes] | None:
        """Matches every value that differs from this one in redacted places alone."""
        value = self.bare[1]
        if _MARK not in value:
            return None
        return re.compile(rb"[^\"\n]*?".join(map(re.escape, value.split(_MARK))))


def request_key(method: str, target: str, media: str | None, body: bytes | None) -> RequestKey:
    """The key of a request. `media` is its content type, with parameters or without; None: it has none."""
    exact = _FORMS.text(body) if body else b""
    target = _FORMS.target(target)
    essence = (media or "").partition(";")[0].strip().lower()
    value = _value(exact)
    bare = (without_secret_parameters(target), _bare_value(exact, value, essence))
    return RequestKey(method, target, essence, exact, value, bare)


def without_secret_parameters(target: str) -> str:
    """A redacted path with its query, without the parameters that are nothing but a secret."""
    if PLACEHOLDER not in target:
        return target
    path, _, query = target.partition("?")
    query = _without_secrets(query)
    return f"{path}?{query}" if query else path


def _without_secrets(query: str) -> str:
    pairs = (pair.partition("=") for pair in query.split("&"))
    kept = (pair for pair in pairs if not (pair[2] == PLACEHOLDER and is_secret_parameter(pair[0])))
    return "&".join(map("".join, kept))


def _bare_value(exact: bytes, value: bytes, media: str) -> bytes:
    if _MARK not in value:
        return value
    if media == "application/x-www-form-urlencoded":
        return _without_secrets(exact.decode("latin-1")).encode("latin-1")
    return _value(exact, bare=True)


def _value(body: bytes, *, bare: bool = False) -> bytes:
    try:
        value = json.loads(body, object_pairs_hook=_bare_members if bare else _Members)
        return json.dumps(_plain(value), separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body


class _Members(list[tuple[str, Any]]):
    """An object as its members, those of the same name too: the router refuses what has such."""


def _bare_members(members: list[tuple[str, Any]]) -> _Members:
    return _Members(
        member for member in members if not (member[1] == PLACEHOLDER and is_secret_member(member[0]))
    )


def _plain(value: Any) -> Any:
    if isinstance(value, _Members):
        names = {name for name, _ in value}
        if len(names) == len(value):
            return {name: _plain(each) for name, each in sorted(value, key=lambda member: member[0])}
        return ["duplicates", [[name, _plain(each)] for name, each in value]]
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
