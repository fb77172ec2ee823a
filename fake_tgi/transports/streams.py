"""Connections in memory as httpcore asks for them: its backends and streams, blocking and awaited.

httpcore and httpcore2 ask for the same; `errors` is the one of the two whose exceptions are raised.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from .wires import AsyncEnd, BlockingEnd, ClientEnd, Wires

__all__ = ["IDLE", "AsyncBackend", "Backend"]

IDLE: Final = "fake_tgi.idle"
"""See `get_extra_info`."""


class Backend:
    """A network that has one fake in it, wherever one connects to."""

    def __init__(self, wires: Wires, errors: ModuleType) -> None:
        self._wires = wires
        self._errors = errors

    def connect_tcp(self, host: str, port: int, *arguments: Any, **named: Any) -> _Stream:
        """A new connection. Raises httpcore's ConnectError while the fake is not running."""
        try:
            return _Stream(BlockingEnd(self._wires), self._errors)
        except OSError as error:
            raise self._errors.ConnectError(str(error)) from error

    def sleep(self, seconds: float) -> None:
        """Between attempts to connect."""
        from time import sleep

        sleep(seconds)


class AsyncBackend:
    """The same for asyncio."""

    def __init__(self, wires: Wires, errors: ModuleType) -> None:
        self._wires = wires
        self._errors = errors

    async def connect_tcp(self, host: str, port: int, *arguments: Any, **named: Any) -> _AsyncStream:
        """A new connection. Raises httpcore's ConnectError while the fake is not running.

        RuntimeError where no asyncio loop runs, as under trio.
        """
        try:
            return _AsyncStream(AsyncEnd(self._wires), self._errors)
        except OSError as error:
            raise self._errors.ConnectError(str(error)) from error

    async def sleep(self, seconds: float) -> None:
        """Between attempts to connect."""
        from asyncio import sleep

        await sleep(seconds)


class _Either:
    """What both kinds of stream have."""

    def __init__(self, end: ClientEnd, errors: ModuleType) -> None:
        self._client_end = end
        self._errors = errors

    def get_extra_info(self, info: str) -> Any:
        """httpcore asks an idle connection whether it is readable, which means that it was closed.

        Asked for `IDLE`, whoever asks says that the answer has been read.
        """
        if info == IDLE:
            self._client_end.rest()
            return None
        return self._client_end.inbox.readable if info == "is_readable" else None

    @contextmanager
    def _as_httpcore_says(self, timed_out: type[Exception], failed: type[Exception]) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise timed_out(str(error)) from error
        except OSError as error:
            raise failed(str(error)) from error


class _Stream(_Either):
    def __init__(self, end: BlockingEnd, errors: ModuleType) -> None:
        super().__init__(end, errors)
        self._end = end

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._as_httpcore_says(self._errors.ReadTimeout, self._errors.ReadError):
            return self._end.receive(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._as_httpcore_says(self._errors.WriteTimeout, self._errors.WriteError):
            self._end.send(buffer)

    def start_tls(self, *arguments: Any, **named: Any) -> _Stream:
        """Nothing leaves the process: there is nothing to hide."""
        return self

    def close(self) -> None:
        self._end.close()


class _AsyncStream(_Either):
    def __init__(self, end: AsyncEnd, errors: ModuleType) -> None:
        super().__init__(end, errors)
        self._end = end

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with self._as_httpcore_says(self._errors.ReadTimeout, self._errors.ReadError):
            return await self._end.receive(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        with self._as_httpcore_says(self._errors.WriteTimeout, self._errors.WriteError):
            self._end.send(buffer)

    async def start_tls(self, *arguments: Any, **named: Any) -> _AsyncStream:
        """Nothing leaves the process: there is nothing to hide."""
        return self

    async def aclose(self) -> None:
        self._end.close()
