"""An event-stream decoder: bytes cut anywhere go in, events come out. It never raises and does no I/O.

The rules are those of https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream:
a line ends with CR, LF or CRLF and with nothing else; an empty line dispatches; comments and unknown fields
are skipped; several `data` lines are joined by LF; a leading BOM is dropped. A CR is an end of line at once
(the LF that may follow is swallowed), so that no event waits for the next bytes. Work is linear in the bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Event", "EventStreamDecoder", "NamedEvent"]

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """An event with a type of its own (`event: error`)."""

    name: str
    data: bytes


Event = bytes | NamedEvent
"""The data of an ordinary event, or an event that has a name. Plain bytes because there is one per token."""


class EventStreamDecoder:
    """Feed it bytes as they come; each call returns the events that are complete now."""

    __slots__ = ("_after_cr", "_held", "_start")

    def __init__(self) -> None:
        self._held: list[bytes] = []  # pieces of an unfinished event, newlines normalised to LF
        self._start: bytes | None = b""  # the stream's first bytes, while a BOM is still possible
        self._after_cr = False

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete, in order."""
        if self._start is not None:
            data = self._without_bom(data)
        if self._after_cr and data:
            self._after_cr = False
            if data[0] == 10:
                data = data[1:]
        if b"\r" in data:
            self._after_cr = data[-1] == 13
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        held = self._held
        if held:
            # Only the seam can hide an end of event: whatever was held back contains none.
            if b"\n\n" not in data and not (data[:1] == b"\n" and held[-1][-1] == 10):
                if data:
                    held.append(data)
                return []
            held.append(data)
            data = b"".join(held)
            held.clear()
        end = data.rfind(b"\n\n") + 2
        if end < 2:
            if data:
                held.append(data)
            return []
        if end < len(data):
            held.append(data[end:])
        if data.startswith(b"data: "):
            # Nothing but unnamed events of one data line, the way TGI writes them: then every line feed
            # stands in a boundary between two of them.
            found = data[6 : end - 2].split(b"\n\ndata: ")
            if data.count(b"\n", 0, end) == 2 * len(found):
                return found  # type: ignore[return-value]
        blocks = data[: end - 2].split(b"\n\n")
        events: list[Event] = []
        for block in blocks:
            if block.startswith(b"data: ") and b"\n" not in block:
                events.append(block[6:])
            else:
                self._parse(block, events)
        return events

    def finish(self) -> list[Event]:
        """End of stream: the event that only lacks its empty line, if there is one.

        The specification drops it; servers and proxies do leave that line out, and whoever reads JSON can
        tell a whole event from a torn one.
        """
        events: list[Event] = []
        block = (self._start or b"") + b"".join(self._held)
        self._held.clear()
        self._start = None
        self._parse(block, events)
        return events

    def _without_bom(self, data: bytes) -> bytes:
        data = (self._start or b"") + data
        if len(data) < 3 and _BOM.startswith(data):
            self._start = data
            return b""
        self._start = None
        return data[3:] if data.startswith(_BOM) else data

    @staticmethod
    def _parse(block: bytes, events: list[Event]) -> None:
        """Append what the lines of a block dispatch."""
        name = b""
        data: list[bytes] = []
        for line in block.split(b"\n"):
            if not line:
                # One of several empty lines in a row, which dispatches nothing; or the very end.
                name = name if data else b""
                continue
            field, _, value = line.partition(b":")
            if value[:1] == b" ":
                value = value[1:]
            if field == b"data":
                data.append(value)
            elif field == b"event":
                name = value
        if data:
            payload = b"\n".join(data)
            plain = name in (b"", b"message")
            events.append(payload if plain else NamedEvent(name.decode("utf-8", "replace"), payload))
