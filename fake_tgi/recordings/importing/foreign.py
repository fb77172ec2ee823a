"""An exchange in another tool's file, made into one that went past."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ..keeping import Taken

__all__ = ["Foreign", "ImportFailure", "Pairs", "expect", "foreign"]

Pairs = list[tuple[str, str]]


class ImportFailure(Exception):
    """The file is not what it must be: what was expected, and what came."""


@dataclass(frozen=True, slots=True)
class Foreign:
    """One exchange and the URL that was asked."""

    url: str
    taken: Taken


def expect(value: Any, kind: type | tuple[type, ...], where: str, what: str) -> Any:
    """`value`, if it is of that kind. Raises ImportFailure."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        text = repr(value)
        raise ImportFailure(f"{where}: expected {what}, got {text if len(text) < 80 else text[:77] + '...'}")
    return value


def foreign(
    method: str,
    url: str,
    asked: Pairs,
    body: bytes | None,
    status: int,
    headers: Pairs,
    answer: bytes,
    *,
    seconds: float | None = None,
    at: float | None = None,
) -> Foreign:
    """`answer` is the body without the framing of chunks, `seconds` how long it took.

    Raises ImportFailure for what was no exchange over HTTP.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ImportFailure(f"expected an http or https URL, got {url!r}")
    if not 100 <= status <= 599:
        raise ImportFailure(f"{url}: there was no answer (status {status})")
    # HTTP/2 has headers that begin with a colon and are none
    told = tuple((name.lower(), value) for name, value in headers if re.fullmatch(r"[A-Za-z0-9-]+", name))
    names = dict(told)
    events = names.get("content-type", "").startswith("text/event-stream")
    chunked = events or "chunked" in names.get("transfer-encoding", "").lower()
    chunks = tuple(re.findall(rb".*?\n\n|.+\Z", answer, re.DOTALL)) if events else (answer,) * bool(answer)
    if not chunked:
        chunks = (answer,)
        told = tuple((n, str(len(answer)) if n == "content-length" else v) for n, v in told)
    return Foreign(
        url,
        Taken(
            method=method.upper(),
            target=(parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
            request_headers=tuple((name.lower(), value) for name, value in asked if not name.startswith(":")),
            body=body,
            status=status,
            headers=told,
            chunked=chunked,
            chunks=chunks,
            times=(seconds,) if seconds is not None and not chunked else (),
            ended="complete",
            at=at,
        ),
    )
