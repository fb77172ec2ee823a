"""Carries exchanges over requests. The only module that names it, and the only one of the sync side with I/O.

Rules: one session for each process, thread-safe, with a pool that never blocks; an explicit Authorization
wins over everything; a reused connection that the server had already closed is replaced once, unseen;
foreign exceptions are translated here, once, and stay catchable under their own names.
"""

from __future__ import annotations

import http.client
import io
import os
import socket
import threading
import time
import zlib
from collections.abc import Mapping
from typing import Any, TypeVar

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict

from . import errors as e
from ._chunked import ChunkedDecoder, MalformedChunk
from ._environment import Surroundings, surroundings
from ._exchange import Exchange, Settings
from ._head import TimedResponse
from ._operations import Operation
from ._timeouts import Clocks

__all__ = ["STREAM_BUFFER", "Reply", "Sending", "Transport"]

A = TypeVar("A")
E = TypeVar("E")

STREAM_BUFFER = 1 << 11  # bytes that a stream keeps room for while it is open; its body is read past it
_PIECE = 1 << 16  # bytes; of the events in them few are objects at a time
_POOL = 256  # connections kept open to one server; more may be open at once


class ConnectTimeoutError(e.ConnectTimeoutError, requests.exceptions.ConnectTimeout):
    pass


class FirstTokenTimeoutError(e.FirstTokenTimeoutError, requests.exceptions.ReadTimeout):
    pass


class SilenceTimeoutError(
    e.SilenceTimeoutError, requests.exceptions.ReadTimeout, requests.exceptions.ConnectionError
):
    pass


class TotalTimeoutError(e.TotalTimeoutError, requests.exceptions.ReadTimeout):
    pass


class ConnectionFailedError(e.ConnectionFailedError, requests.exceptions.ConnectionError):
    pass


class TLSFailedError(e.ConnectionFailedError, requests.exceptions.SSLError):
    pass


class ProxyFailedError(e.ConnectionFailedError, requests.exceptions.ProxyError):
    pass


class InterruptedGenerationError(e.InterruptedGenerationError, requests.exceptions.ChunkedEncodingError):
    pass


class UnusableURLError(
    e.ConfigurationError,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
):
    pass


_CLOCKS: Mapping[str, type[e.ClockTimeoutError]] = {
    "connect": ConnectTimeoutError,
    "first_token": FirstTokenTimeoutError,
    "silence": SilenceTimeoutError,
    "total": TotalTimeoutError,
}
_FAILURES: tuple[tuple[type[Exception], type[e.TextGenerationError]], ...] = (
    (requests.exceptions.SSLError, TLSFailedError),
    (requests.exceptions.ProxyError, ProxyFailedError),
    (requests.exceptions.InvalidURL, UnusableURLError),
    (requests.exceptions.InvalidSchema, UnusableURLError),
    (requests.exceptions.MissingSchema, UnusableURLError),
    (requests.exceptions.InvalidProxyURL, ProxyFailedError),
)
_BROKEN = (
    OSError,
    http.client.HTTPException,
    urllib3.exceptions.HTTPError,
    MalformedChunk,
    zlib.error,
    EOFError,
)


def _timed_out(clocks: Clocks, clock: str) -> e.ClockTimeoutError:
    """A clock's error, also under the name requests would have given it."""
    plain = clocks.error(clock)
    error = _CLOCKS[clock](*plain.args)
    error.seconds = plain.seconds
    return error


def _innermost(error: BaseException) -> BaseException:
    """What really happened, below the layers that each wrapped it."""
    seen: set[int] = set()
    while id(error) not in seen:
        seen.add(id(error))
        inner = getattr(error, "reason", None)
        if not isinstance(inner, BaseException):
            inner = error.args[-1] if error.args and isinstance(error.args[-1], BaseException) else None
        if inner is None:
            inner = error.__cause__ or (error.__context__ if not error.__suppress_context__ else None)
        if inner is None:
            break
        error = inner
    return error


def _is_timeout(error: BaseException) -> bool:
    return isinstance(error, TimeoutError | urllib3.exceptions.TimeoutError)


class _KeepAuthorization(requests.auth.AuthBase):
    """Stands in for "no authentication": without it, requests lets ~/.netrc replace an explicit header."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


class _Sending(threading.local):
    """Which connection the current thread is sending on."""

    current: Sending | None = None


class Sending:
    """One request under way: another thread can break it off; a fresh connection is told from a kept one.

    `buffer`: how many bytes are read at a time while the head is.
    """

    __slots__ = ("buffer", "cancelled", "clocks", "connection", "fresh")

    def __init__(self, buffer: int = io.DEFAULT_BUFFER_SIZE) -> None:
        self.buffer = buffer
        self.clocks: Clocks | None = None
        self.connection: Any = None
        self.fresh = True
        self.cancelled = False

    def cancel(self) -> None:
        """Wake whoever waits on the connection. Safe from any thread."""
        self.cancelled = True
        sock = getattr(self.connection, "sock", None)
        if sock is not None:
            _shut(sock)


def _shut(sock: Any) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


def _watched(pool_class: type[Any], sending: _Sending) -> type[Any]:
    """A connection pool that notes which connection it hands to the current thread."""

    def get(self: Any, timeout: Any = None) -> Any:
        connection = pool_class._get_conn(self, timeout)
        current = sending.current
        if current is not None:
            current.fresh = getattr(connection, "sock", None) is None
            current.connection = connection
            if isinstance(connection, _Joining):
                connection.clocks, connection.buffer = current.clocks, current.buffer
            if current.cancelled:
                connection.close()
        return connection

    joined = property(lambda pool: _joining(pool_class.ConnectionCls))
    return type(pool_class.__name__, (pool_class,), {"_get_conn": get, "ConnectionCls": joined})


class _Joining:
    """A connection that sends a request's head and body in one piece: one system call, one packet.

    The first-token clock begins when the request is out; the answer's head is read against it.
    """

    clocks: Clocks | None = None
    buffer = io.DEFAULT_BUFFER_SIZE
    _head: bytes | None = None
    _body: Any = None

    def request(self, method: str, url: str, body: Any = None, *args: Any, **kwargs: Any) -> None:
        self._head, self._body = None, body if isinstance(body, bytes) else None
        try:
            super().request(method, url, body, *args, **kwargs)  # type: ignore[misc]
        finally:
            self._head = self._body = None

    def send(self, data: Any) -> None:
        if self._body is not None and isinstance(data, bytes):
            if self._head is None and data is not self._body:
                self._head = data
                return
            data, self._head, self._body = (self._head or b"") + data, None, None
        super().send(data)  # type: ignore[misc]

    def response_class(self, *args: Any, **kwargs: Any) -> TimedResponse:
        """What http.client makes an answer with."""
        made = TimedResponse(*args, buffer=self.buffer, **kwargs)
        made.clocks = clocks = self.clocks
        if clocks is not None:
            clocks.start(time.monotonic())
        return made


class _JoiningHTTP(_Joining, urllib3.connection.HTTPConnection):  # type: ignore[misc]
    pass


class _JoiningHTTPS(_Joining, urllib3.connection.HTTPSConnection):  # type: ignore[misc]
    pass


def _joining(connection_class: type[Any]) -> type[Any]:
    """Our connection for urllib3's own; what a test library has put in its place is left alone."""
    plain: Mapping[type[Any], type[Any]] = {
        urllib3.connection.HTTPConnection: _JoiningHTTP,
        urllib3.connection.HTTPSConnection: _JoiningHTTPS,
    }
    return plain.get(connection_class, connection_class)


class _Adapter(HTTPAdapter):
    """An HTTPAdapter whose pools note what they hand out."""

    def __init__(self) -> None:
        self.sending = _Sending()
        super().__init__(pool_connections=8, pool_maxsize=_POOL)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        known = len(self.proxy_manager)
        manager = super().proxy_manager_for(*args, **kwargs)
        if len(self.proxy_manager) != known:
            self._watch(manager)
        return manager

    def _watch(self, manager: Any) -> None:
        manager.pool_classes_by_scheme = {
            scheme: _watched(cls, self.sending) for scheme, cls in manager.pool_classes_by_scheme.items()
        }


class Transport:
    """Sends requests. `session`, `verify`, `cert` and `proxies` mean what they mean in requests."""

    def __init__(
        self,
        session: requests.Session | None = None,
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
        trust_env: bool = True,
    ) -> None:
        self._given = session
        self._verify, self._cert, self._proxies, self._trust_env = verify, cert, proxies, trust_env
        self._lock = threading.Lock()
        self._own: tuple[int, requests.Session] | None = None  # with the process that made it
        self._around: dict[str, Surroundings] = {}
        self._urls: dict[str, str] = {}

    def exchange(self, operation: Operation[A, E], settings: Settings, stream: bool) -> Exchange[A, E]:
        """A call to `send`; here, so that clients need not import the class in every call."""
        return Exchange(operation, settings, stream)

    def around(self, url: str) -> Surroundings:
        """What the environment adds for this URL, looked up once for each origin."""
        if self._given is not None:  # a session of the caller's looks for itself
            return Surroundings()
        origin = url[: url.find("/", 8)] if "/" in url[8:] else url
        found = self._around.get(origin)
        if found is None:
            try:
                found = surroundings(url, self._proxies, self._trust_env)
            except ValueError as error:
                raise UnusableURLError(f"base_url: {url!r} is no usable address: {error}") from error
            self._around[origin] = found
        return found

    def close(self) -> None:
        """Close the connections of this process. The next call opens new ones."""
        with self._lock:
            own, self._own = self._own, None
        if own is not None and own[0] == os.getpid():
            own[1].close()

    def send(self, exchange: Exchange[Any, Any], sending: Sending | None = None) -> Reply:
        """Send the exchange's request; the reply's body is still to be read."""
        sending = sending or Sending()
        exchange.started()
        while True:
            try:
                response = self._send(exchange, sending)
            except e.TextGenerationError:
                raise
            except Exception as error:
                if not sending.fresh and not sending.cancelled and _was_gone(error):
                    sending.fresh = True
                    self._drop_idle(exchange.request.url)
                    continue
                raise self._translated(exchange, error) from error
            if getattr(getattr(getattr(response.raw, "_fp", None), "msg", None), "defects", None):
                response.raw.close()  # http.client takes half a head for a whole one
                raise ConnectionFailedError(f"The server's answer is no HTTP: {dict(response.headers)}")
            return Reply(response, exchange.clocks)

    def _session(self) -> requests.Session:
        own = self._own
        pid = os.getpid()
        if own is None or own[0] != pid:  # a forked child must not share its parent's sockets
            with self._lock:
                own = self._own
                if own is None or own[0] != pid:
                    session = requests.Session()
                    session.trust_env = False
                    adapter = _Adapter()
                    session.mount("http://", adapter)
                    session.mount("https://", adapter)
                    own = self._own = (pid, session)
        return own[1]

    def _send(self, exchange: Exchange[Any, Any], sending: Sending) -> requests.Response:
        request = exchange.request
        now = time.monotonic()
        clocks = exchange.clocks
        connect, wait = clocks.connect(now)[0], clocks.wait(True, now)[0]
        timeout: Any = (
            None if connect is None else max(connect, 0.001),
            None if wait is None else max(wait, 0.001),
        )
        if self._given is not None:
            return self._send_by_given(request, timeout)
        around = self.around(request.url)
        verify = self._verify if self._verify is not None else (around.ca_bundle or True)
        proxies = {"http": around.proxy, "https": around.proxy} if around.proxy else {}
        prepared = PreparedRequest()
        prepared.method = request.method
        prepared.url = self._urls.get(request.url) or self._prepared_url(request.url)
        headers = prepared.headers = CaseInsensitiveDict(request.headers)
        prepared.body = request.body
        if request.body is not None:
            headers["Content-Length"] = str(len(request.body))
        adapter = self._session().get_adapter(prepared.url)
        local = getattr(adapter, "sending", None)
        sending.clocks = clocks
        if local is not None:
            local.current = sending
        try:
            return adapter.send(
                prepared, stream=True, timeout=timeout, verify=verify, cert=self._cert, proxies=proxies
            )
        finally:
            if local is not None:
                local.current = None

    def _send_by_given(self, request: Any, timeout: Any) -> requests.Response:
        """Through a session of the caller's, with all that it was set up to do."""
        session = self._given
        assert session is not None
        headers = dict(request.headers)
        for name in ("User-Agent", "Accept-Encoding", "Accept"):
            if session.headers.get(name) != requests.utils.default_headers().get(name):
                headers.pop(name, None)
        options: dict[str, Any] = {}
        if self._verify is not None:
            options["verify"] = self._verify
        if self._cert is not None:
            options["cert"] = self._cert
        if self._proxies is not None:
            options["proxies"] = dict(self._proxies)
        if any(name.lower() == "authorization" for name in headers):
            options["auth"] = _KeepAuthorization()
        return session.request(
            request.method,
            request.url,
            data=request.body,
            headers=headers,
            timeout=timeout,
            stream=True,
            allow_redirects=False,
            **options,
        )

    def _prepared_url(self, url: str) -> str:
        """The URL as it goes out; each is worked out once."""
        prepared = PreparedRequest()
        prepared.prepare_url(url, None)
        if len(self._urls) > 256:
            self._urls.clear()
        result = self._urls[url] = str(prepared.url)
        return result

    def _drop_idle(self, url: str) -> None:
        """Forget the kept connections: the server has closed one, so it has likely closed them all."""
        session = self._given or self._session()
        adapter = session.get_adapter(url)
        manager = getattr(adapter, "poolmanager", None)
        if manager is not None:
            manager.clear()

    def _translated(self, exchange: Exchange[Any, Any], error: Exception) -> e.TextGenerationError:
        url, clocks = exchange.request.url, exchange.clocks
        if isinstance(error, requests.exceptions.ConnectTimeout):
            return _timed_out(clocks, clocks.connect(time.monotonic())[1])
        inner = _innermost(error)
        if isinstance(error, requests.exceptions.Timeout) or _is_timeout(inner):
            return _timed_out(clocks, clocks.wait(True, time.monotonic())[1])
        from ._redact import url as shown

        for foreign, ours in _FAILURES:
            if isinstance(error, foreign):
                hint = " (base_url: expected http://host or https://host)" if ours is UnusableURLError else ""
                return ours(f"Could not reach {shown(url)}: {inner}{hint}")
        if isinstance(inner, UnicodeError | ValueError) and not isinstance(error, _BROKEN):
            return UnusableURLError(f"base_url: {shown(url)!r} is no usable address: {inner}")
        said = str(inner) or type(inner).__name__
        return ConnectionFailedError(f"Could not reach {shown(url)}: {said}")


def _was_gone(error: BaseException) -> bool:
    """Whether the server had closed a kept connection before it could read the request."""
    inner = _innermost(error)
    return isinstance(inner, http.client.RemoteDisconnected | ConnectionResetError | BrokenPipeError)


class Reply:
    """The answer to one request: status and headers are there, the body is read piece by piece.

    Where the body comes straight from a socket, it is read below http.client, which saves most of the cost
    of a token. That uses attributes that are not public; where one is missing, urllib3 reads instead.
    """

    __slots__ = (
        *("_chunks", "_clocks", "_fast", "_inflate", "_pieces", "_raw", "_sock", "_stream", "_timeout"),
        *("ended", "headers", "status"),
    )

    def __init__(self, response: requests.Response, clocks: Clocks) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.ended = False
        raw: Any = response.raw
        self._raw = raw
        self._clocks = clocks
        self._pieces: Any = None
        self._chunks: ChunkedDecoder | None = None
        self._inflate: Any = None
        self._timeout: float | None = -1.0
        body: Any = getattr(raw, "_fp", None)
        stream: Any = getattr(body, "fp", None)
        self._fast = isinstance(body, http.client.HTTPResponse) and isinstance(stream, io.BufferedReader)
        self._stream = stream
        self._sock = getattr(getattr(stream, "raw", None), "_sock", None) if self._fast else None
        if not self._fast:
            if isinstance(body, http.client.HTTPResponse) and body.isclosed():
                self.ended = True  # no body at all
            return
        if body.chunked:
            if getattr(body, "chunk_left", 0) is None:
                self._chunks = ChunkedDecoder()
            else:
                self._fast = False
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding in ("gzip", "x-gzip", "deflate"):
            self._inflate = zlib.decompressobj(47)
        elif coding not in ("", "identity"):
            self._fast = False

    def read(self, first: bool) -> bytes:
        """The next piece of the body; b"" at its end. `first`: nothing of the answer has arrived yet.

        Raises the error of the clock that ran out, or InterruptedGenerationError.
        """
        if self.ended:
            return b""
        seconds, clock = self._clocks.wait(first, time.monotonic())
        return self._read(seconds, clock)

    def _read(self, seconds: float | None, clock: str) -> bytes:
        if seconds is not None and seconds <= 0:
            raise _timed_out(self._clocks, clock)
        sock = self._sock
        if sock is not None and seconds != self._timeout:
            self._timeout = seconds
            try:
                sock.settimeout(seconds)
            except OSError:  # closed by another thread
                pass
        try:
            if not self._fast:
                return self._slowly()
            data = self._piece()
            while not data and not self.ended:
                data = self._piece()
            return data
        except TimeoutError as error:
            raise _timed_out(self._clocks, clock) from error
        except urllib3.exceptions.ReadTimeoutError as error:
            raise _timed_out(self._clocks, clock) from error
        except (*_BROKEN, AttributeError) as error:  # AttributeError: closed by another thread meanwhile
            inner = _innermost(error)
            raise InterruptedGenerationError(
                f"The connection broke in the middle of the answer: {inner or type(inner).__name__}"
            ) from error

    def _piece(self) -> bytes:
        """What the socket has, decoded; may be empty before the end."""
        chunks = self._chunks
        if chunks is not None:
            data: bytes = self._stream.read1(_PIECE)
            if not data:
                raise http.client.IncompleteRead(b"")
            data = chunks.feed(data)
            self.ended = chunks.done
        else:
            body = self._raw._fp
            data = body.read1(_PIECE)
            if not data and body.length:
                raise http.client.IncompleteRead(b"", body.length)
            self.ended = not data or body.length == 0
        if self._inflate is not None:
            data = self._inflate.decompress(data)
            if self.ended:
                data += self._inflate.flush()
        return data

    def _slowly(self) -> bytes:
        """Through urllib3, for bodies that do not come straight from a socket."""
        if self._pieces is None:
            self._pieces = self._raw.stream(_PIECE, decode_content=True)
        for piece in self._pieces:
            if piece:
                data: bytes = piece
                return data
        self.ended = True
        return b""

    def read_all(self) -> bytes:
        """The rest of the body; the connection goes back to the pool."""
        pieces: list[bytes] = []
        while not self.ended:
            pieces.append(self.read(not pieces))
        self.release()
        return b"".join(pieces)

    def drain(self, size: int = 1 << 12, seconds: float = 0.05) -> None:
        """After the last event: read the few bytes that end the body, so that the connection can be kept."""
        until = time.monotonic() + seconds
        try:
            while not self.ended and size > 0:
                left = until - time.monotonic()
                if left <= 0:
                    break
                size -= len(self._read(left, "silence")) or 1
        except e.TextGenerationError:
            pass
        self.release()

    def release(self) -> None:
        """Give the connection back if the body has ended; else close it."""
        raw = self._raw
        try:
            if not self.ended:
                raw.close()
            else:
                if self._fast:
                    raw._fp.close()
                    if self._sock is not None and self._timeout != -1.0:
                        self._sock.settimeout(None)
                raw.release_conn()
        except (OSError, AttributeError, ValueError):
            pass

    def wake(self) -> None:
        """Make a read in another thread return at once."""
        if self._sock is not None:
            _shut(self._sock)
