"""A journal from elsewhere: of a running fake over its admin API, or of a file that was saved from one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from ..journal import ServeEvent
from ..journal.json_form import JournalFormatError, from_json
from ..mistakes import Mistake

__all__ = ["SourceError", "events_of", "read_source"]

_TIMEOUT: Final = 30.0
"""Seconds beyond those that the fake itself may wait."""


class SourceError(Mistake):
    """There is no journal to be had."""

    exit_status = 2


def read_source(source: str, *, wait: float = 1.0, token: str | None = None) -> str:
    """The journal as JSON text: of the fake at a URL, of a file, or (`-`) from standard input.

    Waits up to `wait` seconds for answers in flight. `token` is the fake's admin token. Raises SourceError.
    """
    if source == "-":
        return sys.stdin.read()
    if source.startswith(("http://", "https://")):
        return _fetched(source, wait, token)
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        hint = "" if "/" in source or "." in source else "; a server is given as http://HOST:PORT"
        said = getattr(error, "strerror", None) or error
        raise SourceError(f"{source}: expected a saved journal: {said}{hint}") from None


def events_of(text: str, source: str) -> list[ServeEvent]:
    """The records in a journal's JSON: what `/__admin/requests` answers, or a list. Raises SourceError."""
    try:
        written: Any = json.loads(text)
    except ValueError as error:
        raise SourceError(f"{source}: expected the JSON of a journal, got no JSON: {error}") from None
    records = written.get("requests") if isinstance(written, dict) else written
    if not isinstance(records, list):
        raise SourceError(f'{source}: expected {{"requests": [...]}}, or a list of requests')
    events = []
    for index, record in enumerate(records):
        try:
            events.append(from_json(record))
        except JournalFormatError as error:
            raise SourceError(f"{source}: requests[{index}]: {error}") from None
    return events


def _fetched(source: str, wait: float, token: str | None) -> str:
    base = source.rstrip("/")
    if not urlsplit(base).netloc:
        raise SourceError(f"{source}: expected a URL such as http://localhost:3000")
    headers = {"x-fake-tgi-admin-token": token} if token else {}
    request = Request(f"{base}/__admin/requests?wait={wait:g}", headers=headers)  # noqa: S310  http alone
    try:
        with urlopen(request, timeout=wait + _TIMEOUT) as answer:  # noqa: S310
            found: bytes = answer.read()
    except HTTPError as error:
        with error:
            hint = ": give its token with --admin-token" if error.code == 403 else ": is it a fake-tgi?"
        raise SourceError(f"{base} answers {error.code} to a question for its journal{hint}") from None
    except (URLError, OSError) as error:
        raise SourceError(f"{base} cannot be reached: {_reason(error)}") from None
    return found.decode("utf-8", "replace")


def _reason(error: OSError) -> object:
    """Why there is no connection, in the system's words where it has some."""
    inner = getattr(error, "reason", error)
    return getattr(inner, "strerror", None) or inner
