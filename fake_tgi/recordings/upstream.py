"""The real server behind a recorder: what is sent to it and how its answer comes in, chunk by chunk.

Nothing is added to a request and nothing left out, but what belongs to the connection itself; the answer
comes undecoded, unredirected, without a time limit. The only module of the fake that knows aiohttp.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import unquote

import aiohttp
from yarl import URL

from ..hop_headers import HOP_HEADERS
from ..upstream_url import split_upstream

__all__ = ["Answer", "Upstream", "UpstreamDied", "UpstreamError"]

# The body is sent as a whole, to another host; and a compressed answer could not be searched for secrets.
_OURS: Final = HOP_HEADERS | {"host", "content-length", "accept-encoding", "expect"}
_LONGEST_HEADER: Final = 65_536


_CLOSED: Final = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, ConnectionError)


async def _used_again(session: object, way: Any, details: object) -> None:
    way.trace_request_ctx["again"] = True


class UpstreamError(Exception):
    """The server cannot be reached, or what it says is no HTTP."""


class UpstreamDied(Exception):
    """The answer ended before it was complete."""


class Upstream:
    """A server by its URL; a path in the URL goes before that of each request.

    Raises ValueError for what is no http or https URL. Use it on one event loop; `close` it there.
    """

    def __init__(self, url: str) -> None:
        parts = split_upstream(url)
        user, at, host = parts.netloc.rpartition("@")
        self._base = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
        self._basic = f"Basic {b64encode(unquote(user).encode()).decode()}" if at else None
        self._session: aiohttp.ClientSession | None = None

    @property
    def url(self) -> str:
        """The server's URL without user and password."""
        return self._base

    async def ask(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes | None
    ) -> Answer:
        """Sends a request; returns when the head of the answer is in. Raises UpstreamError.

        A kept connection may be closed by the server just as it is used again: the request was not read
        then, and is sent once more on a new one.
        """
        if self._session is None:
            told = aiohttp.TraceConfig()
            told.on_connection_reuseconn.append(_used_again)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
                skip_auto_headers=("accept", "user-agent", "content-type"),
                max_line_size=_LONGEST_HEADER,
                max_field_size=_LONGEST_HEADER,
                trace_configs=[told],
            )
        sent = [(name, value) for name, value in headers if name not in _OURS]
        sent.append(("accept-encoding", "identity"))
        if self._basic is not None and not any(name == "authorization" for name, _ in headers):
            sent.append(("authorization", self._basic))
        while True:
            way: dict[str, bool] = {}
            try:
                response = await self._session.request(
                    method,
                    URL(self._base + target, encoded=True),
                    headers=sent,
                    data=body,
                    allow_redirects=False,
                    trace_request_ctx=way,
                )
            except (aiohttp.ClientError, OSError, ValueError) as error:
                if way.get("again") and isinstance(error, _CLOSED):
                    continue
                raise UpstreamError(f"{self._base}: {_reason(error)}") from error
            break
        return Answer(response)

    async def close(self) -> None:
        """Closes its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _reason(error: Exception) -> str:
    """Why there is no answer, in the system's words where it has some."""
    if isinstance(error, aiohttp.ClientConnectorError):
        inner = error.os_error
        # asyncio puts words of its own in the place of the system's
        known = inner.errno is not None and inner.errno > 0
        return f"cannot be reached: {os.strerror(inner.errno or 0) if known else inner.strerror}"
    return str(error) or type(error).__name__


class Answer:
    """An answer whose head is in. `headers` are as sent, names in lower case."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers: tuple[tuple[str, str], ...] = tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in response.raw_headers
        )
        self.chunked = any(
            name == "transfer-encoding" and "chunked" in value.lower() for name, value in self.headers
        )

    async def pieces(self) -> AsyncIterator[tuple[bytes, bool]]:
        """The body as it comes, and whether a piece ends an HTTP chunk.

        Raises UpstreamDied, but not before everything is handed out that came until then.
        """
        content = self._response.content
        if content.at_eof():  # no body: all such answers share one reader, which ends its chunks only once
            return
        try:
            async for piece in content.iter_chunks():
                yield piece
        except (aiohttp.ClientError, OSError) as error:
            # aiohttp raises at once and leaves what it has not handed out yet; there is no door to it.
            content._exception = None
            content.feed_eof()
            async for piece in content.iter_chunks():
                yield piece
            raise UpstreamDied(str(error) or type(error).__name__) from error

    def close(self) -> None:
        """Ends the connection if the answer is not complete. Idempotent."""
        self._response.close()
