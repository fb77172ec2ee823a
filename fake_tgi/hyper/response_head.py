"""The head of an answer, as hyper writes it: the headers in their order, then its own, the date last."""

from __future__ import annotations

import time
from functools import lru_cache
from http import HTTPStatus
from typing import Final

__all__ = ["CONTINUE", "Dates", "refused", "status_line"]

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
"""Asks a client for the body that it holds back."""

_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

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

    __slots__ = ("_second", "last")

    def __init__(self) -> None:
        self._second = 0
        self.last = b""
        """What `line` said last, for heads that go out together."""

    def line(self) -> bytes:
        """What ends a head that is sent now, with the line end before it."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self.last = b"\r\ndate: %b\r\n\r\n" % _date(second)
        return self.last


def _date(second: int) -> bytes:
    """As HTTP writes it (RFC 9110, 5.6.7): in English, whatever the locale."""
    year, month, day, hour, minute, second, weekday, *_ = time.gmtime(second)
    date = f"{_DAYS[weekday]}, {day:02} {_MONTHS[month - 1]} {year}"
    return f"{date} {hour:02}:{minute:02}:{second:02} GMT".encode()


def refused(status: int, date: bytes) -> bytes:
    """The answer to a request that hyper does not read. `date` is what ends its head."""
    return status_line(status, False) + b"\r\nconnection: close\r\ncontent-length: 0" + date
