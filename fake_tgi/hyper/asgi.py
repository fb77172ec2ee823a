"""A request for an ASGI application: scope, receive and send, on a connection that somebody else reads.

An application that raises, or that ends without an answer, is a bug: it is told, and its client gets a 500 or
the end of the connection.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, Protocol
from urllib.parse import unquote

from ..call import BROKEN_BODY
from ..connection import CONNECTION, Connection
from ..player import HANG_UP, Message
from .playing import BUG, Line
from .request_head import RequestHead
from .response_head import CONTINUE, status_line

__all__ = ["AsgiCall", "AsgiLine"]

_HELD: Final = 65_536
"""Bytes of a body that wait for the application before no more are read."""
_log = logging.getLogger(__name__)


class AsgiLine(Line, Protocol):
    """A connection, as far as a call needs it."""

    connection: Connection


class AsgiCall:
    """One request and its answer. The application runs as a task in `tasks`; `ended` is called behind it."""

    def __init__(
        self,
        line: AsgiLine,
        app: Any,
        head: RequestHead,
        tasks: set[asyncio.Task[None]],
        ended: Callable[[], None],
    ) -> None:
        self._line = line
        self._app = app
        self._head = head
        self._tasks = tasks
        self._ended = ended
        self._body = bytearray()
        self._more = head.length != 0
        self._expected = head.expects and self._more
        self._news = asyncio.Event()
        self._drained: asyncio.Future[None] | None = None
        self._gone = False
        self._status: int | None = None
        self._complete = False
        self._chunked = False
        self._left: int | None = None
        self._keep = head.keep_alive
        self._news.set()
        self._scope = self._make_scope()
        task = line.loop.create_task(self._run())
        tasks.add(task)

    # What the connection tells

    def feed(self, data: bytes, *, more: bool) -> None:
        """A piece of the body; `more` says that it was not the last one."""
        self._body += data
        self._more = more
        if len(self._body) > _HELD and more:
            self._line.transport.pause_reading()
        self._news.set()

    def break_off(self) -> None:
        """The body ends before its end."""
        self._scope["extensions"][BROKEN_BODY] = {}
        self._more = self._keep = False
        self._news.set()

    def lost(self) -> None:
        """The client has left."""
        self._gone = True
        self._news.set()
        self.resume()

    def resume(self) -> None:
        """The client reads again."""
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    # What the application is given

    def _make_scope(self) -> dict[str, Any]:
        head, transport = self._head, self._line.transport
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.0" if head.old else "1.1",
            "method": head.method,
            "scheme": "http",
            "path": unquote(head.path),
            "raw_path": head.path.encode("ascii"),
            "query_string": head.query.encode("ascii"),
            "root_path": "",
            "headers": list(head.headers),
            "client": _address(transport.get_extra_info("peername")),
            "server": _address(transport.get_extra_info("sockname")),
            "state": {},
            "extensions": {HANG_UP: self._hang_up, CONNECTION: self._line.connection},
        }

    async def _receive(self) -> Message:
        if self._expected:
            self._expected = False
            self._line.transport.write(CONTINUE)
        while not (self._gone or self._complete):
            if self._body or self._news.is_set():
                break
            self._line.transport.resume_reading()
            await self._news.wait()
        self._news.clear()
        if self._gone or self._complete:
            return {"type": "http.disconnect"}
        body = bytes(self._body)
        self._body.clear()
        return {"type": "http.request", "body": body, "more_body": self._more}

    async def _send(self, message: Message) -> None:
        if not self._line.writable and not self._gone:
            self._drained = self._line.loop.create_future()
            await self._drained
        if self._gone:
            return
        if self._status is None:
            if message["type"] != "http.response.start":
                raise RuntimeError(f"expected http.response.start, got {message['type']}")
            self._start(message)
        elif self._complete or message["type"] != "http.response.body":
            raise RuntimeError(f"expected {'nothing more' if self._complete else 'a body'}, got {message}")
        else:
            self._send_body(message.get("body", b""), message.get("more_body", False))

    def _hang_up(self, how: str) -> None:
        self._gone = True  # or the end of the answer would be missed
        self._line.hang_up(how)

    # How it is sent

    def _start(self, message: Message) -> None:
        head = self._head
        self._status = status = message["status"]
        self._expected = False
        lines = [status_line(status, head.old)]
        for name, value in message.get("headers", ()):
            name = name.lower()
            if name == b"content-length":
                self._left = int(value)
            elif name == b"transfer-encoding":
                self._chunked = value.lower() == b"chunked"
            elif name == b"connection" and b"close" in value.lower():
                self._keep = False
            lines.append(b"%b: %b" % (name, value))
        bodiless = head.method == "HEAD" or status in (204, 304)
        unending = self._left is None and not self._chunked and not bodiless
        if unending and not head.old:
            self._chunked = True
            lines.append(b"transfer-encoding: chunked")
        if not head.keep_alive and not head.old:
            lines.append(b"connection: close")
        elif head.old and self._keep:
            lines.append(b"connection: keep-alive")
        if unending and head.old:
            self._keep = False  # nothing but the end of the connection ends such a body, whatever was said
        if bodiless:
            self._left = None
        self._line.transport.write(b"\r\n".join(lines) + self._line.dates.line())

    def _send_body(self, data: bytes, more: bool) -> None:
        bodiless = self._head.method == "HEAD"
        if bodiless:
            data = b""
        elif self._chunked:
            data = b"%X\r\n%b\r\n" % (len(data), data) if data else b""
            if not more:
                data += b"0\r\n\r\n"
        elif self._left is not None:
            self._left -= len(data)
            if self._left < 0:
                raise RuntimeError("the body is longer than its content-length")
        if data:
            self._line.transport.write(data)
        if not more:
            if self._left:
                raise RuntimeError("the body is shorter than its content-length")
            self._complete = True
            self._news.set()
            self._line.ended(self._keep)

    async def _run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
            if not (self._complete or self._gone):
                raise RuntimeError("the application ended without an answer, or in the middle of one")
        except Exception as error:
            _log.error("an application raised", exc_info=error)
            if not self._gone and not self._complete:
                self._fail()
        except asyncio.CancelledError:
            if not self._gone and not self._complete:
                self._fail()
        finally:
            task = asyncio.current_task(self._line.loop)
            if task is not None:
                self._tasks.discard(task)
            self._ended()

    def _fail(self) -> None:
        self._complete = True
        if self._status is None:
            self._line.transport.write(BUG % self._line.dates.line())
        self._line.ended(False)


def _address(name: Any) -> tuple[str, int] | tuple[str, None] | None:
    if isinstance(name, (tuple, list)):
        return str(name[0]), int(name[1])
    return (name, None) if isinstance(name, str) and name else None
