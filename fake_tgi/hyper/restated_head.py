"""A request that hyper reads and a stricter parser refuses, said again in words which any parser reads.

Asked only once a parser has refused, so it costs no other request anything. What is said again means the
same to the router: the same route or none, the same method or one that no route has, the same body. What
hyper refuses as well is not said again. Rules: hyper 1.6, httparse 1.10 and http 1.x, observed on the router.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

__all__ = ["restated"]

_TOKEN: Final = rb"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_REQUEST_LINE: Final = re.compile(rb"(%b) ([^ \t\r\n\x00-\x1f\x7f]+) (HTTP/1\.[01])" % _TOKEN)
_HEADER: Final = re.compile(rb"(%b):[ \t]*([^\r\n\x00]*?)[ \t]*" % _TOKEN)
_HEAD_END: Final = re.compile(rb"\r\n\r\n|\n\n")
_ABSOLUTE: Final = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._~!$&'()*+,;=:@\[\]%-]+(?![^/?#])")
_AUTHORITY: Final = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=:@\[\]%-]+")
_NOT_ASCII: Final = re.compile(rb"[\x80-\xff]")

# Methods that a route may have, or that any parser knows. To the router all others are one: a wrong one.
_KEPT: Final = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"))
_WRONG: Final = b"PUT"
# A target without a path, which no route has. `*` is one that parsers know.
_NO_PATH: Final = b"*"


class _Refused(Exception):
    """hyper would not read it either."""


def restated(data: bytes) -> bytes | None:
    """`data`, which starts with a request's head, with that head said again; None if hyper refuses it too."""
    end = _HEAD_END.search(data)
    if end is None:
        return None
    first, *lines = re.split(rb"\r?\n", data[: end.start()].lstrip(b"\r\n"))
    try:
        head = [_request_line(first), *_headers(lines, old=first.endswith(b"1.0"))]
    except _Refused:
        return None
    return b"\r\n".join(head) + b"\r\n\r\n" + data[end.end() :]


def _request_line(line: bytes) -> bytes:
    parts = _REQUEST_LINE.fullmatch(line)
    if parts is None:
        raise _Refused
    method, target, version = parts.groups()
    return b"%b %b %b" % (method if method in _KEPT else _WRONG, _target(target), version)


def _target(target: bytes) -> bytes:
    try:
        target.decode()
    except UnicodeDecodeError:
        raise _Refused from None
    target = _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], target)
    if target.startswith(b"/") or target == _NO_PATH:
        return target
    absolute = _ABSOLUTE.match(target)
    if absolute is not None:
        path = target[absolute.end() :]
        return path if path.startswith(b"/") else b"/" + path
    if _AUTHORITY.fullmatch(target):
        return _NO_PATH
    raise _Refused


def _headers(lines: Iterable[bytes], *, old: bool) -> list[bytes]:
    """The header lines, with one length of the body among them: a chunked one counts more than a number."""
    kept: list[bytes] = []
    length: bytes | None = None
    coding: bytes | None = None
    for line in lines:
        parts = _HEADER.fullmatch(line)
        if parts is None:
            raise _Refused
        name, value = parts[1].lower(), parts[2]
        if name == b"transfer-encoding":
            coding = value.rpartition(b",")[2].strip(b" \t").lower()
        elif name != b"content-length":
            kept.append(b"%b: %b" % (parts[1], value))
        elif coding is None:  # behind a coding, hyper no longer looks at it
            if not re.fullmatch(rb"[0-9]{1,19}", value) or (length is not None and int(value) != int(length)):
                raise _Refused
            length = value
    if coding is not None:
        if coding != b"chunked" or old:
            raise _Refused
        kept.append(b"transfer-encoding: chunked")
    elif length is not None:
        kept.append(b"content-length: " + length)
    return kept
