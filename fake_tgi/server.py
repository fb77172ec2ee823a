"""An ASGI application on a socket: in a thread for tests and programs, in the foreground for the command.

The only module that knows uvicorn. The socket is bound before anything runs, so a port is known, or known
to be taken, at once, and clients that come early wait instead of being refused. Connections stay open as
hyper keeps them: until the client closes or the server stops.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from .hyper.protocol import like_hyper
from .listening import BACKLOG, CannotListen, listen, url_of

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from typing_extensions import Self

__all__ = ["CannotListen", "Server", "run"]

# hyper keeps an idle connection for ever; uvicorn wants a number of seconds.
_KEEP_ALIVE: Final = 86_400
# How often a stopping server looks whether its last requests are done, and how long a request that was cut
# may take to notice before it is cancelled, both in seconds.
_DRAIN_STEP: Final = 0.005
_NOTICE: Final = 0.05


class Server:
    """An ASGI application served on a thread of its own, on its own event loop; or on the running one.

    `port` 0 takes a free one, and `base_url` tells which, once started; None listens nowhere, and only
    `connection` leads to the application. `start` raises CannotListen, and RuntimeError when already
    running; a server that was stopped can be started again.
    """

    def __init__(self, app: Any, host: str = "127.0.0.1", port: int | None = 0) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None
        self._worker: _Uvicorn | None = None
        self._thread: threading.Thread | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None

    @property
    def port(self) -> int:
        """The port listened on; RuntimeError unless running."""
        if self._socket is None:
            raise RuntimeError("the server is not running: call start(), or use it as a context manager")
        return int(self._socket.getsockname()[1])

    @property
    def base_url(self) -> str:
        """`http://host:port` for a client on this machine, without a slash at the end."""
        return url_of(self._host, self.port)

    def start(self) -> Self:
        """Listens and serves; returns when requests are answered."""
        self._open()
        ready = threading.Event()
        self._worker = _Uvicorn(self._app, ready.set)
        self._failure = None
        self._thread = threading.Thread(
            target=self._serve, args=(self._worker, self._sockets, ready), name="fake-tgi", daemon=True
        )
        self._thread.start()
        ready.wait()
        if self._failure is not None:
            failure = self._failure
            self.stop()
            raise RuntimeError(f"the server could not start: {failure}") from failure
        return self

    def stop(self, *, grace: float = 0.0) -> None:
        """Stops listening and serving. Requests in flight get `grace` seconds, then are cut. Idempotent."""
        thread, worker, sock = self._thread, self._worker, self._socket
        self._thread = self._worker = self._socket = None
        if worker is not None and thread is not None:
            worker.stop(grace)
            thread.join()
        if sock is not None:
            sock.close()

    async def start_here(self) -> Self:
        """The same on the running event loop, and in its thread."""
        self._open()
        ready = asyncio.Event()
        self._worker = _Uvicorn(self._app, ready.set)
        self._task = asyncio.ensure_future(self._worker.serve(sockets=self._sockets))
        waiting = asyncio.ensure_future(ready.wait())
        try:
            await asyncio.wait((self._task, waiting), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self._task.done():
            failure = self._task.exception()
            await self.stop_here()
            raise RuntimeError(f"the server could not start: {failure}") from failure
        return self

    async def stop_here(self, *, grace: float = 0.0) -> None:
        """Stops what `start_here` started, on the same loop; as `stop`."""
        task, worker, sock = self._task, self._worker, self._socket
        self._task = self._worker = self._socket = None
        if worker is not None and task is not None:
            worker.stop(grace)
            await asyncio.wait((task,))
        if sock is not None:
            sock.close()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that serves; RuntimeError unless running."""
        if self._worker is None or self._worker.loop is None:
            raise RuntimeError("the server is not running: call start(), or use it as a context manager")
        return self._worker.loop

    def connection(self) -> asyncio.Protocol:
        """The server's end of a connection, for a transport that is no socket. Call it on `loop`."""
        assert self._worker is not None
        return self._worker.connection()

    def _open(self) -> None:
        if self._worker is not None:
            where = f" at {self.base_url}" if self._socket is not None else ""
            raise RuntimeError(f"the server is already running{where}")
        self._socket = None if self._port is None else listen(self._host, self._port)

    @property
    def _sockets(self) -> list[socket.socket]:
        return [] if self._socket is None else [self._socket]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _serve(self, worker: _Uvicorn, sockets: list[socket.socket], ready: threading.Event) -> None:
        try:
            _run_loop(worker, sockets)
        except BaseException as error:
            self._failure = error
        finally:
            ready.set()


def run(
    app: Any,
    host: str,
    port: int,
    *,
    grace: float,
    started: Callable[[str], None] = lambda url: None,
) -> int:
    """Serves `app` in the foreground until SIGTERM or SIGINT; returns the exit status.

    A signal stops listening and gives requests in flight `grace` seconds (0 is returned); a further SIGINT
    cuts them (130). `started` is called with the server's URL once requests are answered. Raises
    CannotListen. Call it from the main thread.
    """
    with contextlib.closing(listen(host, port)) as sock:
        url = url_of(host, int(sock.getsockname()[1]))
        worker = _Uvicorn(app, lambda: started(url), grace)
        with _signals(worker):
            _run_loop(worker, [sock])
    return 130 if worker.hurried else 0


class _Uvicorn(uvicorn.Server):
    """uvicorn's server, but it stops at once when told to instead of looking ten times a second."""

    def __init__(self, app: Any, ready: Callable[[], None], grace: float = 0.0) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_protocol_class(),
                ws="none",
                lifespan="on",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_keep_alive=_KEEP_ALIVE,
                interface="asgi3",
                workers=1,
            )
        )
        self._ready = ready
        self._grace = grace
        self.loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self.hurried = False

    def connection(self) -> asyncio.Protocol:
        """The protocol of a connection that somebody else has made."""
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=self.loop
        )
        return made

    def stop(self, grace: float) -> None:
        """Ends the server from another thread."""
        self._grace = grace
        self.handle_exit(signal.SIGTERM, None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A first signal drains, a SIGINT after it does not wait."""
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = self.hurried = True
        self.should_exit = True
        if self.loop is not None and self._wake is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just closed: nothing left to wake
                self.loop.call_soon_threadsafe(self._wake.set)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn would raise a signal again after it has drained, and so turn exit 0 into a kill."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        await super().startup(sockets)
        await self.on_tick(0)  # sets the date header
        self._ready()

    async def main_loop(self) -> None:
        assert self._wake is not None
        while not await self.on_tick(0):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()  # an idle one closes now, a busy one after its answer
        await self._drain(self._grace)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        self.force_exit = False
        await self._drain(_NOTICE)
        for task in list(self.server_state.tasks):
            task.cancel()
        await asyncio.sleep(0)
        await self.lifespan.shutdown()

    async def _drain(self, seconds: float) -> None:
        """Returns when no connection and no request is left, or after `seconds`, or when told to hurry."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        await asyncio.sleep(0)  # closed connections learn of it in the loop's next turn
        busy = self.server_state
        # ASYNC110 wants an event, but uvicorn tells nobody when the last one ends
        while (busy.connections or busy.tasks) and loop.time() < deadline and not self.force_exit:  # noqa: ASYNC110
            await asyncio.sleep(_DRAIN_STEP)


def _protocol_class() -> type[asyncio.Protocol]:
    """uvicorn's fastest protocol here, with hyper's manners."""
    base: Any
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as base
    except ImportError:
        from uvicorn.protocols.http.h11_impl import H11Protocol as base

    return like_hyper(base)


def _run_loop(worker: _Uvicorn, sockets: list[socket.socket]) -> None:
    # Not asyncio.run: it would wait for computations that run in threads for a client that is gone.
    loop = _new_event_loop()
    try:
        loop.run_until_complete(worker.serve(sockets=sockets))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


@contextlib.contextmanager
def _signals(worker: _Uvicorn) -> Iterator[None]:
    """SIGTERM and SIGINT go to `worker` while this lasts."""
    before = {sig: signal.signal(sig, worker.handle_exit) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
