"""For requests: an adapter to mount, `session.mount(fake.base_url, fake.requests_adapter())`.

urllib3 and http.client read the answer as from a socket: streams are not buffered, and what goes wrong is
raised as over a network. No proxy is used, and `https://` needs no certificate: nothing leaves the process.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager
from urllib3.connection import HTTPConnection

from .wires import BlockingEnd, Wires

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

__all__ = ["Adapter", "WireSocket"]

_TLS: Final = 443
# What urllib3 gives a pool, but for what concerns TLS and sockets.
_KEPT: Final = frozenset(("timeout", "maxsize", "block", "headers", "retries"))


class Adapter(HTTPAdapter):
    """Sends everything that it is mounted for to one fake. `arguments` are those of requests' HTTPAdapter."""

    def __init__(self, wires: Wires, **arguments: Any) -> None:
        self._wires = wires
        super().__init__(**arguments)

    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any
    ) -> None:
        manager = PoolManager(num_pools=connections, maxsize=maxsize, block=block, **pool_kwargs)
        pool: Any = partial(_Pool, self._wires)
        manager.pool_classes_by_scheme = {"http": pool, "https": pool}
        self.poolmanager = manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """There is no certificate."""

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        """As requests' own, but without proxies."""
        return super().send(request, stream=stream, timeout=timeout, verify=verify, cert=cert, proxies=None)


class _Pool(HTTPConnectionPool):
    def __init__(self, wires: Wires, host: str, port: int | None = None, **arguments: Any) -> None:
        kept = {name: value for name, value in arguments.items() if name in _KEPT}
        super().__init__(host, port, **kept)
        self.ConnectionCls = partial(_Connection, wires)  # type: ignore[assignment]  # it is only called


class _Connection(HTTPConnection):
    def __init__(self, wires: Wires, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._wires = wires
        if self.port == _TLS:
            self.default_port = _TLS  # type: ignore[misc]  # it stays out of the host header

    def connect(self) -> None:
        wire = WireSocket(self._wires)
        wire.settimeout(self.timeout if isinstance(self.timeout, (int, float)) else None)
        self.sock = wire  # as much of a socket as http.client uses

    @property
    def is_connected(self) -> bool:
        """Whether the server has not closed it yet: urllib3 asks before it uses a kept connection again."""
        wire: Any = self.sock
        return wire is not None and not wire.readable


class WireSocket:
    """As much of a socket as clients made of http.client use, over a connection in memory."""

    def __init__(self, wires: Wires) -> None:
        self._end = BlockingEnd(wires)
        self._timeout: float | None = None
        self._readers = 0
        self._shut = False

    @property
    def readable(self) -> bool:
        """Whether there is something to read, or an end."""
        return self._end.inbox.readable

    def settimeout(self, value: float | None) -> None:
        """Seconds that a read may wait."""
        self._timeout = value

    def gettimeout(self) -> float | None:
        """What was set."""
        return self._timeout

    def setsockopt(self, *arguments: Any) -> None:
        """Changes nothing."""

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Sends all of it. Raises OSError."""
        self._end.send(data)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Waits for bytes; 0 at the end. Raises TimeoutError, and OSError as sockets do."""
        room = memoryview(buffer).cast("B")
        data = self._end.receive(nbytes or len(room), self._timeout)
        room[: len(data)] = data
        return len(data)

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        """The same as bytes."""
        return self._end.receive(bufsize, self._timeout)

    def makefile(self, mode: str = "rb", buffering: int | None = None, **named: Any) -> io.BufferedReader:
        """A reader that keeps the connection open as long as it is open itself, as a socket's does."""
        self._readers += 1
        return io.BufferedReader(socket.SocketIO(self, "rb"))  # type: ignore[arg-type]  # it asks for no more

    def fileno(self) -> int:
        """None, but for libraries that only show it."""
        return -1

    def shutdown(self, how: int) -> None:
        """Wakes whoever reads, and tells the server. Raises OSError when it is closed already."""
        if self._end.closed:
            raise OSError(107, "Transport endpoint is not connected")
        self._end.close()

    def close(self) -> None:
        """Closes it, once nobody reads any more."""
        self._shut = True
        if self._readers <= 0:
            self._end.close()

    def _decref_socketios(self) -> None:
        """Called by `socket.SocketIO` when it is closed."""
        self._readers -= 1
        self._end.rest()
        if self._shut:
            self.close()
