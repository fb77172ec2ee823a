"""A server's HTTP protocol, made to read what hyper reads and to refuse what hyper refuses.

Works on uvicorn's protocols without naming them. Costs a request that any parser reads next to nothing: a
few attributes for each packet, and one look at the head.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import struct
from typing import Any, Final

from ..call import BROKEN_BODY
from ..player import HANG_UP
from .request_head import LONGEST_HEAD, is_framed, refusal_of, refused
from .restated_head import restated

__all__ = ["like_hyper"]

_BROKEN: Final = 400


def like_hyper(base: Any) -> type[asyncio.Protocol]:
    """`base`, a protocol of uvicorn's, with hyper's manners and without what costs more than a request."""
    # Ours, so that a request which cannot be read is no warning on the terminal, but a bug of ours is told;
    # uvicorn's own loggers belong to the whole process.
    log = logging.getLogger(__name__)
    if log.level == logging.NOTSET:
        log.setLevel(logging.ERROR)

    class Protocol(base):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.logger = log
            self.access_log = False
            self.refusal: int | None = None
            self.begun = b""
            """A request from its first byte on, until its head is complete."""
            self.before: Any = None
            """The request before that one; None for the first of a connection."""
            self.parser: Any = getattr(self, "parser", None)
            """httptools' reader of requests; None where the base has no such thing."""

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            if before is not None and before.more_body:  # more of a body
                super().data_received(data)
                return
            self.before = before
            self.begun += data
            super().data_received(data)
            if self.cycle is not before:
                self.begun = b""
            elif len(self.begun) > LONGEST_HEAD and not self.transport.is_closing():
                self.refusal = 431
                self._refuse()

        def eof_received(self) -> bool | None:
            """A client that closes its side before its body is complete is told so, and only then."""
            cycle = self.cycle
            if cycle is not None and cycle.more_body and not cycle.response_complete:
                self._break_off(cycle)
                return True  # keeps our side open for the answer
            return super().eof_received()  # type: ignore[no-any-return]

        def on_headers_complete(self) -> None:
            """Called by httptools when a head is read; an exception makes it an invalid request."""
            self.refusal = refusal_of(self.url, self.headers, self.parser.get_http_version())
            if self.refusal is not None:
                raise ValueError(f"refused with {self.refusal}")
            super().on_headers_complete()
            self.scope["extensions"] = {HANG_UP: self.hang_up}

        def send_400_response(self, msg: str) -> None:
            """Called for bytes that cannot be read: in a body, in a head, or between requests."""
            cycle = self.cycle
            if cycle is not None and cycle.more_body and not cycle.response_complete:
                if cycle is not self.before and not is_framed(cycle.scope["headers"]):
                    cycle.disconnected = True  # its head is refused after all, and nothing has been sent yet
                    cycle.message_event.set()
                    self._refuse()
                else:
                    self._break_off(cycle)
                return
            begun, self.begun = self.begun, b""
            if self.refusal is None and cycle is self.before and self.parser is not None:
                again = restated(begun)
                if again is not None:
                    # uvicorn makes one parser a connection; one that has refused reads nothing more
                    self.parser = type(self.parser)(self)
                    super().data_received(again)
                    return
            if cycle is not None and not cycle.response_complete:  # an answer that is on its way goes first
                cycle.keep_alive = False
                return
            self._refuse()

        def hang_up(self, how: str) -> None:
            """Ends the connection: "close" after what was sent, "reset" at once and with a TCP reset."""
            self.cycle.disconnected = True  # or uvicorn would miss the end of an answer, and say so
            if how == "reset":
                # to linger for no time turns a close into a reset
                self.transport.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
                self.transport.abort()
            else:
                self.transport.close()

        def _refuse(self) -> None:
            date = dict(self.server_state.default_headers).get(b"date", b"")
            self.transport.write(refused(self.refusal or _BROKEN, date))
            self.transport.close()

        @staticmethod
        def _break_off(cycle: Any) -> None:
            """The body ends here; the application learns of it and still answers."""
            cycle.scope["extensions"] = {**cycle.scope.get("extensions", {}), BROKEN_BODY: {}}
            cycle.more_body = cycle.keep_alive = False
            cycle.message_event.set()

        def _unsupported_upgrade_warning(self) -> None:
            """TGI knows no other protocol either, and says nothing."""

    return Protocol
