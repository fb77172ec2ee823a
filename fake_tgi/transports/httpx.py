"""For httpx and httpx2, and what is built on them: `httpx.Client(transport=fake.httpx_transport())`.

Answers are read as from a socket: streams are not buffered, and what goes wrong is raised as over a network.
Read timeouts also end on the fake's virtual clock. The asynchronous transport needs asyncio.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Final, Literal

from .lines import Lines, Pieces, asked_of
from .streams import IDLE, AsyncBackend, Backend
from .wires import Wires

__all__ = ["Library", "async_transport", "transport"]

Library = Literal["httpx", "httpx2"]

_CORES: Final[dict[str, str]] = {"httpx": "httpcore", "httpx2": "httpcore2"}
_SCHEMES: Final = ("http", "https", "ws", "wss")


def transport(wires: Wires, library: Library) -> Any:
    """A `BaseTransport` of that library, which must be installed."""
    return _blocking(library)(wires)


@cache
def _blocking(library: Library) -> Any:
    """The class of the transports for that library."""
    httpx, core = import_module(library), import_module(_CORES[library])

    class Body(httpx.SyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, pieces: Pieces) -> None:
            self._pieces = pieces

        def __iter__(self) -> Iterator[bytes]:
            with _raised_as(httpx, core):
                yield from self._pieces

        def close(self) -> None:
            self._pieces.close()

    class Transport(httpx.BaseTransport):  # type: ignore[misc, name-defined]
        """Sends everything to one fake."""

        def __init__(self, wires: Wires) -> None:
            self._lines = Lines(Backend(wires, core), core)

        def handle_request(self, request: Any) -> Any:
            stream = request.stream
            body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else None
            with _raised_as(httpx, core):
                if request.url.scheme not in _SCHEMES:  # httpcore has the words for that
                    core.ConnectionPool().handle_request(asked_of(core, request))
                answer = self._lines.ask(request, body)
            return httpx.Response(
                status_code=answer.status,
                headers=answer.headers,
                stream=Body(answer.pieces),
                extensions=answer.extensions,
            )

        def close(self) -> None:
            self._lines.close()

    return Transport


def async_transport(wires: Wires, library: Library) -> Any:
    """An `AsyncBaseTransport` of that library, which must be installed."""
    httpx, core = import_module(library), import_module(_CORES[library])

    class Body(httpx.AsyncByteStream):  # type: ignore[misc, name-defined]
        def __init__(self, answer: Any) -> None:
            self._pieces, self._line = answer.stream, answer.extensions["network_stream"]

        async def __aiter__(self) -> AsyncIterator[bytes]:
            with _raised_as(httpx, core):
                async for piece in self._pieces:
                    yield piece

        async def aclose(self) -> None:
            await self._pieces.aclose()
            self._line.get_extra_info(IDLE)

    class Transport(httpx.AsyncBaseTransport):  # type: ignore[misc, name-defined]
        """Sends everything to one fake."""

        def __init__(self) -> None:
            self._pool = core.AsyncConnectionPool(
                max_connections=None, network_backend=AsyncBackend(wires, core)
            )

        async def handle_async_request(self, request: Any) -> Any:
            with _raised_as(httpx, core):
                answer = await self._pool.handle_async_request(asked_of(core, request))
            return _answered(httpx, answer, Body(answer))

        async def aclose(self) -> None:
            await self._pool.aclose()

    return Transport()


def _answered(httpx: ModuleType, answer: Any, body: Any) -> Any:
    return httpx.Response(
        status_code=answer.status, headers=answer.headers, stream=body, extensions=answer.extensions
    )


@contextmanager
def _raised_as(httpx: ModuleType, core: ModuleType) -> Iterator[None]:
    """httpcore's exceptions as httpx's of the same names: the nearest that there is."""
    try:
        yield
    except Exception as error:
        for kind in type(error).__mro__:
            known = getattr(httpx, kind.__name__, None)
            if kind.__module__.partition(".")[0] == core.__name__ and known is not None:
                raise known(str(error)) from error
        raise
