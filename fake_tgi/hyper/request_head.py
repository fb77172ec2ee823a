"""What hyper, the HTTP library under TGI, refuses before the router sees a request.

Such a refusal has a status and an empty body, and ends the connection. Limits and forbidden bytes are those
of hyper 1.6 and http 1.x, observed on a server made of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["LONGEST_HEAD", "is_framed", "refusal_of", "refused"]

LONGEST_HEAD: Final = 417_792
"""Bytes; a longer head is a 431 (hyper's buffer: 8,192 + 100 x 4,096)."""

_LONGEST_TARGET: Final = 65_534  # bytes
_MOST_HEADERS: Final = 100
_FORBIDDEN: Final = re.compile(rb'[^?#]*[<>`\x7f]|[^?#]*\?[^#]*["<>\x7f]')
_REASONS: Final = {400: b"Bad Request", 414: b"URI Too Long", 431: b"Request Header Fields Too Large"}


def refusal_of(target: bytes, headers: Sequence[tuple[bytes, bytes]], version: str) -> int | None:
    """The status that refuses a request for `target`; None if the router gets it.

    `headers` have lower-cased names; `version` is that of the request line.
    """
    if len(target) > _LONGEST_TARGET:
        return 414
    if len(headers) > _MOST_HEADERS:
        return 431
    if _FORBIDDEN.match(target) is not None:
        return 400
    if version != "1.1" and (version != "1.0" or any(name == b"transfer-encoding" for name, _ in headers)):
        return 400
    return None


def is_framed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a body behind these headers ends where it says: the last of its codings must be `chunked`."""
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    return not codings or codings[-1].rpartition(b",")[2].strip(b" \t").lower() == b"chunked"


def refused(status: int, date: bytes) -> bytes:
    """A refusal as sent. `date` is the value of its header; empty leaves that out."""
    head = b"HTTP/1.1 %d %b\r\nconnection: close\r\ncontent-length: 0\r\n" % (status, _REASONS[status])
    return head + (b"date: %b\r\n\r\n" % date if date else b"\r\n")
