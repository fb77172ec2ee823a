"""Plays frames onto a connection: what player.py does for ASGI, with nothing in between.

A frame is one write, and a head or an end goes out with the frame beside it; each part of a frame is an HTTP
chunk of its own, so that the bytes are the same as from a write for each. Nothing is held back behind a Wait.
Waiting is an alarm and no task; a client that leaves closes the frames, which gives back what they hold. For
a token of a paced stream there is one alarm and one write, and a late stream catches up one token at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Generator, Iterator
from typing import Any, Final, Protocol

from ..clock import Handle, Later
from ..frames import Body, Chunks, Frame, Hangup, Head, Paced, PrintedHead, Wait, Whole, Work
from ..player import KEEP_ALIVE_INTERVAL
from ..sse import KEEP_ALIVE
from .outbox import Outbox
from .request_head import RequestHead
from .response_head import Dates, status_line

__all__ = ["BUG", "Line", "Playing"]

BUG: Final = (
    b"HTTP/1.1 500 Internal Server Error\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
    b"content-length: 21%b" + b"Internal Server Error"
)
"""The answer of an application that raises; the end of the head goes into it."""

_CHUNK: Final = b"%X\r\n%b\r\n"
_END: Final = b"0\r\n\r\n"
_log = logging.getLogger(__name__)


class Line(Protocol):
    """A connection, as far as an answer needs it."""

    bare: asyncio.Transport
    """Its transport, for who looks after `outbox` first."""
    outbox: Outbox
    loop: asyncio.AbstractEventLoop
    dates: Dates
    writable: bool

    @property
    def transport(self) -> asyncio.Transport:
        """The same, when everything that waits in `outbox` is written."""

    def ended(self, keep: bool) -> None:
        """The answer is out; `keep` says whether the connection may go on."""

    def hang_up(self, how: str) -> None:
        """Ends the connection: "close" behind what was sent, "reset" without it."""


class Playing:
    """The answers of one connection, one after the other. `coalesce`: the parts of a frame share a chunk."""

    __slots__ = (
        "_alarm",
        "_begun",
        "_chunked",
        "_clock",
        "_coalesce",
        "_frames",
        "_head",
        "_keep",
        "_later",
        "_left",
        "_line",
        "_paced",
        "_unsent",
        "_waiting",
    )

    def __init__(
        self, line: Line, clock: Callable[[], float], later: Later, *, coalesce: bool = False
    ) -> None:
        self._line = line
        self._clock = clock
        self._coalesce = coalesce
        self._later = later
        self._frames: Iterator[Frame] | None = None
        self._head: RequestHead
        self._keep = True
        self._begun = False
        self._chunked = False
        self._left = 0
        """Bytes that the answer still owes, where a number was promised."""
        self._unsent = b""
        self._waiting: Wait | None = None
        self._paced: Paced | None = None
        self._alarm: Handle | None = None

    def send(self, answer: Whole) -> bool:
        """Sends an answer that is all there, to a plain request whose connection is kept; it is over then.

        False: it has to be played.
        """
        head, body, line = answer.head, answer.body, self._line
        if not isinstance(head, PrintedHead) or head.status != 200 or not line.writable:
            return False
        outbox, length = line.outbox, head.length
        date = line.dates.last if outbox.waiting else line.dates.line()
        if isinstance(body, Body):
            data = body.data
            if length != len(data):
                return False
            out = b"HTTP/1.1 200 OK\r\n%b\r\ncontent-length: %d%b%b" % (head.lines, length, date, data)
        elif length is None:
            chunks = self._in_chunks(body.parts)
            out = b"HTTP/1.1 200 OK\r\n%b\r\ntransfer-encoding: chunked%b%b%b" % (
                head.lines, date, chunks, _END,
            )  # fmt: skip
        else:
            return False
        outbox.put(line.bare, out)
        return True

    def _in_chunks(self, parts: tuple[bytes, ...]) -> bytes:
        if self._coalesce:
            parts = (b"".join(parts),)
        parts = tuple(filter(None, parts))
        return b"".join(map(_CHUNK.__mod__, zip(map(len, parts), parts, strict=True)))

    def play(self, frames: Iterator[Frame], head: RequestHead, keep: bool) -> None:
        """Begins the answer to a request with this head; `line.ended` tells when it is over.

        `keep`: the connection may be kept.
        """
        self._frames = frames
        self._head = head
        self._keep = keep
        self._begun = self._chunked = False
        self._left = 0
        self._go()

    def lost(self) -> None:
        """The client has left."""
        frames = self._stop()
        if isinstance(frames, Generator):
            frames.close()

    def resume(self) -> None:
        """The client reads again."""
        if self._frames is not None and self._alarm is None:
            if self._paced is not None:
                out, self._unsent = self._unsent, b""
                self._pace(out)
            else:
                self._go()

    def _go(self) -> None:
        """Plays until the answer is over, or has to wait."""
        frames = self._frames
        line = self._line
        begun = self._begun
        out, self._unsent = self._unsent, b""
        full = bool(out)  # something of the body is in it
        assert frames is not None
        try:
            for frame in frames:
                kind = type(frame)
                if kind is Chunks or kind is Body:
                    if full:
                        line.transport.write(out)
                        out = b""
                    full = True
                    if kind is Body:
                        data: bytes = frame.data  # type: ignore[union-attr]  # `kind is` is measured
                        out += _CHUNK % (len(data), data) if self._chunked else data
                        self._left -= len(data)
                    elif self._chunked:
                        out += self._in_chunks(frame.parts)  # type: ignore[union-attr]  # as above
                    else:
                        data = b"".join(frame.parts)  # type: ignore[union-attr]  # as above
                        out += data
                        self._left -= len(data)
                    if not line.writable:
                        self._unsent = out
                        return
                elif isinstance(frame, Head):
                    out += self._start(frame)
                elif isinstance(frame, Paced):
                    if full:
                        line.transport.write(out)
                        out = b""
                    self._paced = frame
                    self._pace(out)
                    return
                else:
                    if isinstance(frame, Wait) and frame.until <= self._clock():
                        continue
                    if isinstance(frame, Hangup):
                        self._hang_up(frame.how, out)
                        return
                    if out:
                        line.transport.write(out)
                        out, full = b"", False
                    if isinstance(frame, Wait):
                        self._wait(frame)
                    else:
                        self._work(frame)  # type: ignore[arg-type]  # the last one of the union
                    return
        except BaseException as error:
            self._fail(error, out)
            return
        self._frames = None
        if self._chunked:
            out += _END
        if out and begun:
            line.transport.write(out)
        elif out:
            line.outbox.put(line.bare, out)
        line.ended(self._keep and self._left <= 0)

    def _start(self, frame: Head) -> bytes:
        """The head of the answer as bytes."""
        request = self._head
        status, length, old = frame.status, frame.length, request.old
        self._begun = True
        lines = [status_line(status, old), *map(b": ".join, frame.headers)]
        bodiless = request.method == "HEAD" or status in (204, 304)
        if length is not None:
            if not bodiless:
                self._left = length
            if length or (bodiless and status != 204):
                lines.append(b"content-length: %d" % length)
        elif not bodiless:
            self._chunked = not old
        if not self._keep:
            if not request.keep_alive and not old:
                lines.append(b"connection: close")
        elif old:
            lines.append(b"connection: keep-alive")
        if self._chunked:
            lines.append(b"transfer-encoding: chunked")
        elif length == 0 and not bodiless:
            lines.append(b"content-length: 0")
        found = b"\r\n".join(lines)
        if b"\r\nconnection: " in found and b"\r\nconnection: close" in found.lower():
            self._keep = False
        if old and length is None and not bodiless:
            self._keep = False  # nothing but the end of the connection ends such a body, whatever was said
        return found + self._line.dates.line()

    def _pace(self, out: bytes = b"") -> None:
        """Goes on with what is paced, behind `out`."""
        self._unsent = out
        left = self._token()
        if left is not None:
            self._alarm = self._later.again(self._line.loop, left, self._token)

    def _token(self) -> float | None:
        """Sends the next part of what is paced, if it is due; returns in how many seconds there is another.

        None where nobody is to wait for it: the last one is out, or the client does not read.
        """
        paced, line = self._paced, self._line
        if paced is None:
            return None
        out, self._unsent = self._unsent, b""
        times, index, clock = paced.times, paced.sent, self._clock
        left = times[index] - clock()
        if left > 0 and not paced.left:
            if out:
                line.transport.write(out)
            return left
        if not line.writable:
            self._alarm = None
            self._unsent = out
            return None
        if not paced.left:
            if part := paced.packed[index]:
                if self._chunked:
                    part = _CHUNK % (len(part), part)
                else:
                    self._left -= len(part)
                out = out + part if out else part
            following = index + 1
            more = following < len(times)
            if more and out:
                if line.outbox.waiting:
                    line.outbox.flush()
                line.bare.write(out)
            times[index] = now = clock()
            paced.sent = following
            if more:
                return times[following] - now
        self._paced = self._alarm = None
        self._unsent = out  # an end goes out with the last of them
        self._go()
        return None

    def _wait(self, frame: Wait) -> None:
        self._waiting = frame
        left = frame.until - self._clock()
        self._alarm = self._later.call(self._line.loop, min(left, KEEP_ALIVE_INTERVAL), self._wake, left)

    def _wake(self, left: float) -> None:
        """The alarm for a Wait that had so many seconds left."""
        waiting = self._waiting
        if waiting is None:
            return
        if waiting.until > self._clock():
            if left > KEEP_ALIVE_INTERVAL and not waiting.silent:
                self._comment()
            self._wait(waiting)
            return
        self._waiting = self._alarm = None
        if self._line.writable:
            self._go()

    def _comment(self) -> None:
        """Keeps a client patient, and only a stream has that."""
        if self._chunked:
            self._line.transport.write(_CHUNK % (len(KEEP_ALIVE), KEEP_ALIVE))

    def _work(self, frame: Work) -> None:
        loop, frames = self._line.loop, self._frames

        def done(future: asyncio.Future[Any]) -> None:
            error = None if future.cancelled() else future.exception()
            if self._frames is not frames:
                return  # the client has left
            if self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None
            if error is not None:
                self._fail(error, b"")
                return
            frame.result = future.result()
            self._go()

        self._alarm = loop.call_later(KEEP_ALIVE_INTERVAL, self._still_working, type(frame) is Work)
        frame.begin(loop).add_done_callback(done)

    def _still_working(self, comments: bool) -> None:
        if comments:
            self._comment()
        self._alarm = self._line.loop.call_later(KEEP_ALIVE_INTERVAL, self._still_working, comments)

    def _hang_up(self, how: str, out: bytes) -> None:
        if how == "after" and self._chunked:
            out += _END
        if out:
            self._line.transport.write(out)
        self.lost()
        self._line.hang_up("reset" if how == "reset" else "close")

    def _fail(self, error: BaseException, out: bytes) -> None:
        """The frames have raised: a bug, which is told; whoever asked learns that there was one."""
        begun = self._begun
        self.lost()
        _log.error("an answer could not be made", exc_info=error)
        line = self._line
        line.transport.write(out if begun else BUG % line.dates.line())
        line.ended(False)

    def _stop(self) -> Iterator[Frame] | None:
        frames, self._frames = self._frames, None
        alarm, self._alarm = self._alarm, None
        self._waiting = self._paced = None
        self._unsent = b""
        if alarm is not None:
            alarm.cancel()
        return frames
