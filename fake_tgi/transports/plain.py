"""Requests and answers so plain that nobody need be asked what they mean: heads as bytes, there and back.

Plain is what h11 would send and read to the very same end: HTTP/1.1, names and values in ASCII as they are
usually written, a body whose length is said, and a connection that stays. Whatever is not is None here, and
left to h11.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["AnswerHead", "Headers", "read_head", "written_head"]

Headers = tuple[tuple[bytes, bytes], ...]
"""Names and values, as they are written."""

_FIELD: Final = rb"[-!#$%&'*+.^_`|~0-9a-zA-Z]+: (?:[!-~]+(?:[ \t]+[!-~]+)*)?\r\n"
_REQUEST: Final = re.compile(rb"[A-Z]+ [!-~]+ HTTP/1\.1\r\n(?:%b)+\r\n" % _FIELD)
_ANSWER: Final = re.compile(
    rb"HTTP/1\.1 ([2-5][0-9][0-9]) ([!-~]+(?: [!-~]+)*)\r\n((?:%b)+)\r\n" % _FIELD,
)
# What says where a message ends, and whether another one follows.
_FRAMING: Final = re.compile(rb"\n(content-length|transfer-encoding|connection): ([^\r]*)", re.IGNORECASE)
_LENGTH: Final = re.compile(rb"[0-9]{1,15}")
_MEANING_MORE: Final = frozenset((b"transfer-encoding", b"expect", b"upgrade"))
_BODILESS: Final = frozenset((b"204", b"304"))


class AnswerHead(NamedTuple):
    """The head of a plain answer. `size` is its own length and `length` that of the body, in bytes."""

    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    size: int
    length: int


@lru_cache(256)
def written_head(method: bytes, target: bytes, headers: Headers, length: int) -> bytes | None:
    """The head of a request with a body of `length` bytes; None where it is not plain.

    Remembered, for a client says nearly the same each time.
    """
    host: list[bytes] = []
    others: list[bytes] = []
    said = None
    for name, value in headers:
        known = name.lower()
        if known in _MEANING_MORE or (known == b"connection" and value.lower() != b"keep-alive"):
            return None
        if known == b"content-length":
            if said is not None or value != b"%d" % length:
                return None
            said = value
        (host if known == b"host" else others).append(b"%b: %b\r\n" % (name, value))
    if len(host) != 1 or (said is None and length) or method in (b"HEAD", b"CONNECT"):
        return None
    head = b"%b %b HTTP/1.1\r\n%b\r\n" % (method, target, b"".join((*host, *others)))
    whole = head.count(b"\n") == len(headers) + 2  # or one of the values has lines of its own
    return head if whole and _REQUEST.fullmatch(head) else None


def read_head(data: bytes) -> AnswerHead | None:
    """The head that `data` begins with; None where it is not there to its end, or not plain."""
    found = _ANSWER.match(data)
    if found is None:
        return None
    status, reason, fields = found.groups()
    size = found.end()
    framing = _FRAMING.findall(data, 0, size)
    if len(framing) != 1 or framing[0][0].lower() != b"content-length" or status in _BODILESS:
        return None
    length = framing[0][1]
    if not _LENGTH.fullmatch(length):
        return None
    headers = [(name, value) for name, _, value in (line.partition(b": ") for line in fields.split(b"\r\n"))]
    headers.pop()  # behind the last line's end
    return AnswerHead(int(status), reason, headers, size, int(length))
