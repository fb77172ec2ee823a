"""Secrets are replaced before anything is written, and before anything is compared with what was written.

A secret is told by the name of its header, query parameter or JSON member; by its form (`hf_...`, `sk-...`,
`Bearer ...`, and those of other well-known services); or by being the value of such a header elsewhere.
What stands in its place is always the same, so that two requests that differ in their secrets alone are
alike, and what was redacted once is not changed again. Everything else stays byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote

from ..secret_names import is_secret_header
from .secret_members import secret_members
from .secret_parameters import secret_parameters

__all__ = ["PLACEHOLDER", "Redactor", "is_secret_header"]

PLACEHOLDER: Final = "REDACTED"
_MARK: Final = PLACEHOLDER.encode()

Pairs = Sequence[tuple[str, str]]

Span = tuple[int, int, bytes]
"""Begin, end, and the quotes around what is put there."""

_USER: Final = re.compile(rb"(?<=://)[^/\s:@\"'\\]+(?::[^/\s@\"'\\]*)?(?=@)")
_BEARER: Final = re.compile(
    rb"\b([Bb]earer +)"
    rb"(?:(?=[\w.~+/-]*[0-9._~+/-][\w])[\w.~+/-]{6,}=*|[\w.~+/-]{20,}=*|(?<=B...... )[\w.~+/-]{8,}=*)"
)
_PRIVATE_KEY: Final = re.compile(
    rb"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^\"]*?(-----END [A-Z ]*PRIVATE KEY-----|(?=\\*\")|\Z)"
)


def _prefixed(prefix: bytes, body: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![A-Za-z0-9_-])(" + prefix + rb")(?:" + body + rb")")


# Long enough, or with a digit, or plainly one word: names such as hf_hub_download stay what they are.
_LIKELY: Final = rb"(?=[\w-]*[0-9])[\w-]{6,}|[A-Za-z0-9]{8,}[\w-]*|[\w-]{24,}"
_FORMS: Final = (
    _prefixed(rb"hf_|api_org_", _LIKELY),
    _prefixed(rb"sk-|pk-|rk-", _LIKELY),
    _prefixed(rb"gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|npm_|pypi-", rb"[\w-]{16,}"),
    _prefixed(rb"A[KS]IA", rb"[0-9A-Z]{16}(?![0-9A-Za-z])"),
    _prefixed(rb"AIza", rb"[\w-]{30,}"),
    _prefixed(rb"ya29\.", rb"[\w-]{16,}"),
    _prefixed(rb"eyJ", rb"[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}"),
)

_WITH_SCHEME: Final = ("authorization", "authentication", "auth")

_SHORTEST_KNOWN: Final = 6
_MOST_KNOWN: Final = 256


class Redactor:
    """Replaces secrets; knows those that it has seen as such.

    `patterns` are regular expressions of more secrets; of one with groups, only the groups are replaced.
    Raises ValueError for one that is none.
    """

    def __init__(self, patterns: Iterable[str] = ()) -> None:
        self._extra: list[re.Pattern[bytes]] = []
        for pattern in patterns:
            try:
                self._extra.append(re.compile(pattern.encode()))
            except re.error as error:
                raise ValueError(f"expected a regular expression, got {pattern!r}: {error}") from None
        self._known: dict[bytes, None] = {}
        self._known_pattern: re.Pattern[bytes] | None = None

    def headers(self, pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The same headers with no secret in them."""
        return [(name, self._header(name, value)) for name, value in pairs]

    def target(self, target: str) -> str:
        """A path with its query, or a whole URL."""
        return self.text(target.encode("latin-1", "replace")).decode("latin-1")

    def text(self, data: bytes) -> bytes:
        """A text of any kind; JSON stays JSON."""
        return self.chunks((data,))[0]

    def chunks(self, chunks: Sequence[bytes]) -> tuple[bytes, ...]:
        """The chunks of one text: a secret that runs over several is replaced in the first of them."""
        whole = b"".join(chunks)
        spans = _merged(self._spans(whole))
        if not spans:
            return tuple(chunks)
        parts: list[bytes] = []
        begin = 0
        for chunk in chunks:
            end = begin + len(chunk)
            parts.append(_replaced(whole, begin, end, spans))
            begin = end
        return tuple(parts)

    def learn(self, headers: Iterable[tuple[str, str]]) -> None:
        """From now on the secrets in these headers are secrets anywhere."""
        before = len(self._known)
        for name, value in headers:
            for secret in _values(name, value) if is_secret_header(name) else ():
                if _worth_knowing(secret) and len(self._known) < _MOST_KNOWN:
                    self._known[secret] = None
                    self._known[quote(secret, safe="").encode()] = None
        if len(self._known) > before:
            longest_first = sorted(self._known, key=len, reverse=True)
            self._known_pattern = re.compile(b"|".join(map(re.escape, longest_first)))

    def _header(self, name: str, value: str) -> str:
        if not is_secret_header(name):
            return self.text(value.encode("latin-1", "replace")).decode("latin-1")
        lowered = name.lower()
        if lowered == "set-cookie":
            pair, semicolon, attributes = value.partition(";")
            return f"{_cookie(pair)}{semicolon}{attributes}"
        if lowered in ("cookie", "cookie2"):
            return "; ".join(map(_cookie, value.split(";")))
        scheme, space, _ = value.strip().partition(" ")
        return f"{scheme} {PLACEHOLDER}" if space and lowered.endswith(_WITH_SCHEME) else PLACEHOLDER

    def _spans(self, whole: bytes) -> Iterable[Span]:
        yield from secret_members(whole)
        for begin, end in self._secrets(whole):
            yield begin, end, b""

    def _secrets(self, whole: bytes) -> Iterable[tuple[int, int]]:
        yield from secret_parameters(whole)
        for match in _BEARER.finditer(whole):
            yield match.end(1), match.end()
        for match in _USER.finditer(whole):
            yield match.span()
        for match in _PRIVATE_KEY.finditer(whole):
            yield match.end(1), match.start(2)
        for pattern in _FORMS:
            for match in pattern.finditer(whole):
                yield match.end(1), match.end()
        if self._known_pattern is not None:
            for match in self._known_pattern.finditer(whole):
                yield match.span()
        for pattern in self._extra:
            for match in pattern.finditer(whole):
                if match.re.groups:
                    yield from (match.span(group) for group in range(1, match.re.groups + 1))
                else:
                    yield match.span()


def _worth_knowing(secret: bytes) -> bool:
    """Not too short to be told from a word, and not known by its form anyway."""
    known_by_form = any(pattern.fullmatch(secret) for pattern in _FORMS)
    return len(secret) >= _SHORTEST_KNOWN and _MARK not in secret and not known_by_form


def _values(name: str, value: str) -> Iterable[bytes]:
    """The secrets in a header's value: without the scheme, the name of a cookie, the attributes."""
    lowered = name.lower()
    if lowered.endswith(_WITH_SCHEME):
        yield value.strip().rpartition(" ")[2].encode("latin-1", "replace")
    elif lowered == "set-cookie":
        yield value.partition(";")[0].partition("=")[2].strip().encode("latin-1", "replace")
    elif lowered in ("cookie", "cookie2"):
        for pair in value.split(";"):
            yield pair.partition("=")[2].strip().encode("latin-1", "replace")
    else:
        yield value.strip().encode("latin-1", "replace")


def _cookie(pair: str) -> str:
    """A cookie without its value; one without a name is nothing but a value."""
    name, equals, _ = pair.partition("=")
    return f"{name.strip()}={PLACEHOLDER}" if equals else PLACEHOLDER


def _merged(spans: Iterable[Span]) -> list[Span]:
    """In order, those that overlap as one, which needs the quotes that the first of them needs."""
    merged: list[Span] = []
    for begin, end, quotes in sorted(span for span in spans if span[0] < span[1]):
        if not merged or begin > merged[-1][1]:
            merged.append((begin, end, quotes))
        else:
            first, last, around = merged[-1]
            merged[-1] = (first, max(end, last), max(around, quotes) if begin == first else around)
    return merged


def _replaced(whole: bytes, begin: int, end: int, spans: list[Span]) -> bytes:
    """The bytes from `begin` to `end`, with each span replaced where it starts, left out where it goes on."""
    parts: list[bytes] = []
    at = begin
    for first, last, quotes in spans:
        if last <= begin:
            continue
        if first >= end:
            break
        if first >= begin:
            parts += (whole[at:first], quotes, _MARK, quotes)
        at = min(last, end)
    parts.append(whole[at:end])
    return b"".join(parts)
