"""One request over a real socket, and every chunk of the answer as it came.

Bounded: nothing lasts longer than its deadline, nothing larger than `LARGEST` is read. What keeps a
question from being asked (no connection, no answer in time) is raised; what is wrong with an answer that
came (cut short, stalled, no HTTP) is told in the answer, for it is a difference.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .agent import USER_AGENT
from .target import Target

__all__ = ["LARGEST", "Asker", "Heard", "NotReached", "TooSlow"]

LARGEST: Final = 16_000_000
"""Bytes of an answer that are read at most. The largest a question asks for is a page of documentation."""

_PIECE: Final = 65_536
_CONNECT: Final = 10.0  # seconds; a host that drops packets answers to no patience


class NotReached(Exception):
    """No connection to the server, or none that speaks TLS as it must. Says why, in one line."""


class TooSlow(Exception):
    """No answer before the deadline. Says how long it was waited for."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came: `chunks` are HTTP chunks if `chunked`, else what was read at once; `times` are seconds
    since the request was sent. `fault` says what was wrong with the way it came, None if nothing.

    `status` is 0 if there was no answer that could be read as HTTP.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    chunked: bool
    chunks: tuple[bytes, ...]
    times: tuple[float, ...]
    seconds: float
    left: bool = False
    fault: str | None = None


class Asker:
    """Asks one server, one request after the other, over a connection that is kept while it can be."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._connection: http.client.HTTPConnection | None = None

    def close(self) -> None:
        """Closes the connection, if one is open. Idempotent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        seconds: float,
        leave_after: int | None = None,
    ) -> Heard:
        """Sends a request and reads the answer, `seconds` long at most.

        `leave_after`: closes the connection once so many events have come. Raises NotReached, TooSlow.
        """
        deadline = time.monotonic() + seconds
        kept = self._connection is not None
        try:
            return self._ask(method, path, headers, body, deadline, seconds, leave_after)
        except (http.client.RemoteDisconnected, ConnectionError, http.client.CannotSendRequest) as error:
            self.close()
            if not kept:
                return _unheard(f"the connection was closed without an answer ({error})")
        # A kept connection may have been closed meanwhile, which is no fault: once more, on a new one.
        try:
            return self._ask(method, path, headers, body, deadline, seconds, leave_after)
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            self.close()
            return _unheard(f"the connection was closed without an answer ({error})")

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
        seconds: float,
        leave_after: int | None,
    ) -> Heard:
        if self._connection is None:
            self._connection = _connect(self._target, min(_CONNECT, deadline - time.monotonic()))
        connection = self._connection
        sock = connection.sock
        assert sock is not None
        asked_for = self._target.path(path)
        if self._target.proxy is not None and self._target.scheme == "http":
            asked_for = f"http://{self._target.authority}{asked_for}"
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        began = time.perf_counter()
        try:
            try:
                ours = {"Host": self._target.authority, "User-Agent": USER_AGENT}
                connection.request(method, asked_for, body, ours | dict(headers))
            except (BrokenPipeError, ConnectionResetError):
                # A server may refuse a large body before all of it was sent; its answer can still be read.
                if connection.sock is None:
                    raise
            response = connection.getresponse()
        except TimeoutError:
            self.close()
            raise TooSlow(f"no answer within {seconds:g} s") from None
        except http.client.HTTPException as error:
            if isinstance(error, (http.client.RemoteDisconnected, http.client.ImproperConnectionState)):
                raise
            self.close()
            return _unheard(f"the answer is no HTTP ({type(error).__name__}: {error})")
        chunks: list[bytes] = []
        times: list[float] = []
        left, fault = False, None
        try:
            for chunk in _chunks(response, sock, deadline):
                chunks.append(chunk)
                times.append(round(time.perf_counter() - began, 6))
                if leave_after is not None and b"".join(chunks).count(b"\n\n") >= leave_after:
                    left = True
                    break
        except TimeoutError:
            fault = f"the answer was not complete after {seconds:g} s"
        except (http.client.HTTPException, ConnectionError) as error:
            fault = f"the answer was cut short ({type(error).__name__})"
        except _TooLarge:
            fault = f"the answer is larger than {LARGEST} bytes"
        response.close()
        if left or fault is not None or response.will_close:
            self.close()
        return Heard(
            response.status,
            tuple((name.lower(), value) for name, value in response.getheaders()),
            bool(response.chunked),
            tuple(chunks),
            tuple(times),
            time.perf_counter() - began,
            left,
            fault,
        )


class _TooLarge(Exception):
    pass


def _chunks(response: http.client.HTTPResponse, sock: socket.socket, deadline: float) -> Iterator[bytes]:
    """The body: HTTP chunk by HTTP chunk, or as it is read. Raises what reading raises, and _TooLarge."""
    size = 0
    piece = b""
    while True:
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise TimeoutError
        try:
            sock.settimeout(remaining)
        except OSError:
            pass  # the response owns the socket now, with the timeout it had
        try:
            part = response.read1(_PIECE)
        except http.client.IncompleteRead:
            if piece:
                yield piece
            raise
        size += len(part)
        if size > LARGEST:
            raise _TooLarge
        piece += part
        if not part:
            break
        if not response.chunked or not response.chunk_left:  # there are none, or it was the end of one
            yield piece
            piece = b""
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def _connect(target: Target, seconds: float) -> http.client.HTTPConnection:
    host, port = target.proxy or (target.host, target.port)
    connection: http.client.HTTPConnection
    if target.scheme == "https":
        connection = http.client.HTTPSConnection(
            host, port, timeout=seconds, context=ssl.create_default_context()
        )
        if target.proxy is not None:
            connection.set_tunnel(target.host, target.port)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.connect()
    except TimeoutError:
        raise NotReached(f"no connection to {host}:{port} within {seconds:g} s") from None
    except socket.gaierror:
        raise NotReached(f"no address is known for {host}") from None
    except ssl.SSLError as error:
        raise NotReached(f"TLS failed with {host}:{port}: {error.reason or error}") from None
    except ConnectionRefusedError:
        raise NotReached(f"connection to {host}:{port} refused") from None
    except OSError as error:
        raise NotReached(f"no connection to {host}:{port}: {error.strerror or error}") from None
    return connection


def _unheard(fault: str) -> Heard:
    return Heard(0, (), False, (), (), 0.0, fault=fault)
