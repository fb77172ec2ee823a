"""The head of a request, read and refused as hyper, the HTTP library under TGI, reads and refuses it.

What hyper refuses never reaches the router: the answer is a status with an empty body, and the connection
ends. Rules and limits are those of hyper 1.6, httparse 1.10 and http 1.x, observed on a server made of them.
A head that is not complete is refused for what cannot be made good, but only at the first look at it; from
then on its end is waited for. Reading is a function of bytes alone, so a client that says the same again is
read from memory.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from ..caches import BoundedCache
from ..frames import RawHeaders
from ..quick_values import dataclass

__all__ = ["LONGEST_HEAD", "SHORT", "Heads", "Refused", "RequestHead", "read_head"]

LONGEST_HEAD: Final = 417_792
"""Bytes; a longer head is a 431 (hyper's buffer: 8,192 + 100 x 4,096)."""

SHORT: Final = 16_384
"""Bytes of a body that is drained whatever comes before it; the comparison is measured."""

_MOST_PLAIN: Final = 1024
_LONGEST_PLAIN: Final = 2048  # bytes
_LONGEST_TARGET: Final = 65_534  # bytes
_MOST_HEADERS: Final = 100
_LONGEST_NAME: Final = 65_535  # bytes
_LONGEST_BODY: Final = 2**64 - 3  # hyper keeps two numbers for bodies without a length
_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What tells HTTP/2 from HTTP/1; as many bytes of a new connection are looked at by themselves."""

_END: Final = re.compile(rb"\n\r?\n")
_END_AFTER_ALL: Final = re.compile(rb"\r\n\r\n|\n\n")
_EMPTY_LINES: Final = re.compile(rb"(?:\r?\n)+")
_TOKEN: Final = rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_REQUEST_LINE: Final = re.compile(rb"(%b) ([^\x00-\x20\x7f]+) HTTP/(1\.[01])\r?" % _TOKEN)
_HEADER: Final = re.compile(rb"(%b):([^\x00-\x08\x0a-\x1f\x7f]*)\r?" % _TOKEN)
_BEGUN_VERSION: Final = rb"(?:H(?:T(?:T(?:P(?:/(?:1(?:\.(?:[01]\r?)?)?)?)?)?)?)?)?"
_BEGUN_REQUEST_LINE: Final = re.compile(
    rb"\r?|%b(?: (?:([^\x00-\x20\x7f]+)( %b)?)?)?" % (_TOKEN, _BEGUN_VERSION)
)
_BEGUN_HEADER: Final = re.compile(rb"\r?|%b(?::[^\x00-\x08\x0a-\x1f\x7f]*\r?)?" % _TOKEN)

_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~!$&'()*+,;=:@\[\]%-]+(?![^/?#])")
_AUTHORITY: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@\[\]%-]+")
_FORBIDDEN: Final = re.compile(rb'[^?#]*[<>`\x7f]|[^?#]*\?[^#]*["<>\x7f]')
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")
_NO_PATH: Final = "*"
"""A path that no route has, for a target without one."""


class Refused(Exception):
    """hyper does not read this. The answer is `status` (400, 414 or 431) and nothing else."""

    def __init__(self, status: int = 400) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class RequestHead:
    """Request line and headers.

    `path` is as sent, but for bytes beyond ASCII, which are percent-encoded; `query` is without its question
    mark. Names of `headers` are in lower case. `length` is the body's in bytes, None for a chunked one.
    `old` is HTTP/1.0; `keep_alive` says that the client wants to go on, `expects` that it waits to be asked
    for its body. `plain` says that there is nothing special about it: HTTP/1.1 without HEAD, and with a short
    body of known length that just comes, on a connection that goes on.
    """

    method: str
    path: str
    query: str
    headers: RawHeaders
    length: int | None
    old: bool
    keep_alive: bool
    expects: bool
    plain: bool


class Heads:
    """Reads heads, and remembers those it has read: a client says the same ones again and again.

    `direct`: whether requests for a path are answered directly; always the same for the same path.
    """

    __slots__ = ("_direct", "_known", "plain")

    def __init__(self, direct: Callable[[str], bool] = lambda path: False) -> None:
        self._direct = direct
        self._known: BoundedCache[bytes, RequestHead] = BoundedCache(entries=2048, size=2_000_000)
        self.plain: dict[bytes, RequestHead] = {}
        """Of those that it has read, plain ones that are answered directly, by all of their bytes."""

    def read(self, data: bytes, seen: int = 0) -> tuple[RequestHead, int] | None:
        """The head that `data` starts with and its length in bytes; None while it is not complete.

        `seen`: how many bytes of it were there the last time, when it was not; -1 for the first bytes of a
        connection. Raises Refused.
        """
        end = data.find(b"\r\n\r\n") + 4
        if end > 3 and (known := self._known.get(data[:end])) is not None:
            return known, end
        if seen < 0:
            seen = len(_PREFACE)
            if len(data) < seen and _PREFACE.startswith(data):
                return None
            found = self._look(data[:seen])
            if found is not None or len(data) <= seen:
                return found
        if seen and _END_AFTER_ALL.search(data, max(seen - 3, 0)) is None:
            _check_length(data)
            return None
        return self._look(data)

    def _look(self, data: bytes) -> tuple[RequestHead, int] | None:
        start = 0
        if data[:1] in (b"\r", b"\n"):  # empty lines before a request mean nothing
            empty = _EMPTY_LINES.match(data)
            start = empty.end() if empty is not None else 0
        found = _END.search(data, start)
        if found is None:
            _check_begun(data[start:])
            _check_length(data)
            return None
        end = found.end()
        head = read_head(data[start : found.start()])
        if not start:
            self._known.put(data[:end], head, end)
            if head.plain and end <= _LONGEST_PLAIN and self._direct(head.path):
                if len(self.plain) >= _MOST_PLAIN:
                    self.plain.clear()
                    self._known.clear()  # or those that are asked for would not come back
                self.plain[data[:end]] = head
        return head, end


def read_head(data: bytes) -> RequestHead:
    """The head made of the lines in `data`, without the line end of the last one. Raises Refused."""
    first, *lines = data.split(b"\n")
    method, target, version = _request_line(first)
    headers = _headers(lines)
    if len(target) > _LONGEST_TARGET:
        raise Refused(414)
    if len(data) > _LONGEST_NAME and any(len(name) > _LONGEST_NAME for name, _ in headers):
        raise Refused(431)
    path, query = _target(target)
    old = version == b"1.0"
    length, keep_alive = _length(headers, old), _keeps_alive(headers, old)
    expects = not old and any(
        name == b"expect" and value.lower() == b"100-continue" for name, value in headers
    )
    short = length is not None and length <= SHORT
    plain = short and keep_alive and not (old or expects or method == b"HEAD")
    return RequestHead(
        method.decode("ascii"), path, query, headers, length, old, keep_alive, expects, plain
    )  # fmt: skip


def _check_begun(data: bytes) -> None:
    """Raises Refused where no head begins with `data`."""
    *lines, last = data.split(b"\n")
    if lines:
        _request_line(lines[0])
        _headers(lines[1:])
        if _BEGUN_HEADER.fullmatch(last) is None:
            raise Refused
        return
    begun = _BEGUN_REQUEST_LINE.fullmatch(last)
    if begun is None:
        raise Refused
    if begun[2] is not None:
        _check_utf_8(begun[1])


def _check_length(data: bytes) -> None:
    if len(data) > LONGEST_HEAD:
        raise Refused(431)


def _check_utf_8(target: bytes) -> None:
    try:
        target.decode()
    except UnicodeDecodeError:
        raise Refused from None


def _request_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    parts = _REQUEST_LINE.fullmatch(line)
    if parts is None:
        raise Refused
    method, target, version = parts.groups()
    _check_utf_8(target)
    return method, target, version


def _headers(lines: Sequence[bytes]) -> RawHeaders:
    headers = tuple(map(_header, lines[: _MOST_HEADERS + 1]))  # one too many is read before it is too many
    if len(headers) > _MOST_HEADERS:
        raise Refused(431)
    return headers


def _header(line: bytes) -> tuple[bytes, bytes]:
    parts = _HEADER.fullmatch(line)
    if parts is None:
        raise Refused
    return parts[1].lower(), parts[2].strip(b" \t")


def _target(target: bytes) -> tuple[str, str]:
    """Path and query."""
    if _FORBIDDEN.match(target) is not None:
        raise Refused
    text = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], target).decode("ascii")
    if not text.startswith("/"):
        absolute = _ABSOLUTE.match(target)
        if absolute is None:
            if text != _NO_PATH and _AUTHORITY.fullmatch(target) is None:
                raise Refused
            return _NO_PATH, ""
        text = text[absolute.end() :]
        if not text.startswith("/"):
            text = "/" + text
    path, _, query = text.partition("#")[0].partition("?")
    return path, query


def _length(headers: RawHeaders, old: bool) -> int | None:
    """How long the body is: a coding counts more than a number, which is not even looked at behind one."""
    length: int | None = None
    coding: bytes | None = None
    for name, value in headers:
        if name == b"transfer-encoding":
            coding = value.rpartition(b",")[2].strip(b" \t").lower()
        elif name == b"content-length" and coding is None:
            digits = value.lstrip(b"0") or value[:1]
            given = int(digits) if digits.isdigit() and len(digits) <= 20 else 2**64
            if given >= 2**64 or length not in (None, given):
                raise Refused
            if given > _LONGEST_BODY:
                raise Refused(431)
            length = given
    if coding is None:
        return length or 0
    if coding != b"chunked" or old:
        raise Refused
    return None


def _keeps_alive(headers: RawHeaders, old: bool) -> bool:
    """HTTP/1.1 goes on unless told to close, HTTP/1.0 only if told to; what is said later counts more."""
    keep = not old
    for name, value in headers:
        if name == b"connection":
            said = [word.strip(b" \t").lower() for word in value.split(b",")] if value.isascii() else []
            keep = b"close" not in said if keep else b"keep-alive" in said
    return keep
