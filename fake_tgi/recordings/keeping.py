"""What went past becomes a recording: redacted, named, and put where recordings are kept.

All of this happens in the spool's thread, never on the event loop. A name counts the answers to the same
request in one run, so a second run writes over the files of the first; but an answer that was cut never
takes the place of one that is there.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, Protocol

from ..hop_headers import HOP_HEADERS
from .files import SUFFIX, content_name, write
from .recording import Ended, Recording
from .redaction import Redactor
from .request_key import request_key
from .spool import Left, Spool

__all__ = ["Keeper", "Keeps", "Taken", "recording_of"]

# They differ from client to client and from hop to hop, and no answer depends on them.
_UNTOLD: Final = HOP_HEADERS | {
    "host", "content-length", "accept-encoding", "user-agent", "traceparent", "tracestate", "expect",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Taken:
    """One exchange as it went past, secrets and all. `at` is seconds since 1970, None if unknown."""

    method: str
    target: str
    request_headers: tuple[tuple[str, str], ...]
    body: bytes | None
    status: int
    headers: tuple[tuple[str, str], ...]
    chunked: bool
    chunks: tuple[bytes, ...]
    times: tuple[float, ...]
    ended: Ended
    at: float | None

    @property
    def size(self) -> int:
        """About so many bytes of memory."""
        return 2000 + len(self.body or b"") + sum(map(len, self.chunks)) + 100 * len(self.chunks)


class Keeps(Protocol):
    """Whoever keeps what went past."""

    @property
    def full(self) -> bool:
        """Whether nothing more should come."""

    def keep(self, taken: Taken) -> None:
        """Takes an exchange; returns at once."""


class Keeper:
    """Keeps recordings in `folder`.

    `upstream` stands in every file; `patterns` are regular expressions of secrets; `told` gets lines for
    the user, `kept` each recording once it is written; both are called in another thread.
    """

    def __init__(
        self,
        folder: Path,
        *,
        upstream: str,
        patterns: tuple[str, ...] = (),
        told: Callable[[str], None] = lambda line: None,
        kept: Callable[[Recording], None] = lambda recording: None,
        limit: int = 256_000_000,
    ) -> None:
        self._redactor = Redactor(patterns)
        self._head: dict[str, Any] = {"upstream": self._redactor.target(upstream)}
        self._told = told
        self._kept = kept
        self._names: Counter[str] = Counter()
        self._seen: dict[str, tuple[int, bytes]] = {}
        self._spool = Spool(folder, told=told, limit=limit)

    @property
    def full(self) -> bool:
        """Whether so much waits for a disk that nothing more should come."""
        return self._spool.full

    def keep(self, taken: Taken) -> None:
        """Takes an exchange to be written; returns at once."""
        named: list[Recording] = []

        def write_into(folder: Path) -> Path:
            if not named:
                recording = recording_of(taken, self._redactor, self._told)
                if recording is None:
                    return folder
                named.append(self._named(recording, folder))
            file = write(folder, named[0], self._head, name=named[0].name)
            self._kept(named[0])
            return file

        self._spool.put(write_into, taken.size)

    def flush(self, seconds: float = 10.0) -> bool:
        """Waits until everything is on disk; False when it is not after that time."""
        return self._spool.flush(seconds)

    def close(self) -> Left:
        """Writes what is left, somewhere."""
        return self._spool.close()

    def _named(self, recording: Recording, folder: Path) -> Recording:
        media = dict(recording.request_headers).get("content-type")
        key = request_key(recording.method, recording.target, media, recording.body)
        base = content_name(recording.method, recording.target, recording.body, key.canonical)
        while True:
            self._names[base] += 1
            count = self._names[base]
            name = base if count == 1 else f"{base}.{count}"
            if recording.ended == "complete" or not (folder / f"{name}{SUFFIX}").exists():
                return replace(recording, name=name)


def recording_of(taken: Taken, redactor: Redactor, told: Callable[[str], None]) -> Recording | None:
    """The redacted exchange, without a name yet; None when it must not be written, and `told` says why.

    `redactor` learns the secrets of its headers first.
    """
    redactor.learn((*taken.request_headers, *taken.headers))
    chunks, headers = taken.chunks, taken.headers
    coding = next((value.lower() for name, value in headers if name == "content-encoding"), "identity")
    if coding != "identity":
        decoded = _decoded(coding, chunks)
        if decoded is None:
            told(
                f"{taken.method} {redactor.target(taken.target)} is not recorded: the answer is "
                f"{coding!r} though it was asked for plainly, and cannot be searched for secrets"
            )
            return None
        chunks = decoded
        headers = tuple(pair for pair in headers if pair[0] != "content-encoding")
    redacted = redactor.chunks(chunks)
    longer = sum(map(len, redacted)) - sum(map(len, taken.chunks))
    return Recording(
        name="",
        method=taken.method,
        target=redactor.target(taken.target),
        request_headers=tuple(
            redactor.headers(pair for pair in taken.request_headers if pair[0] not in _UNTOLD)
        ),
        body=None if taken.body is None else redactor.text(taken.body),
        status=taken.status,
        headers=tuple(_resized(redactor.headers(headers), longer)),
        chunked=taken.chunked,
        chunks=redacted,
        times=taken.times,
        ended=taken.ended,
        at=None if taken.at is None else _moment(taken.at),
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def _decoded(coding: str, chunks: tuple[bytes, ...]) -> tuple[bytes, ...] | None:
    if coding not in ("gzip", "x-gzip", "deflate"):
        return None
    decoder = zlib.decompressobj(wbits=47 if coding != "deflate" else 15)
    try:
        return tuple(decoder.decompress(chunk) for chunk in chunks)
    except zlib.error:
        return None


def _resized(headers: list[tuple[str, str]], longer: int) -> list[tuple[str, str]]:
    """With the length that the body has now."""
    return [
        (name, str(int(value) + longer)) if name == "content-length" and value.isdigit() else (name, value)
        for name, value in headers
    ]
