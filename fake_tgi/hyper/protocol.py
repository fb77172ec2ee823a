"""One connection: requests are read as hyper reads them, and answered one after the other.

An application that knows frames (`Direct`) is asked for them at once and played by playing.py; any other, and
its own paths that are not made of frames, are ASGI's (asgi.py). A request behind one that is being answered
waits; a body that nobody wants is not asked for, and ends the connection unless it is there and not long.
A plain request whose head is known, and that is all that has come, is answered without these questions.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import field
from typing import Any, Final, Protocol

from ..call import Call
from ..clock import Later
from ..connection import Connection
from ..frames import Frame, Whole
from ..quick_values import dataclass
from .asgi import AsgiCall
from .ending import part, reset
from .outbox import Outbox
from .playing import Playing
from .request_body import Body, BrokenBody, Chunked, Sized
from .request_head import SHORT, Heads, Refused, RequestHead
from .response_head import CONTINUE, Dates, refused

__all__ = ["Direct", "HttpProtocol", "Service"]

_HELD: Final = 65_536
"""Bytes of further requests that are read while one is being answered."""


class Direct(Protocol):
    """An application that answers in frames."""

    clock: Callable[[], float]
    later: Later
    payload_limit: int
    coalesce: bool

    def direct(self, path: str) -> bool:
        """Whether this path is answered in frames; always the same for the same path."""

    def needs_body(self, call: Call) -> bool:
        """Whether the answer depends on the body of `call`, which is not there yet."""

    def frames(self, call: Call) -> Whole | Iterator[Frame]:
        """The answer."""


@dataclass(slots=True)
class Service:
    """What the connections of one server share."""

    app: Any
    direct: Direct | None
    loop: asyncio.AbstractEventLoop
    heads: Heads = field(init=False)
    dates: Dates = field(default_factory=Dates)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    connections: set[HttpProtocol] = field(default_factory=set)
    outbox: Outbox = field(init=False)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    idle: Callable[[], None] = lambda: None
    """Called whenever a connection or a task has ended."""
    pass_on: Callable[[HttpProtocol, str, bytes], bool] | None = None
    """Whether somebody else has taken the connection, to answer a request for this path and all behind it.
    Asked between requests, with all that was read from this one on."""

    def __post_init__(self) -> None:
        self.heads = Heads() if self.direct is None else Heads(self.direct.direct)
        self.outbox = Outbox(self.loop, self.connections)


class HttpProtocol(asyncio.Protocol):
    """Speaks HTTP/1 with one client; of what it says, `read` was read before. `gathers`: its answers may wait
    for those of others (outbox.py)."""

    __slots__ = (
        "_asgi",
        "_body",
        "_busy",
        "_head",
        "_held",
        "_keep",
        "_pieces",
        "_plain",
        "_playing",
        "_reading",
        "_seen",
        "_service",
        "_size",
        "bare",
        "connection",
        "dates",
        "loop",
        "outbox",
        "writable",
    )

    def __init__(
        self,
        service: Service,
        connection: Connection | None = None,
        read: bytes = b"",
        *,
        gathers: bool = True,
    ) -> None:
        self._service = service
        self.loop = service.loop
        self.dates = service.dates
        self.connection = connection or Connection(next(service.numbers))
        self.outbox = service.outbox if gathers else Outbox(service.loop, ())
        self.bare: Any = None
        self.writable = True
        direct = service.direct
        self._playing: Playing | None = None
        if direct is not None:
            self._playing = Playing(self, direct.clock, direct.later, coalesce=direct.coalesce)
        self._asgi: AsgiCall | None = None
        self._plain = service.heads.plain
        self._busy = False
        self._reading = False
        self._keep = True
        """False once no further request is to be read."""
        self._held = read
        self._seen = -1 if connection is None else 0
        """Bytes of a head that have been looked at; -1 when nothing ever was."""
        self._head: RequestHead | None = None
        """Of the request whose body is being read."""
        self._body: Body | None = None
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def transport(self) -> Any:
        """The transport. What is done to it comes behind everything that waits to be written."""
        if self.outbox.waiting:
            self.outbox.flush()
        return self.bare

    # What the transport calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.bare = transport
        self._service.connections.add(self)
        if self._held:
            self.loop.call_soon(self.data_received, b"")

    def data_received(self, data: bytes) -> None:
        if not self._held and not self._busy and self._body is None and self._keep:
            end = data.find(b"\r\n\r\n") + 4
            head = self._plain.get(data[:end])
            if head is not None and len(data) - end == head.length:  # a plain request and nothing else
                self._seen = 0
                pass_on = self._service.pass_on
                if pass_on is None or not pass_on(self, head.path, data):
                    self._answer(head, data[end:])
                return
        if self._held:
            data = self._held + data
            self._held = b""
        self._read(data)

    def eof_received(self) -> bool | None:
        """A client that closes its side before its body is complete is told so, and only then."""
        if self.outbox.waiting:
            self.outbox.flush()  # the transport may be closed behind this
        if self._body is not None and (self._head is not None or self._asgi is not None):
            self._break_off()
            return True  # keeps our side open for the answer
        self.connection.left()
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        if self.outbox.waiting:
            self.outbox.flush()
        if exc is not None:
            self.connection.left(reset=True)
        self.connection.lost()
        self._keep = False
        self._held = b""
        self._head = self._body = None
        if self._playing is not None:
            self._playing.lost()
        if self._asgi is not None:
            self._asgi.lost()
        self._service.connections.discard(self)
        self._service.idle()

    def pause_writing(self) -> None:
        self.writable = False
        self.connection.pause()

    def resume_writing(self) -> None:
        self.writable = True
        self.connection.resume()
        if self._asgi is not None:
            self._asgi.resume()
        elif self._playing is not None:
            self._playing.resume()

    # What an answer calls

    def ended(self, keep: bool) -> None:
        """The answer is out; `keep` says whether the connection may go on."""
        self._busy = False
        self._asgi = None
        if self._body is not None:  # there is more of the body than anybody wanted
            self._body = None
            self._keep = False
            part(self.loop, self.transport)
        elif not (keep and self._keep):
            self._close()
        elif not self._reading and self._held:
            self.transport.resume_reading()
            held, self._held = self._held, b""
            self._read(held)

    def hang_up(self, how: str) -> None:
        """Ends the connection: "close" behind what was sent, "reset" at once and with a TCP reset."""
        self._keep = False
        if how == "reset":
            reset(self.loop, self.transport)
        else:
            self.transport.close()

    # What the server calls

    def shutdown(self) -> None:
        """Ends now where nothing is being answered, or behind the answer."""
        self._keep = False
        if not self._busy and self._head is None:
            self._close()

    def leave(self) -> None:
        """The connection goes on, but not here."""
        self._keep = False
        self.connection.event = None  # it has not ended for the call before
        self.transport.abort()

    def abort(self) -> None:
        """Ends at once."""
        self.transport.abort()

    # Reading

    def _read(self, data: bytes) -> None:
        """Reads what has come, one request after the other."""
        self._reading = True
        service = self._service
        while data and (self._keep or self._body is not None):
            if self._body is not None:
                data = self._more(self._body, data)
                if self._body is not None:
                    break
            elif self._busy:
                if len(data) > _HELD:
                    self.transport.pause_reading()
                break
            else:
                try:
                    found = service.heads.read(data, self._seen)
                except Refused as refusal:
                    self._refuse(refusal.status)
                    break
                if found is None:
                    self._seen = len(data)
                    break
                self._seen = 0
                head, end = found
                if service.pass_on is not None and service.pass_on(self, head.path, data):
                    break
                data = self._begin(head, data[end:], end)
                if data and self.outbox.waiting:
                    self.outbox.flush()  # whether its client reads is to be known before the next one
        self._held = data if self._keep else b""
        self._reading = False

    def _begin(self, head: RequestHead, data: bytes, size: int) -> bytes:
        """Takes up a request, with what has come behind its head of `size` bytes; returns what is behind the
        request."""
        service, length = self._service, head.length
        direct = service.direct
        if direct is None or not direct.direct(head.path):
            self._busy = True
            self._body = None if length == 0 else Chunked() if length is None else Sized(length)
            self._asgi = AsgiCall(self, service.app, head, service.tasks, service.idle)
            return data if self._body is None else self._more(self._body, data)
        if length is not None and length <= len(data):
            if head.expects and length:
                self.transport.write(CONTINUE)
            body, data = (data, b"") if length == len(data) else (data[:length], data[length:])
            if length > SHORT and length + size > Sized.drained and not self._needs_body(direct, head):
                self._answer(head, body, keep=False)
            else:
                self._answer(head, body)
            return data
        self._body = coming = Chunked() if length is None else Sized(length)
        self._pieces, self._size = [], 0
        if not self._needs_body(direct, head):
            self._head = None
            left = self._more(coming, data)
            drained = coming.done and size + len(data) - len(left) <= coming.drained
            self._answer(head, b"", keep=drained, unread=True)
            return left
        self._head = head
        if head.expects:
            self.transport.write(CONTINUE)
        return self._more(self._body, data)

    def _needs_body(self, direct: Direct, head: RequestHead) -> bool:
        return direct.needs_body(Call(head.method, head.path, head.headers, query=head.query))

    def _more(self, body: Body, data: bytes) -> bytes:
        """Takes what `data` has of the body; returns what is left over."""
        try:
            piece, data = body.feed(data)
        except BrokenBody:
            self._break_off()
            return b""
        if body.done:
            self._body = None
            if body.last:
                self._keep = False
        if self._asgi is not None:
            self._asgi.feed(piece, more=not body.done)
        elif self._head is not None:
            direct = self._service.direct
            assert direct is not None
            self._pieces.append(piece)
            self._size += len(piece)
            if body.done or self._size > direct.payload_limit:
                head, self._head = self._head, None
                pieces, self._pieces = self._pieces, []
                self._answer(head, b"".join(pieces), keep=body.done, unread=not body.done)
        return data

    def _break_off(self) -> None:
        """The body ends here; the application learns of it and still answers."""
        self._keep = False
        self._body = None
        head, self._head = self._head, None
        if self._asgi is not None:
            self._asgi.break_off()
        elif head is not None and self._service.direct is not None:
            self._pieces = []
            self._answer(head, b"", broken=True)

    def _answer(
        self,
        head: RequestHead,
        body: bytes,
        *,
        keep: bool = True,
        broken: bool = False,
        unread: bool = False,
    ) -> None:
        direct, playing = self._service.direct, self._playing
        assert direct is not None
        assert playing is not None
        direct.later.catch_up()  # to make an answer takes longer than to send a token that is due
        call = Call(
            head.method,
            head.path,
            head.headers,
            body,
            head.query,
            direct.clock(),
            broken,
            unread,
            self.connection,
        )
        answer = direct.frames(call)
        if isinstance(answer, Whole):
            if keep and self._keep and head.plain and playing.send(answer):
                return
            answer = iter(answer)
        self._busy = True
        playing.play(answer, head, keep and self._keep and head.keep_alive)

    def _refuse(self, status: int) -> None:
        self._keep = False
        self.transport.write(refused(status, self.dates.line()))
        part(self.loop, self.transport)

    def _close(self) -> None:
        self._keep = False
        self.transport.close()
