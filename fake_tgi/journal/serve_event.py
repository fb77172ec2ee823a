"""One call and its answer, as far as it has come.

A record keeps references to bytes that exist anyway, so that keeping it costs next to nothing; what can be
worked out from them is worked out when somebody asks. Times are in seconds since the call came, on the
server's clock. Nothing that is read here has a secret in it.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Any, Final, Literal

from ..call import Call
from ..frames import Head, Paced, RawHeaders

__all__ = ["Ending", "ServeEvent", "WholeAnswer"]

Ending = Literal[
    "in flight", "complete", "client left", "cut by a fault", "hung up", "failed", "server stopped"
]
"""`cut by a fault`: a fault has ended the answer before its end, with the connection or without. `hung up`:
the answer itself ends the connection, as TGI's does where it breaks down. `failed`: the server raised."""

_NOTICED: Final = 0.001
"""Seconds; less is no wait."""


class ServeEvent:
    """One call and its answer.

    What stands here with a value is what a record begins with. Records of a running server change until
    `ended` is no longer "in flight"; `closed`, `reset` and `blocked` may still change after that.
    """

    stub: str | None = None
    """The name of the stub that answered."""
    stub_id: int | None = None
    """The number of the stub that answered: names may be the same."""
    why: str = ""
    size: int = 0
    """What the record holds of request and answer, in bytes."""
    unkept: int = 0
    """Bytes of request and answer that were too many to keep."""
    unkept_pieces: int = 0
    """Pieces of the answer that were too many to keep whole."""
    ended: Ending = "in flight"
    faults: tuple[str, ...] = ()
    """The faults that struck, in words."""
    error: str | None = None
    """What a user's own function raised (its stub answers 500), or the server itself (`failed`)."""
    exception: BaseException | None = None
    """The same, to be raised or shown; None in a record that was read from JSON."""
    seconds: float = 0.0
    """How long the answer took."""
    generated: int = 0
    """Tokens that the model has produced for this call."""
    connection: int | None = None
    """The number of the connection; None where there is none."""
    earlier: int = 0
    """How many calls that connection had carried before."""
    closed: float | None = None
    """When the client closed the connection, while it was answered or before it asked for anything else."""
    reset: bool = False
    """Whether it closed with something still unread, which TCP tells as a reset."""
    dropped: float | None = None
    """When the connection was gone, whoever closed it."""
    blocked: float = 0.0
    """How long the server could not send because the client did not read, in seconds."""
    kept: bool = True
    """False once the journal's bounds, or a reset, have let the record go."""

    # What the journal writes, with the secrets that are taken out before anybody else reads.
    _head: Head | None = None
    _books: Any = None
    _began: float | None = None
    _over: float | None = None
    _blocked_since: float | None = None
    _call: Call | None = None
    _sent_shown: list[tuple[float, bytes]] | None = None
    _traceback: str | None = None

    def __init__(self, id: int, call: Call, clock: Callable[[], float], epoch: float = 0.0) -> None:
        self.id = id
        self._asked = call
        self._clock = clock
        self._epoch = epoch
        self._pieces: list[tuple[float, tuple[bytes, ...]] | Paced] = []

    # What is read

    @property
    def status(self) -> int | None:
        """None as long as no head was sent."""
        return self._head.status if self._head is not None else None

    @property
    def streamed(self) -> bool:
        """Whether the answer was sent without a length."""
        return self._head is not None and self._head.length is None

    @property
    def call(self) -> Call:
        """What was asked, without what it carries in secret."""
        if self._call is None:
            from .redacted import without_secrets  # what only a reader needs

            self._call = without_secrets(self._asked)
        return self._call

    @property
    def headers(self) -> RawHeaders:
        """The headers of the answer that are not the server's own (date, connection, length)."""
        from .redacted import headers_without_secrets

        return headers_without_secrets(self._asked, self._raw_headers)

    @property
    def _raw_headers(self) -> RawHeaders:
        return self._head.headers if self._head is not None else ()

    @property
    def sent(self) -> list[tuple[float, bytes]]:
        """When each piece of the body was sent, and which bytes."""
        times, bare = self._flat()
        if self._sent_shown is None or len(self._sent_shown) != len(times):
            from .redacted import chunks_without_secrets

            shown = chunks_without_secrets(self._asked, bare)
            self._sent_shown = list(zip(times, shown, strict=True))
        return self._sent_shown

    def _flat(self) -> tuple[list[float], list[bytes]]:
        """The pieces of the body that were sent, and when each was."""
        times: list[float] = []
        bare: list[bytes] = []
        came = self._asked.received
        for piece in self._pieces[:]:  # it may grow meanwhile
            if isinstance(piece, Paced):
                for at, part in zip(piece.times[: piece.sent], piece.packed, strict=False):
                    if part:
                        times.append(at - came)
                        bare.append(part)
            else:
                at, parts = piece
                times += [at] * len(parts)
                bare += parts
        return times, bare

    @property
    def body(self) -> bytes:
        """What was sent of the body."""
        return b"".join(data for _, data in self.sent)

    @property
    def text(self) -> bytes:
        """What was sent of the body, unpacked where it was sent as gzip."""
        body = self.body
        if (b"content-encoding", b"gzip") not in self._raw_headers:
            return body
        try:
            return zlib.decompressobj(wbits=31).decompress(body)
        except zlib.error:
            return body

    @property
    def events(self) -> list[bytes]:
        """The data of every whole stream event that was sent, `[DONE]` included."""
        *whole, _ = self.text.split(b"\n\n")
        return [part[6:] for part in whole if part.startswith(b"data: ")]

    @property
    def comments(self) -> int:
        """How many comments were sent, which keep a quiet stream alive."""
        return sum(part.startswith(b":") for part in self.text.split(b"\n\n"))

    @property
    def waits(self) -> list[tuple[float, float]]:
        """When nothing was sent, and for how long: before a first byte, between two, before an end."""
        found: list[tuple[float, float]] = []
        before = 0.0
        times, _ = self._flat()
        if self.ended != "in flight":
            times.append(self.closed if self.closed is not None and self.cut_short else self.seconds)
        for at in times:
            if at - before >= _NOTICED:
                found.append((before, at - before))
            before = at
        return found

    @property
    def cut_short(self) -> bool:
        """Whether the answer ended before its end."""
        return self.ended not in ("in flight", "complete")

    @property
    def last_sent(self) -> float | None:
        """When the last piece of the body was sent."""
        times, _ = self._flat()
        return times[-1] if times else None

    @property
    def tokens_sent(self) -> int:
        """Tokens that left the server: all of a complete answer, or one for each event that shows one."""
        if self.ended == "complete" and self.generated:
            return self.generated
        if not self.streamed:
            return 0
        shown = sum(map(_shows_a_token, self.events))
        return shown + self.unkept_pieces

    @property
    def tokens_wasted(self) -> int:
        """Tokens that were generated and never sent, because the answer ended before."""
        return max(self.generated - self.tokens_sent, 0) if self.cut_short else 0

    @property
    def unread(self) -> bool:
        """Whether it was answered before its whole body was read."""
        return self._asked.unread

    @property
    def real(self) -> tuple[float, float | None]:
        """When the call came and when its answer ended (None: not yet), in seconds of real time.

        Only differences mean anything. It is the server's own time, but where that is not real.
        """
        if self._began is not None:
            return self._began, self._over
        came = self._asked.received
        return came, None if self.ended == "in flight" else came + self.seconds

    @property
    def arrived(self) -> float:
        """When the call came, in seconds since 1970."""
        return self._epoch + self.real[0]

    @property
    def blocked_so_far(self) -> float:
        """`blocked`, and what comes to it while the server still waits for the client to read."""
        since = self._blocked_since
        return self.blocked + (self._clock() - since if since is not None else 0.0)

    @property
    def traceback(self) -> str | None:
        """Where `exception` came from, as Python shows it."""
        if self._traceback is None and self.exception is not None:
            from traceback import format_exception

            from .redacted import text_without_secrets

            self._traceback = text_without_secrets(self._asked, "".join(format_exception(self.exception)))
        return self._traceback

    # What happens

    def strike(self, fault: str) -> None:
        """A fault, in words, has struck."""
        self.faults += (fault,)

    def fail(self, error: BaseException) -> None:
        """Somebody's code has raised."""
        from .redacted import text_without_secrets

        self.exception = error
        self.error = text_without_secrets(self._asked, f"{type(error).__name__}: {error}")

    def left(self, *, reset: bool) -> None:
        """The client has closed the connection."""
        if self.closed is None:
            self.closed = self._clock() - self._asked.received
            if self._pieces and isinstance(piece := self._pieces[-1], Paced):
                piece.left = True
        self.reset = self.reset or reset

    def lost(self) -> None:
        """The connection is no more."""
        self.dropped = self._clock() - self._asked.received
        self.resume()

    def pause(self) -> None:
        """The client does not read what was sent."""
        self._blocked_since = self._clock()

    def resume(self) -> None:
        """The client reads on, or is gone."""
        if self._blocked_since is not None:
            self.blocked += self._clock() - self._blocked_since
            self._blocked_since = None

    def note_real_time(self) -> None:
        """Notes the real time, where the server's clock does not tell it: of the call, then of its end."""
        if self._began is None:
            self._began = time.monotonic()
        else:
            self._over = time.monotonic()

    def __repr__(self) -> str:
        call = self._asked
        shown: dict[str, Any] = {"id": self.id, "status": self.status, "ended": self.ended}
        about = ", ".join(f"{name}={value!r}" for name, value in shown.items())
        return f"<ServeEvent {call.method} {call.path}: {about}>"


class WholeAnswer(ServeEvent):
    """One call and an answer that went out at once, `seconds` after the call came."""

    ended: Ending = "complete"

    def __init__(
        self,
        id: int,
        call: Call,
        clock: Callable[[], float],
        epoch: float,
        head: Head,
        parts: tuple[bytes, ...],
        size: int,
        tokens: int,
        seconds: float,
    ) -> None:
        self.id = id
        self._asked = call
        self._clock = clock
        self._epoch = epoch
        self._head = head
        self._pieces = [(seconds, parts)]
        self.size = size
        self.generated = tokens
        self.seconds = seconds


def _shows_a_token(event: bytes) -> bool:
    """Whether the data of a stream event is a token's: no error, no usage, no end.

    Inside a JSON string these marks cannot stand: the quotes would be escaped.
    """
    return b'"token":{' in event or b'"choices":[{' in event
