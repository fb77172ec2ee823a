"""Carries exchanges over aiohttp. The only module that names it, and the only one of the async side with I/O.

Rules: one session for each event loop, closed with its loop whether or not anybody closes the client;
nothing is limited that was not asked for; an explicit Authorization wins; a reused connection that the server
had already closed is replaced once, unseen; foreign exceptions are translated here, once, and stay
catchable under their own names.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import aiohttp
from yarl import URL

from . import errors as e
from ._alarm import Alarm, Wait, taken_back
from ._environment import Surroundings, surroundings
from ._exchange import Exchange, Settings
from ._operations import Operation
from ._redact import url as shown
from ._timeouts import Clocks

__all__ = ["Reply", "Transport"]

A = TypeVar("A")
E = TypeVar("E")


class ConnectTimeoutError(e.ConnectTimeoutError, aiohttp.ServerTimeoutError):
    pass


class FirstTokenTimeoutError(e.FirstTokenTimeoutError, aiohttp.ServerTimeoutError):
    pass


class SilenceTimeoutError(e.SilenceTimeoutError, aiohttp.ServerTimeoutError):
    pass


class TotalTimeoutError(e.TotalTimeoutError, aiohttp.ServerTimeoutError):
    pass


class ConnectionFailedError(e.ConnectionFailedError, aiohttp.ClientConnectionError):
    pass


class DisconnectedError(e.ConnectionFailedError, aiohttp.ServerDisconnectedError):
    def __init__(self, message: str) -> None:
        aiohttp.ServerDisconnectedError.__init__(self, message)


class NotReachedError(e.ConnectionFailedError, aiohttp.ClientConnectorError):
    """Keeps aiohttp's facts (`host`, `port`, `ssl`, `os_error`) and our text."""

    def __init__(self, message: str) -> None:
        OSError.__init__(self, message)


class InterruptedGenerationError(e.InterruptedGenerationError, aiohttp.ClientPayloadError):
    pass


class UnusableURLError(e.ConfigurationError, aiohttp.InvalidURL):
    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


# aiohttp 3.9 has one class for both kinds of timeout.
_CONNECT_TIMEOUT = getattr(aiohttp, "ConnectionTimeoutError", aiohttp.ServerTimeoutError)

_LOOK = 0.2  # seconds between two looks at a connection, where nobody tells

_CLOCKS: Mapping[str, type[e.ClockTimeoutError]] = {
    "connect": ConnectTimeoutError,
    "first_token": FirstTokenTimeoutError,
    "silence": SilenceTimeoutError,
    "total": TotalTimeoutError,
}


def _timed_out(clocks: Clocks, clock: str) -> e.ClockTimeoutError:
    """A clock's error, also under the name aiohttp would have given it."""
    plain = clocks.error(clock)
    error = _CLOCKS[clock](*plain.args)
    error.seconds = plain.seconds
    return error


class _Attempt(Wait):
    """One request under way. The connect clock runs until there is a connection, then the next one does."""

    __slots__ = ("alarm", "clocks", "connecting", "opened", "task")

    def __init__(self, alarm: Alarm, clocks: Clocks) -> None:
        self.expired = False
        self.alarm = alarm
        self.task = asyncio.current_task()
        self.opened = False  # a connection was opened for it, rather than one reused
        self.clocks = clocks
        self.connecting = False  # the connect clock runs

    def ring(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def connected(self) -> None:
        """The request goes out now: so begins its first-token clock."""
        now = time.monotonic()
        self.clocks.start(now)
        if not self.connecting:
            return
        self.connecting = False
        seconds, clock = self.clocks.wait(True, now)
        if seconds is None:
            self.alarm.clear(self)
        else:
            self.alarm.set(self, seconds, clock)


class _Connector(aiohttp.TCPConnector):
    """A connector that tells the attempt of the current task how far it has come."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit, keepalive_timeout=30)
        self.attempts: dict[asyncio.Task[Any] | None, _Attempt] = {}

    async def connect(self, *args: Any, **kwargs: Any) -> Any:
        connection = await super().connect(*args, **kwargs)
        attempt = self.attempts.get(asyncio.current_task())
        if attempt is not None:
            attempt.connected()
        return connection

    async def _create_connection(self, *args: Any, **kwargs: Any) -> Any:
        attempt = self.attempts.get(asyncio.current_task())
        if attempt is not None:
            attempt.opened = True
        return await super()._create_connection(*args, **kwargs)


class _Route(NamedTuple):
    """How a URL is asked for: as aiohttp wants it, and with which options."""

    url: URL
    options: Mapping[str, Any]


class _Session:
    """The session of one loop. It outlives neither its loop nor its owner, and never complains about that."""

    __slots__ = ("_guard", "pid", "session")

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session
        self.pid = os.getpid()
        self._guard: AsyncGenerator[None, None] | None = None

    async def guard(self) -> None:
        """Have the loop close the session when it shuts down its asynchronous generators, as
        `asyncio.run` does at its end: published code never closes a client."""
        self._guard = _until_shutdown(self.session)
        await self._guard.__anext__()

    def __del__(self) -> None:
        _close_now(self.session)


async def _until_shutdown(session: aiohttp.ClientSession) -> AsyncGenerator[None, None]:
    try:
        yield
    finally:
        await session.close()


def _close_now(session: aiohttp.ClientSession) -> None:
    """Close without waiting, on a loop that may be closed already."""
    connector = session.connector
    if connector is None or connector.closed:
        return
    for protocols in list(getattr(connector, "_conns", {}).values()):
        for kept in protocols:
            transport = getattr(kept[0], "transport", None)
            if transport is not None:
                try:
                    transport.abort()
                except RuntimeError:  # the loop is closed: the socket goes with the transport
                    sock = transport.get_extra_info("socket")
                    if sock is not None and hasattr(sock, "_sock"):
                        sock._sock.close()
    getattr(connector, "_conns", {}).clear()
    session._connector = None


class Transport:
    """Sends requests. `session` is an `aiohttp.ClientSession` of the caller's, used on its own loop only."""

    def __init__(
        self,
        session: aiohttp.ClientSession | None = None,
        verify: bool | str | ssl.SSLContext | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
        trust_env: bool = True,
        max_connections: int | None = None,
    ) -> None:
        self._given = session
        self._verify, self._cert, self._proxies, self._trust_env = verify, cert, proxies, trust_env
        self._max = max_connections or 0
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, _Session] = WeakKeyDictionary()
        self._around: dict[str, Surroundings] = {}
        self._alarms: WeakKeyDictionary[asyncio.AbstractEventLoop, Alarm] = WeakKeyDictionary()
        self._routes: dict[str, _Route] = {}
        self._tls: dict[str | None, ssl.SSLContext | bool] = {}

    def exchange(self, operation: Operation[A, E], settings: Settings, stream: bool) -> Exchange[A, E]:
        """A call to `send`; here, so that clients need not import the class in every call."""
        return Exchange(operation, settings, stream)

    def around(self, url: str) -> Surroundings:
        """What the environment adds for this URL, looked up once for each origin."""
        if self._given is not None:
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

    async def close(self) -> None:
        """Close the running loop's connections. The next call opens new ones."""
        kept = self._sessions.pop(asyncio.get_running_loop(), None)
        if kept is not None:
            await kept.session.close()

    async def send(self, exchange: Exchange[Any, Any]) -> Reply:
        """Send the exchange's request; the reply's body is still to be read."""
        exchange.started()
        loop = asyncio.get_running_loop()
        alarm = self._alarms.get(loop) or self._new_alarm(loop)
        again = False
        while True:
            session = self._session(loop) or await self._new_session(loop)
            attempt = _Attempt(alarm, exchange.clocks)
            try:
                return Reply(await self._send(exchange, session, attempt), exchange.clocks, alarm)
            except (asyncio.CancelledError, e.TextGenerationError):
                raise
            except Exception as error:
                gone = isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientOSError)
                if gone and not again and not attempt.opened and isinstance(session.connector, _Connector):
                    again = True
                    await self.close()
                    continue
                raise self._translated(exchange, error) from error

    def _new_alarm(self, loop: asyncio.AbstractEventLoop) -> Alarm:
        for old in [old for old in self._alarms if old.is_closed()]:
            self._alarms.pop(old)
        made = self._alarms[loop] = Alarm()
        return made

    def _session(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession | None:
        """This loop's session, if there is one that can be used."""
        if self._given is not None:
            return self._given
        kept = self._sessions.get(loop)
        if kept is None or kept.session.closed or kept.pid != os.getpid():
            return None
        return kept.session

    async def _new_session(self, loop: asyncio.AbstractEventLoop) -> aiohttp.ClientSession:
        for old in [old for old in self._sessions if old.is_closed()]:
            self._sessions.pop(old)
        session = aiohttp.ClientSession(
            connector=_Connector(self._max),
            timeout=aiohttp.ClientTimeout(total=None),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        kept = self._sessions[loop] = _Session(session)
        await kept.guard()
        return session

    async def _send(
        self, exchange: Exchange[Any, Any], session: aiohttp.ClientSession, attempt: _Attempt
    ) -> aiohttp.ClientResponse:
        request = exchange.request
        url, options = self._routes.get(request.url) or self._route(request.url)
        headers: Mapping[str, str] = request.headers
        clocks = exchange.clocks
        now = time.monotonic()
        connect, clock = clocks.connect(now)
        wait, first = clocks.wait(True, now)
        connector = session.connector
        alarm = attempt.alarm
        if isinstance(connector, _Connector):
            connector.attempts[attempt.task] = attempt
            attempt.connecting = True
            wait, first = connect, clock
        else:  # a session of the caller's
            headers = _not_of_the_session(headers, session)
            limit = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect)
            options = {**options, "timeout": limit}
        try:
            if wait is not None:
                alarm.set(attempt, wait, first)
            return await session.request(
                request.method, url, data=request.body, headers=headers, allow_redirects=False, **options
            )
        except asyncio.CancelledError:
            if attempt.expired and taken_back(attempt.task):
                raise _timed_out(clocks, attempt.clock) from None
            raise
        finally:
            alarm.clear(attempt)
            if isinstance(connector, _Connector):
                connector.attempts.pop(attempt.task, None)

    def _route(self, url: str) -> _Route:
        """Worked out once for each URL."""
        try:
            prepared = URL(url)
        except ValueError as error:
            raise UnusableURLError(f"base_url: {shown(url)!r} is no usable address: {error}") from error
        if prepared.scheme not in ("http", "https") or not prepared.host:
            raise UnusableURLError(
                f"base_url: {shown(url)!r} is no usable address: expected http://host or https://host"
            )
        around = self.around(url)
        options: dict[str, Any] = {}
        if prepared.scheme == "https":
            options["ssl"] = self._context(around.ca_bundle)
        if around.proxy:
            options["proxy"] = around.proxy
        if len(self._routes) > 256:
            self._routes.clear()
        found = self._routes[url] = _Route(prepared, options)
        return found

    def _context(self, bundle: str | None) -> ssl.SSLContext | bool:
        """The TLS settings that `verify`, `cert` and the environment's bundle amount to."""
        if isinstance(self._verify, ssl.SSLContext):
            return self._verify
        if self._verify is not None:
            bundle = self._verify if isinstance(self._verify, str) else None
        if self._verify is False and self._cert is None:
            return False
        if bundle is None and self._cert is None:
            return True
        context = self._tls.get(bundle)
        if context is None:
            folder = bundle if bundle is not None and os.path.isdir(bundle) else None  # noqa: PTH112
            try:
                made = ssl.create_default_context(cafile=None if folder else bundle, capath=folder)
                if self._verify is False:
                    made.check_hostname = False
                    made.verify_mode = ssl.CERT_NONE
                if self._cert is not None:
                    made.load_cert_chain(*((self._cert,) if isinstance(self._cert, str) else self._cert))
            except OSError as error:
                raise e.ConfigurationError(f"verify or cert: {bundle or self._cert!r}: {error}") from error
            context = self._tls[bundle] = made
        return context

    def _translated(self, exchange: Exchange[Any, Any], error: Exception) -> e.TextGenerationError:
        where = shown(exchange.request.url)
        clocks = exchange.clocks
        if isinstance(error, _CONNECT_TIMEOUT):
            return _timed_out(clocks, clocks.connect(time.monotonic())[1])
        if isinstance(error, TimeoutError | asyncio.TimeoutError):
            return _timed_out(clocks, clocks.wait(True, time.monotonic())[1])
        if isinstance(error, aiohttp.InvalidURL):
            return UnusableURLError(f"base_url: {where!r} is no usable address: {error}")
        said = str(error) or type(error).__name__
        if isinstance(error, aiohttp.ClientConnectorError):
            failed = NotReachedError(f"Could not reach {where}: {said}")
            failed._conn_key, failed._os_error = error._conn_key, error._os_error
            return failed
        if isinstance(error, aiohttp.ServerDisconnectedError):
            return DisconnectedError(f"Could not reach {where}: {said}")
        if isinstance(error, aiohttp.ClientPayloadError):
            return InterruptedGenerationError(f"The connection broke in the middle of the answer: {said}")
        if isinstance(error, RuntimeError | TypeError) and not isinstance(error, aiohttp.ClientError):
            raise error  # a closed loop or session of the caller's: not the server's doing
        return ConnectionFailedError(f"Could not reach {where}: {said}")


def _not_of_the_session(headers: Mapping[str, str], session: aiohttp.ClientSession) -> dict[str, str]:
    """Without our own defaults where the caller's session has some."""
    return {
        name: value
        for name, value in headers.items()
        if not (name in ("User-Agent", "Accept", "Accept-Encoding") and name in session.headers)
    }


class Reply(Wait):
    """The answer to one request: status and headers are there, the body is read piece by piece.

    The clock only runs while somebody waits for a piece.
    """

    __slots__ = ("_alarm", "_clocks", "_content", "_loop", "_lost", "_response", "ended", "headers", "status")

    def __init__(self, response: aiohttp.ClientResponse, clocks: Clocks, alarm: Alarm) -> None:
        self.expired = False
        self._alarm = alarm
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.ended = False
        self._response = response
        self._content = response.content
        self._clocks = clocks
        self._loop = asyncio.get_running_loop()
        self._lost: asyncio.Future[None] | asyncio.TimerHandle | None = None

    async def read(self, first: bool) -> bytes:
        """The next piece of the body; b"" at its end. `first`: nothing of the answer has arrived yet.

        Raises the error of the clock that ran out, or InterruptedGenerationError.
        """
        seconds, clock = self._clocks.wait(first, time.monotonic())
        return await self._read(seconds, clock)

    async def _read(self, seconds: float | None, clock: str) -> bytes:
        if self.ended:
            return b""
        content = self._content
        if content.is_eof() and content.exception() is None:  # all of it is here
            self.ended = True
            return content.read_nowait()
        if self._lost is None:
            self._lost = self._watch()
        if seconds is not None:
            if seconds <= 0:
                raise _timed_out(self._clocks, clock)
            self._alarm.set(self, seconds, clock)
        try:
            data = await self._content.readany()
        except (aiohttp.ClientError, OSError, asyncio.TimeoutError, RuntimeError, ValueError) as error:
            if self.expired:
                raise _timed_out(self._clocks, clock) from error
            said = str(error) or type(error).__name__
            raise InterruptedGenerationError(
                f"The connection broke in the middle of the answer: {said}"
            ) from error
        finally:
            self._alarm.clear(self)
        if not data:
            if self.expired:
                raise _timed_out(self._clocks, clock)
            self.ended = True
        elif self._content.at_eof():
            self.ended = True
        return data

    def _watch(self) -> asyncio.Future[None] | asyncio.TimerHandle:
        """Hear of a lost connection ourselves: aiohttp tells nobody who waits for the body when what ended it
        was a malformed chunk, and the wait would never end."""
        protocol = getattr(self._response.connection, "protocol", None)
        closed: asyncio.Future[None] | None = getattr(protocol, "closed", None)
        if closed is None:  # older than aiohttp 3.12: look from time to time
            return self._loop.call_later(_LOOK, self._look, getattr(protocol, "transport", None))
        closed.add_done_callback(self._on_lost)
        return closed

    def _look(self, transport: asyncio.BaseTransport | None) -> None:
        if transport is None or transport.is_closing():
            self._fail()
        else:
            self._lost = self._loop.call_later(_LOOK, self._look, transport)

    def _on_lost(self, closed: asyncio.Future[None]) -> None:
        if not closed.cancelled():
            closed.exception()  # seen
        self._fail()

    def _fail(self) -> None:
        content = self._content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the answer is not in the chunked coding"))

    def ring(self) -> None:
        self._response.close()

    async def read_all(self) -> bytes:
        """The rest of the body; the connection goes back to the pool."""
        content = self._content
        if content.is_eof() and content.exception() is None:  # it came with the head: nothing to wait for
            self.ended = True
            data = content.read_nowait()
            self.release()
            return data
        pieces: list[bytes] = []
        try:
            while not self.ended:
                pieces.append(await self.read(not pieces))
        finally:
            self.release()
        return b"".join(pieces)

    async def drain(self, size: int = 1 << 12, seconds: float = 0.05) -> None:
        """After the last event: read the few bytes that end the body, so that the connection can be kept."""
        until = time.monotonic() + seconds
        try:
            while not self.ended and size > 0:
                left = until - time.monotonic()
                if left <= 0:
                    break
                size -= len(await self._read(left, "silence")) or 1
        except e.TextGenerationError:
            pass
        finally:
            self.release()

    def release(self) -> None:
        """Give the connection back if the body has ended; else close it. Never waits."""
        lost = self._lost
        if isinstance(lost, asyncio.TimerHandle):
            lost.cancel()
        elif lost is not None:
            lost.remove_done_callback(self._on_lost)
        response = self._response
        if self.ended:
            response.release()
        elif not self._loop.is_closed():
            response.close()
