"""For aiohttp: `aiohttp.ClientSession(connector=fake.aiohttp_connector())`, made where an event loop runs.

aiohttp's own parser reads the answer as from a socket: streams are not buffered, and what goes wrong is
raised as over a network. Its timeouts are real time, whatever the fake's clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, cast

import aiohttp

from .wires import ClientEnd, Wires, weakly

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler

__all__ = ["Connector"]

_MUCH: Final = 262_144
_SETTLE: Final = 8


class Connector(aiohttp.BaseConnector):
    """Leads to one fake, whatever the host. `arguments` are those of aiohttp's BaseConnector."""

    allowed_protocol_schema_set = frozenset(("", "http", "https"))

    def __init__(self, wires: Wires, **arguments: Any) -> None:
        super().__init__(**arguments)
        self._wires = wires

    async def _create_connection(self, req: Any, traces: Any, timeout: Any) -> ResponseHandler:
        protocol = self._factory()
        try:
            _Transport(self._wires, protocol)
        except OSError as error:
            raise aiohttp.ClientConnectorError(req.connection_key, error) from error
        return protocol


class _Transport(asyncio.Transport):
    """What aiohttp's protocol of a response writes to, and is fed by."""

    def __init__(self, wires: Wires, protocol: asyncio.Protocol) -> None:
        super().__init__({"peername": ("127.0.0.1", 80)})
        self._loop = asyncio.get_running_loop()
        self._protocol = protocol
        self._end = ClientEnd(wires)
        self._paused = self._lost = self._closing = False
        self._end.inbox.told = weakly(self._told)
        protocol.connection_made(self)
        self._told()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing and data:
            try:
                self._end.send(bytes(data))
            except OSError as error:
                self._loop.call_soon(self._lose, error)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        return False

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._end.close()
            self._loop.call_soon(self._lose, None)

    def abort(self) -> None:
        self.close()

    def is_closing(self) -> bool:
        return self._closing

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        if self._paused:
            self._paused = False
            self._loop.call_soon(self._deliver)

    def is_reading(self) -> bool:
        return not self._paused and not self._closing

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing waits to be written."""

    def get_protocol(self) -> asyncio.BaseProtocol:
        return cast(asyncio.BaseProtocol, self._protocol)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = cast(asyncio.Protocol, protocol)

    def _told(self) -> None:
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the client's loop has ended
            pass

    def _deliver(self) -> None:
        """Hands over what has come, as far as the protocol wants it."""
        if self._end.virtual:
            self._loop.call_soon(self._settle, _SETTLE)
        while not (self._paused or self._closing):
            try:
                data = self._end.inbox.take(_MUCH)
            except OSError as error:
                self._lose(error)
                return
            if data is None:
                return
            if data:
                self._protocol.data_received(data)
            else:
                if not self._protocol.eof_received():
                    self.close()
                return

    def _settle(self, turns: int) -> None:
        """Whoever reads has some turns of the loop to act on what came."""
        if turns:
            self._loop.call_soon(self._settle, turns - 1)
        else:
            self._end.rest()

    def _lose(self, error: Exception | None) -> None:
        if not self._lost:
            self._lost = self._closing = True
            self._end.close()
            self._protocol.connection_lost(error)
