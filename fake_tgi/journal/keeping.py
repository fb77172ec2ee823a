"""The journal keeps the last calls of one fake, bounded by number and by bytes, oldest first.

Answers that are in flight when it is cleared belong to nobody any more: they are written into records that
nobody keeps, and nobody waits for them. What happens for each token is a comparison and an append.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from ..call import Call
from ..frames import Body, Chunks, Frame, Hangup, Head, Paced, Wait, Whole, Work
from ..player import KEEP_ALIVE_INTERVAL
from ..sse import KEEP_ALIVE
from .serve_event import Ending, ServeEvent, WholeAnswer

__all__ = ["ENDS_EARLY", "Journal"]

ENDS_EARLY: Final = ("cut", "end_early")
"""The faults after which an answer is not complete, by name; what others damage is sent to its end."""


class Journal:
    """The last calls. `entries` bounds their number, `size` the bytes of bodies kept, both ways together.

    One call may have a quarter of those bytes; what it has more is counted, and not kept.
    """

    def __init__(self, *, clock: Callable[[], float], entries: int = 1000, size: int = 16_000_000) -> None:
        self.entries = entries
        self.size = size
        self.dropped = 0
        """How many records the bounds have cost."""
        self.elsewhere = 0
        """Calls in flight in other processes whose records are taken over here."""
        self._clock = clock
        self._real = clock is time.monotonic
        self._epoch = time.time() - time.monotonic()
        self._each = size // 4
        self._books = _Books()
        self._next = 1
        self._waiting: list[Callable[[], object]] = []
        self._served: ServeEvent | None = None

    def __len__(self) -> int:
        return len(self._books.kept)

    def __iter__(self) -> Iterator[ServeEvent]:
        """The records, oldest first, from any thread."""
        while True:
            try:
                return iter(tuple(self._books.kept))
            except RuntimeError:  # a call came while it was copied
                continue

    @property
    def in_flight(self) -> int:
        """Calls whose answer is not out yet, here or `elsewhere`."""
        return self._books.open + self.elsewhere

    def give_away(self) -> list[ServeEvent]:
        """The records of answers that are out, which are kept here no longer."""
        books = self._books
        given = [event for event in books.kept if event.ended != "in flight"]
        books.kept = deque(event for event in books.kept if event.ended == "in flight")
        for event in given:
            event.kept = False
            books.bytes -= event.size
        return given

    def take_over(self, events: Sequence[ServeEvent]) -> None:
        """Keeps records of calls that others have answered, among its own in the order of their coming."""
        if not events:
            return
        books = self._books
        for event in sorted(events, key=lambda event: event.arrived):
            event.id = self._next
            event.kept = True
            self._next += 1
            event._books = books
            books.bytes += event.size
            books.kept.append(event)
        books.kept = deque(sorted(books.kept, key=lambda event: event.arrived))
        self._trim(books)

    def begin(self, call: Call) -> ServeEvent:
        """A record of `call`."""
        event = ServeEvent(self._next, call, self._clock, self._epoch)
        self._next += 1
        event._books = books = self._books
        books.open += 1
        if not self._real:
            event.note_real_time()
        connection = call.connection
        if connection is not None:
            event.connection = connection.id
            event.earlier = connection.calls
            connection.calls += 1
            connection.event = event
        size = len(call.body)
        if size > self._each:
            event._asked = replace(call, body=call.body[: self._each])
            event.unkept = size - self._each
            size = self._each
        event.size = size
        books.bytes += size
        books.kept.append(event)
        if len(books.kept) > self.entries or books.bytes > self.size:
            self._trim(books)
        return event

    def record(self, event: ServeEvent, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The same frames, written into `event` as they pass. Ends early when the client is gone."""
        clock = self._clock
        came = event._asked.received
        sent = event._pieces
        each = self._each
        books: _Books = event._books
        ended: Ending = "client left"
        now = came
        self._served = event
        try:
            for frame in frames:
                kind = type(frame)
                if kind is Chunks:
                    yield frame
                    now = clock()
                    parts = frame.parts  # type: ignore[union-attr]  # `kind is` is measured, isinstance narrows
                    size = sum(map(len, parts))
                    if event.kept and event.size + size <= each:
                        sent.append((now - came, parts))
                        event.size += size
                        books.bytes += size
                        if books.bytes > self.size:
                            self._trim(books)
                    else:
                        self._keep_some(event, now - came, parts)
                elif kind is Body:
                    yield frame
                    now = clock()
                    data: bytes = frame.data  # type: ignore[union-attr]
                    size = len(data)
                    if event.kept and event.size + size <= each:
                        sent.append((now - came, (data,)))
                        event.size += size
                        books.bytes += size
                        if books.bytes > self.size:
                            self._trim(books)
                    else:
                        self._keep_some(event, now - came, (data,))
                elif kind is Head:
                    event._head = frame  # type: ignore[assignment]  # as above
                    yield frame
                elif isinstance(frame, Paced):
                    if self._enter(event, frame, books):
                        try:
                            yield frame
                        finally:
                            _correct(event, frame, books)
                    else:
                        yield from self._step(event, frame)
                    now = clock()
                elif kind is Wait:
                    until = frame.until  # type: ignore[union-attr]
                    if until - now <= KEEP_ALIVE_INTERVAL or frame.silent or not event.streamed:  # type: ignore[union-attr]
                        yield frame
                    else:
                        began = clock()
                        try:
                            yield frame
                        finally:
                            self._keep_comments(event, began, until)
                        now = until
                else:
                    if kind is Hangup:
                        how = frame.how  # type: ignore[union-attr]
                        ended = (
                            "complete" if how == "after" else "cut by a fault" if event.faults else "hung up"
                        )
                    if kind is Work and event.streamed:
                        began = clock()
                        try:
                            yield frame
                        finally:
                            self._keep_comments(event, began, clock())
                    else:
                        yield frame
                self._served = event
                if event.closed is not None:
                    break  # nobody is there to send to
            else:
                if ended == "client left":
                    ended = _end(event)
        except GeneratorExit:
            if ended == "client left" and event.connection is not None and event.closed is None:
                ended = "server stopped"
            raise
        except BaseException as error:
            ended = "failed"
            event.fail(error)
            raise
        finally:
            if ended != "complete" and isinstance(frames, Generator):
                self._served = event  # what it gives back counts for it
                frames.close()
            self._served = None
            event.seconds = clock() - came
            if not self._real:
                event.note_real_time()
            event.ended = ended
            books.open -= 1
            if not books.open and self._waiting:
                self._tell()

    def keep(self, call: Call, answer: Whole, tokens: int, now: float) -> None:
        """A record of `call` and of its answer, which has `tokens` tokens and goes out `now` and at once."""
        head, body = answer.head, answer.body
        parts = (body.data,) if type(body) is Body else body.parts  # type: ignore[union-attr]  # `type is` is measured
        size = len(call.body) + sum(map(len, parts))
        if size > self._each or not self._real:
            self._keep_with_care(call, head, parts, tokens, now)
            return
        books = self._books
        event = WholeAnswer(
            self._next, call, self._clock, self._epoch, head, parts, size, tokens, now - call.received
        )
        self._next += 1
        connection = call.connection
        if connection is not None:
            event.connection, event.earlier = connection.id, connection.calls
            connection.calls += 1
            connection.event = event
        kept = books.kept
        kept.append(event)
        books.bytes += size
        if len(kept) > self.entries or books.bytes > self.size:
            self._trim(books)
        if self._waiting and not books.open:
            self._tell()

    def _keep_with_care(
        self, call: Call, head: Head, parts: tuple[bytes, ...], tokens: int, now: float
    ) -> None:
        """The same where not all of it is kept, or where the time is not real."""
        event = self.begin(call)
        books: _Books = event._books
        event._head = head
        event.generated = tokens
        event.seconds = at = now - call.received
        self._keep_some(event, at, parts)
        if not self._real:
            event.note_real_time()
        event.ended = "complete"
        books.open -= 1
        if not books.open and self._waiting:
            self._tell()

    def _enter(self, event: ServeEvent, frame: Paced, books: _Books) -> bool:
        """Whether there is room for all of a frame whose player itself notes when each part was sent."""
        size = frame.packed.size
        if event.size + size > self._each:
            return False
        event._pieces.append(frame)
        event.size += size
        if event.kept:
            books.bytes += size
            if books.bytes > self.size:
                self._trim(books)
        return True

    def _step(self, event: ServeEvent, frame: Paced) -> Iterator[Frame]:
        """One that is too long to keep, part by part."""
        came, clock = event._asked.received, self._clock
        for step in frame.steps():
            yield step
            if event.closed is not None:
                return
            if isinstance(step, Chunks):
                self._keep_some(event, clock() - came, step.parts)

    def produced(self, tokens: int) -> None:
        """The model has produced `tokens` tokens for the answer that is being played."""
        if self._served is not None:
            self._served.generated += tokens

    async def idle(self, timeout: float | None = None) -> bool:
        """Waits until no answer is in flight: what is read then is complete. On the server's loop or another.

        `timeout` is in real seconds, None for ever. Returns False where it ran out.
        """
        loop = asyncio.get_running_loop()
        quiet = asyncio.Event()
        with _listening(self._waiting, lambda: loop.call_soon_threadsafe(quiet.set)):
            if not self._books.open:
                return True
            try:
                await asyncio.wait_for(quiet.wait(), timeout)
            except asyncio.TimeoutError:
                return False
        return True

    def wait_until_idle(self, timeout: float | None = None) -> bool:
        """The same as `idle` for a thread that is not the server's: blocks. A server's own thread would wait
        for itself: use `idle` there."""
        quiet = threading.Event()
        with _listening(self._waiting, quiet.set):
            return not self._books.open or quiet.wait(timeout)

    def clear(self) -> None:
        """Forgets every record; answers in flight write into records that nobody keeps."""
        books, self._books = self._books, _Books()
        for event in tuple(books.kept):
            event.kept = False
        self.dropped = 0
        self._tell()

    def _keep_some(self, event: ServeEvent, at: float, parts: tuple[bytes, ...]) -> None:
        """What there is room for, from the first byte on."""
        room = self._each - event.size
        kept: list[bytes] = []
        whole = 0
        for part in parts:
            if first := part[:room]:
                kept.append(first)
                room -= len(first)
                whole += len(first) == len(part)
        size = sum(map(len, kept))
        event.unkept += sum(map(len, parts)) - size
        event.unkept_pieces += len(parts) - whole
        if kept:
            event._pieces.append((at, tuple(kept)))
            event.size += size
            if event.kept:
                books: _Books = event._books
                books.bytes += size
                if books.bytes > self.size:
                    self._trim(books)

    def _keep_comments(self, event: ServeEvent, began: float, until: float) -> None:
        """The comments that the player has sent while a stream was quiet (see Player)."""
        came, now = event._asked.received, self._clock()
        at = began + KEEP_ALIVE_INTERVAL
        while at < until and at <= now:
            self._keep_some(event, at - came, (KEEP_ALIVE,))
            at += KEEP_ALIVE_INTERVAL

    def _trim(self, books: _Books) -> None:
        kept, entries, size = books.kept, self.entries, self.size
        while len(kept) > entries or (books.bytes > size and len(kept) > 1):
            oldest = kept.popleft()
            oldest.kept = False
            books.bytes -= oldest.size
            self.dropped += 1

    def _tell(self) -> None:
        for tell in tuple(self._waiting):
            tell()


class _Books:
    """What a journal has since it was last cleared. An event writes into those in which it began."""

    __slots__ = ("bytes", "kept", "open")

    def __init__(self) -> None:
        self.kept: deque[ServeEvent] = deque()
        self.bytes = 0
        self.open = 0


def _correct(event: ServeEvent, frame: Paced, books: _Books) -> None:
    """Takes out of the books what was not sent."""
    size = frame.packed.size
    unsent = size - frame.end()
    event.size -= unsent
    if event.kept:
        books.bytes -= unsent


def _end(event: ServeEvent) -> Ending:
    """How an answer ended of which everything was sent that there was."""
    early = any(fault.partition("(")[0] in ENDS_EARLY for fault in event.faults)
    return "cut by a fault" if early else "complete"


@contextmanager
def _listening(listeners: list[Callable[[], object]], tell: Callable[[], object]) -> Iterator[None]:
    """`tell` is among `listeners` while this lasts."""
    listeners.append(tell)
    try:
        yield
    finally:
        listeners.remove(tell)
