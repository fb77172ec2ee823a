"""The connections of one blocking client, and who speaks on each: we while all is plain, or else httpcore.

What httpcore does with a request costs more than all that the fake does with it, and nearly all of that is
for requests and answers that a test hardly ever has. So a plain exchange (plain.py) is written and read here,
to the same effect. At anything else, be it in the middle of an answer, httpcore takes over the line for good:
it is given what has come in this exchange, so that what it makes of that, and raises, is its own.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

from .plain import AnswerHead, read_head, written_head
from .streams import IDLE, Backend

__all__ = ["Answer", "Lines", "Pieces", "asked_of"]

_MOST: Final = 65_536
"""Bytes that httpcore reads at once."""

_SPECIAL: Final = frozenset(("trace", "target"))
"""With these a request asks for what httpcore tells of each step, or for what its URL does not say."""


@dataclass(slots=True)
class Answer:
    """The head of an answer, its body, and what httpcore tells besides."""

    status: int
    headers: Any
    pieces: Pieces
    extensions: dict[str, Any]


def asked_of(core: ModuleType, request: Any) -> Any:
    """A request of httpx's as one of httpcore's."""
    url = request.url
    return core.Request(
        method=request.method,
        url=core.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.stream,
        extensions=request.extensions,
    )


class Lines:
    """The lines of one client to one fake. Threads share them. `core` is httpcore or httpcore2."""

    def __init__(self, backend: Backend, core: ModuleType) -> None:
        self._backend = backend
        self._core = core
        self._lock = threading.Lock()
        self._lines: list[_Line] = []
        self._log = logging.getLogger(f"{core.__name__}.http11")

    def ask(self, request: Any, body: bytes | None) -> Answer:
        """Has a line answer a request of httpx's. `body` is all of its body, None where that is not known.

        Raises httpcore's exceptions.
        """
        if _SPECIAL & request.extensions.keys() or self._log.isEnabledFor(logging.DEBUG):
            body = None
        url = request.url
        line = self._free((url.raw_scheme, url.raw_host, url.port))
        try:
            return line.ask(request, body)
        except BaseException:
            line.close()
            raise

    def close(self) -> None:
        """Closes all of them."""
        with self._lock:
            closing, self._lines = self._lines, []
        for line in closing:
            line.close()

    def _free(self, origin: tuple[bytes, bytes, int | None]) -> _Line:
        """A line there that nobody uses, the oldest first; or a new one."""
        found, ended = None, []
        with self._lock:
            for line in tuple(self._lines):
                if line.closed or line.ended:
                    self._lines.remove(line)
                    ended.append(line)
                elif found is None and line.free and line.origin == origin:
                    found = line
            if found is None:
                found = _Line(self._backend, self._core, origin)
                self._lines.append(found)
            found.free = False
        for line in ended:
            line.close()
        return found


class _Line:
    """One connection, made when it is first used."""

    def __init__(self, backend: Backend, core: ModuleType, origin: tuple[bytes, bytes, int | None]) -> None:
        self._backend = backend
        self._core = core
        self.origin = origin
        self.free = False
        self.closed = False
        self._stream: Any = None
        self._taken: Any = None
        """The connection of httpcore's that has taken over."""

    @property
    def ended(self) -> bool:
        """Whether the server has closed it, or said what nobody asked for."""
        return self.free and bool(self._stream.get_extra_info("is_readable"))

    def ask(self, request: Any, body: bytes | None) -> Answer:
        if self._stream is None:
            self._stream = self._backend.connect_tcp("", 0)
        head = None
        if body is not None and self._taken is None and request.method.isascii():
            method, target = request.method.encode("ascii"), request.url.raw_path
            head = written_head(method, target, tuple(request.headers.raw), len(body))
        if body is None or head is None:
            return self._by_httpcore(request)
        timeouts = request.extensions.get("timeout", {})
        with suppress(self._core.WriteError):  # there may be an answer for all that
            self._stream.write(head + body, timeouts.get("write"))
        came = self._stream.read(_MOST, timeouts.get("read"))
        found = read_head(came)
        if found is None or len(came) > found.size + found.length:
            return self._by_httpcore(request, (came,))
        told = {"http_version": b"HTTP/1.1", "reason_phrase": found.reason, "network_stream": self._stream}
        return Answer(found.status, found.headers, _PlainPieces(self, request, found, came), told)

    def read(self, request: Any) -> bytes:
        """The next bytes, b"" at the end."""
        data: bytes = self._stream.read(_MOST, request.extensions.get("timeout", {}).get("read"))
        return data

    def hand_over(self, request: Any, came: Sequence[bytes]) -> Any:
        """What httpcore answers to a request that is sent already, and whose answer begins with `came`."""
        asked = asked_of(self._core, request)
        if self._taken is None:
            stream = _Rewound(self._stream, came) if came else self._stream
            self._taken = self._core.HTTPConnection(asked.url.origin, network_backend=_Connected(stream))
        return self._taken.handle_request(asked)

    def _by_httpcore(self, request: Any, came: Sequence[bytes] = ()) -> Answer:
        answer = self.hand_over(request, came)
        return Answer(answer.status, answer.headers, Pieces(self, answer.stream), answer.extensions)

    def release(self, *, complete: bool) -> None:
        """The exchange is over; a line whose answer is not `complete` is of no more use."""
        self._stream.get_extra_info(IDLE)
        if complete if self._taken is None else self._taken.is_idle():
            self.free = True
        else:
            self.close()

    def close(self) -> None:
        """Closes the connection, if there is one."""
        self.closed, self.free = True, False
        if self._taken is not None:
            self._taken.close()
        if self._stream is not None:
            self._stream.close()


class Pieces:
    """The body of an answer as httpcore gives it, piece by piece."""

    def __init__(self, line: _Line, given: Any) -> None:
        self._line = line
        self._given = given
        self._complete = False
        self._closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._given

    def close(self) -> None:
        """Nobody reads on."""
        if not self._closed:
            self._closed = True
            if self._given is not None:
                self._given.close()
            self._line.release(complete=self._complete)


class _PlainPieces(Pieces):
    """The body of a plain answer. If it has another end than was said, httpcore is told all of it."""

    def __init__(self, line: _Line, request: Any, head: AnswerHead, came: bytes) -> None:
        super().__init__(line, None)
        self._request = request
        self._head = head
        self._came = [came]

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._read()
        except BaseException:
            self.close()
            raise

    def _read(self) -> Iterator[bytes]:
        left = self._head.length
        piece = self._came[0][self._head.size :]
        while len(piece) <= left:
            if piece:
                yield piece
                left -= len(piece)
            if not left:
                self._complete = True
                return
            piece = self._line.read(self._request)
            self._came.append(piece)
            if not piece:
                break
        yield from self._as_httpcore_reads_on(self._head.length - left)

    def _as_httpcore_reads_on(self, seen: int) -> Iterator[bytes]:
        self._given = self._line.hand_over(self._request, self._came).stream
        for piece in self._given:
            if seen < len(piece):
                yield piece[seen:]
            seen = max(seen - len(piece), 0)


class _Rewound:
    """A stream whose last exchange is played again: what is sent has been, and what came comes once more."""

    def __init__(self, stream: Any, came: Sequence[bytes]) -> None:
        self._stream = stream
        self._came = deque(came)
        self._again = True

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._again = False
        data: bytes = self._came.popleft() if self._came else self._stream.read(max_bytes, timeout)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not self._again:
            self._stream.write(buffer, timeout)

    def start_tls(self, *arguments: Any, **named: Any) -> _Rewound:
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        self._stream.close()


@dataclass(slots=True)
class _Connected:
    """A network in which there is nothing but one stream."""

    stream: Any

    def connect_tcp(self, *arguments: Any, **named: Any) -> Any:
        return self.stream
