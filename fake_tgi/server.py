"""An application on a socket: in a thread for tests and programs, in the foreground for the command.

The socket is bound before anything runs, so a port is known, or known to be taken, at once, and clients that
come early wait instead of being refused. Connections stay open as hyper keeps them: until the client closes
or the server stops. Any ASGI application will do; one that answers in frames (hyper/protocol.py) costs less.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, Final

from .connection import Connection
from .hyper.lifespan import Lifespan
from .hyper.protocol import HttpProtocol, Service
from .listening import BACKLOG, CannotListen, listen, url_of

if TYPE_CHECKING:
    from types import FrameType, TracebackType

    from typing_extensions import Self

__all__ = ["CannotListen", "Server", "Worker", "run", "run_on"]

# How long a request that was cut may take to notice before it is cancelled, in seconds.
_NOTICE: Final = 0.05
# How long an end may take before the user is told what it waits for, in seconds.
_SOON: Final = 0.5
_COLLECT: Final = (50_000, 20, 50)


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
        self._worker: Worker | None = None
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
        self._worker = Worker(self._app, ready.set)
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
        self._worker = Worker(self._app, ready.set)
        self._task = asyncio.ensure_future(self._worker.serve(self._sockets))
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

    def connection(self, *, gathers: bool = True) -> asyncio.Protocol:
        """The server's end of a connection, for a transport that is no socket. Call it on `loop`.

        `gathers`: its answers may wait a moment for those of others.
        """
        assert self._worker is not None
        return self._worker.connection(gathers=gathers)

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

    def _serve(self, worker: Worker, sockets: list[socket.socket], ready: threading.Event) -> None:
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
    tell: Callable[[str], None] = lambda line: None,
) -> int:
    """Serves `app` in the foreground until SIGTERM or SIGINT; returns the exit status.

    A signal stops listening and gives requests in flight `grace` seconds (0 is returned); a further SIGINT
    cuts them (130). `started` is called with the server's URL once requests are answered, `tell` with a line
    for the user where the end takes a while. Raises CannotListen. Call it from the main thread.
    """
    with contextlib.closing(listen(host, port)) as sock:
        url = url_of(host, int(sock.getsockname()[1]))
        return run_on(app, [sock], grace=grace, started=lambda: started(url), tell=tell)


def run_on(
    app: Any,
    sockets: list[socket.socket],
    *,
    grace: float,
    started: Callable[[], None] = lambda: None,
    opened: Callable[[Worker], Awaitable[None]] | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> int:
    """The same on sockets that listen already. `opened` is awaited on the loop, before the first connection
    is taken."""
    worker = Worker(app, started, grace, opened, tell)
    with _signals(worker), _unhurried_collector():
        _run_loop(worker, sockets)
    return 130 if worker.hurried else 0


class Worker:
    """One server on one event loop, from start to stop."""

    def __init__(
        self,
        app: Any,
        ready: Callable[[], None],
        grace: float = 0.0,
        opened: Callable[[Worker], Awaitable[None]] | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._opened = opened
        self._tell = tell
        self._app = app
        self._ready = ready
        self._grace = grace
        self.loop: asyncio.AbstractEventLoop | None = None
        self._service: Service | None = None
        self._stop: asyncio.Event | None = None
        self._idle: asyncio.Event | None = None
        self._stopping = False
        self.hurried = False

    @property
    def service(self) -> Service:
        """What its connections share, while it serves."""
        assert self._service is not None
        return self._service

    def connection(
        self, known: Connection | None = None, read: bytes = b"", *, gathers: bool = True
    ) -> HttpProtocol:
        """The protocol of a connection that somebody else has made, or used before and `read` that from;
        `gathers`: as for `Server.connection`."""
        return HttpProtocol(self.service, known, read, gathers=gathers)

    def stop(self, grace: float) -> None:
        """Ends the server from another thread."""
        self._grace = grace
        self.handle_signal(signal.SIGTERM, None)

    def end_now(self) -> None:
        """Ends the server without waiting for requests in flight; call it on its loop."""
        self._grace = 0.0
        self.handle_signal(signal.SIGTERM, None)

    def handle_signal(self, sig: int, frame: FrameType | None) -> None:
        """A first signal drains, a SIGINT after it does not wait."""
        if self._stopping and sig == signal.SIGINT:
            self.hurried = True
        self._stopping = True
        if self.loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has just closed: nothing left to wake
                self.loop.call_soon_threadsafe(self._wake)

    async def serve(self, sockets: list[socket.socket]) -> None:
        """Serves on sockets that listen, until told to stop. Raises RuntimeError for an application that does
        not start."""
        self.loop = loop = asyncio.get_running_loop()
        self._stop, self._idle = asyncio.Event(), asyncio.Event()
        direct = self._app if hasattr(self._app, "frames") else None
        service = self._service = Service(self._app, direct, loop, idle=self._idle.set)
        lifespan = None if direct is not None else Lifespan(self._app)
        if lifespan is not None:
            await lifespan.start()
        if self._opened is not None:
            await self._opened(self)
        servers = [await loop.create_server(self.connection, sock=sock, backlog=BACKLOG) for sock in sockets]
        if self._stopping:
            self._stop.set()
        self._ready()
        await self._stop.wait()
        for server in servers:
            server.close()
        await self._drain(service)
        if lifespan is not None:
            await lifespan.stop()

    async def _drain(self, service: Service) -> None:
        """Lets requests in flight end, then cuts them."""
        for connection in tuple(service.connections):
            connection.shutdown()  # an idle one closes now, a busy one after its answer
        soon = min(self._grace, _SOON)
        await self._quiet(service, soon)
        if self._grace > soon and service.connections and not self.hurried:
            self._tell(_stopping(len(service.connections), self._grace - soon))
        await self._quiet(service, self._grace - soon)
        for connection in tuple(service.connections):
            connection.abort()
        self.hurried, hurried = False, self.hurried
        await self._quiet(service, _NOTICE)
        self.hurried = hurried
        if service.tasks:
            for task in service.tasks:
                task.cancel()
            await asyncio.sleep(0)

    async def _quiet(self, service: Service, seconds: float) -> None:
        """Returns when no connection and no request is left, or after `seconds`, or when told to hurry."""
        assert self._idle is not None
        deadline = asyncio.get_running_loop().time() + seconds
        while (service.connections or service.tasks) and not self.hurried:
            self._idle.clear()
            left = deadline - asyncio.get_running_loop().time()
            try:
                await asyncio.wait_for(self._idle.wait(), left)
            except asyncio.TimeoutError:
                return

    def _wake(self) -> None:
        assert self._stop is not None
        assert self._idle is not None
        self._stop.set()
        self._idle.set()


def _stopping(connections: int, seconds: float) -> str:
    busy = "1 connection has" if connections == 1 else f"{connections} connections have"
    return f"stopping when {busy} had an answer, or in {seconds:g} s; Ctrl-C again stops at once"


def _run_loop(worker: Worker, sockets: list[socket.socket]) -> None:
    # Not asyncio.run: it would wait for computations that run in threads for a client that is gone.
    loop = _new_event_loop()
    try:
        loop.run_until_complete(worker.serve(sockets))
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
def _unhurried_collector() -> Iterator[None]:
    """What the server was made of is looked at no more; of what calls leave behind, most is gone by itself
    (the journal's records) before the garbage collector is to look for cycles in it."""
    before, enabled = gc.get_threshold(), gc.isenabled()
    gc.freeze()
    gc.set_threshold(*_COLLECT)
    gc.enable()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        if not enabled:
            gc.disable()


@contextlib.contextmanager
def _signals(worker: Worker) -> Iterator[None]:
    """SIGTERM and SIGINT go to `worker` while this lasts."""
    before = {sig: signal.signal(sig, worker.handle_signal) for sig in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)
