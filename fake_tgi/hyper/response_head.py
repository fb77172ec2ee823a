"""The head of an answer, as hyper writes it: the headers in their order, then its own, the date last."""

from __future__ import annotations

import time
from email.utils import formatdate
from functools import lru_cache
from http import HTTPStatus
from typing import Final

__all__ = ["CONTINUE", "Dates", "refused", "status_line"]

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""Asks a client for the body that it holds back."""

# The words of the http crate where Python's differ, or differ between its versions.
_PHRASES: Final = {
    203: "Non Authoritative Information",
    413: "Payload Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    418: "I'm a teapot",
    422: "Unprocessable Entity",
}


@lru_cache(maxsize=64)
def status_line(status: int, old: bool) -> bytes:
    """The first line, without its end. `old`: HTTP/1.0."""
    phrase = _PHRASES.get(status)
    if phrase is None:
        try:
            phrase = HTTPStatus(status).phrase
        except ValueError:
            phrase = "<none>"
    return b"HTTP/1.%d %d %b" % (not old, status, phrase.encode())


class Dates:
    """The header `date` and the end of a head, made once a second."""

    __slots__ = ("_line", "_second")

    def __init__(self) -> None:
        self._second = 0
        self._line = b""

    def line(self) -> bytes:
        """What ends a head that is sent now, with the line end before it."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = b"\r\ndate: %b\r\n\r\n" % formatdate(second, usegmt=True).encode()
        return self._line


def refused(status: int, date: bytes) -> bytes:
    """The answer to a request that hyper does not read. `date` is what ends its head."""
    return status_line(status, False) + b"\r\nconnection: close\r\ncontent-length: 0" + date
