"""What was asked, which stub answered, what was sent and when, and how it ended.

A record keeps references to bytes that exist anyway, so that keeping it costs next to nothing. The journal
is bounded by number and by bytes, oldest first, and a secret is taken out before a record is kept.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from .call import Call
from .frames import Body, Chunks, Frame, Hangup, Head

__all__ = ["Ending", "Journal", "ServeEvent"]

Ending = Literal["in flight", "complete", "client left", "cut by a fault", "failed"]

_SECRET_HEADERS = frozenset(
    (b"authorization", b"proxy-authorization", b"cookie", b"x-api-key", b"x-fake-tgi-admin-token")
)
REDACTED = b"[redacted]"


@dataclass(slots=True)
class ServeEvent:
    """One call and its answer, as far as it has come.

    `sent` holds (seconds since the call came, bytes) for each piece of the body; `size` is what the record
    holds of request and answer, in bytes; `seconds` is how long the answer took.
    """

    id: int
    call: Call
    stub: str | None = None
    why: str = ""
    status: int | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    size: int = 0
    ended: Ending = "in flight"
    faults: tuple[str, ...] = ()
    error: str | None = None
    seconds: float = 0.0
    stub_id: int | None = None
    """The number of the stub that answered: names may be the same."""
    kept: bool = True
    """False once the journal's bounds, or a reset, have let the record go."""

    def strike(self, fault: str) -> None:
        """Notes that a fault, in words, has struck."""
        self.faults += (fault,)

    @property
    def body(self) -> bytes:
        """What was sent of the body."""
        return b"".join(data for _, data in self.sent)

    @property
    def events(self) -> list[bytes]:
        """The data of every whole stream event that was sent, `[DONE]` included."""
        return [part[6:] for part in self.body.split(b"\n\n") if part.startswith(b"data: ")]


class Journal:
    """The last calls. `entries` bounds their number, `size` the bytes of bodies kept, both ways together."""

    def __init__(self, *, clock: Callable[[], float], entries: int = 1000, size: int = 16_000_000) -> None:
        self.entries = entries
        self.size = size
        self._clock = clock
        self._kept: deque[ServeEvent] = deque()
        self._bytes = 0
        self._next = 1
        self._open = 0
        self._idle: asyncio.Event | None = None
        self.dropped = 0
        """How many records the bounds have cost."""

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[ServeEvent]:
        return iter(tuple(self._kept))

    @property
    def in_flight(self) -> int:
        """Calls whose answer is not out yet."""
        return self._open

    def begin(self, call: Call) -> ServeEvent:
        """A record of `call`, without what it carries in secret."""
        for name, _ in call.headers:
            if name in _SECRET_HEADERS:
                call = _without_secrets(call)
                break
        event = ServeEvent(self._next, call)
        self._next += 1
        self._open += 1
        self._kept.append(event)
        self._grow(event, len(call.body))
        return event

    def record(self, event: ServeEvent, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The same frames, written into `event` as they pass."""
        ended: Ending = "client left"
        came = event.call.received
        try:
            for frame in frames:
                if type(frame) is Head:
                    event.status, event.headers = frame.status, frame.headers
                    yield frame
                elif type(frame) is Body:
                    yield frame
                    event.sent.append((self._clock() - came, frame.data))
                    self._grow(event, len(frame.data))
                elif type(frame) is Chunks:
                    yield frame
                    now = self._clock() - came
                    event.sent.extend([(now, part) for part in frame.parts])
                    self._grow(event, sum(map(len, frame.parts)))
                else:
                    if type(frame) is Hangup:
                        ended = "complete" if frame.how == "after" else "cut by a fault"
                    yield frame
            ended = "cut by a fault" if event.faults else "complete"
        except GeneratorExit:
            raise
        except BaseException as error:
            ended = "failed"
            event.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            event.ended = ended
            event.seconds = self._clock() - came
            self._open -= 1
            if self._idle is not None and not self._open:
                self._idle.set()

    async def idle(self) -> None:
        """Returns once no answer is in flight: what is read then is complete."""
        while self._open:
            self._idle = asyncio.Event()
            await self._idle.wait()
        self._idle = None

    def clear(self) -> None:
        """Forgets every record; answers in flight write into records that nobody keeps."""
        for event in self._kept:
            event.kept = False
        self._kept.clear()
        self._bytes = 0
        self.dropped = 0

    def _grow(self, event: ServeEvent, size: int) -> None:
        event.size += size
        if not event.kept:
            return
        self._bytes += size
        kept = self._kept
        while kept and (len(kept) > self.entries or (self._bytes > self.size and len(kept) > 1)):
            oldest = kept.popleft()
            oldest.kept = False
            self._bytes -= oldest.size
            self.dropped += 1


def _without_secrets(call: Call) -> Call:
    headers = tuple((name, REDACTED if name in _SECRET_HEADERS else value) for name, value in call.headers)
    return replace(call, headers=headers)
