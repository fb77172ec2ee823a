"""One request as a value; nothing of ASGI.

The body is complete, but for what no answer looks at: a body over the payload limit is cut just past it, a
broken one counts for nothing, and a call that is answered without its body may come before it.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from .quick_values import dataclass, unguarded

if TYPE_CHECKING:
    from .connection import Connection

__all__ = ["BROKEN_BODY", "Call"]

BROKEN_BODY: Final = "fake_tgi.broken_body"
"""The ASGI extension by which a server says that a body was not framed as HTTP frames it, or broke off."""


@dataclass(frozen=True, slots=True)
@unguarded
class Call:
    """What a client asked.

    `path` is as sent, percent-encoded and without the query: the router compares it byte by byte.
    `headers` hold lower-cased names in the order sent. `received` is the time of arrival, in seconds on
    the server's clock. `broken` says that the body could not be read to its end, `unread` that it was not;
    `connection` is None where there is none.
    """

    method: str
    path: str
    headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    query: str = ""
    received: float = 0.0
    broken: bool = False
    unread: bool = False
    connection: Connection | None = field(default=None, compare=False, repr=False)

    def header(self, name: bytes) -> str | None:
        """The first value of the header `name` (lower case), or None; also when it is not visible ASCII."""
        for key, value in self.headers:
            if key == name:
                text = value.strip(b" \t").decode("latin-1")  # white space around a value is no part of it
                # http::HeaderValue::to_str refuses everything but visible ASCII, space and tab
                if text.isascii() and text.replace("\t", " ").isprintable():
                    return text
                return None
        return None
