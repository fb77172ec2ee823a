"""What hyper, the HTTP library under TGI, refuses before the router sees a request.

Such a refusal has a status and an empty body, and ends the connection. Limits and forbidden bytes are those
of hyper 1.6 and http 1.x, observed on a server made of them.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["refusal_of", "refused"]

_LONGEST_TARGET: Final = 65_534  # bytes
_MOST_HEADERS: Final = 100
_FORBIDDEN: Final = re.compile(rb'[^?#]*[<>`\x7f]|[^?#]*\?[^#]*["<>\x7f]')
_REASONS: Final = {400: b"Bad Request", 414: b"URI Too Long", 431: b"Request Header Fields Too Large"}


def refusal_of(target: bytes, headers: int) -> int | None:
    """The status that refuses a request for `target` with this many headers; None if the router gets it."""
    if len(target) > _LONGEST_TARGET:
        return 414
    if headers > _MOST_HEADERS:
        return 431
    if _FORBIDDEN.match(target) is not None:
        return 400
    return None


def refused(status: int, date: bytes) -> bytes:
    """A refusal as sent. `date` is the value of its header; empty leaves that out."""
    head = b"HTTP/1.1 %d %b\r\nconnection: close\r\ncontent-length: 0\r\n" % (status, _REASONS[status])
    return head + (b"date: %b\r\n\r\n" % date if date else b"\r\n")
