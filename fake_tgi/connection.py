"""A client's connection as the server sees it: how many calls it carried, and who closed it.

The protocol of a server hands one over with each request; the journal asks it and is told by it. A call that
came over no connection (an application called in its own process) has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .journal import ServeEvent

__all__ = ["CONNECTION", "Connection"]

CONNECTION: Final = "fake_tgi.connection"
"""The ASGI extension that is the Connection a request came over."""


class Connection:
    """One connection, which carried `calls` calls that a journal has begun to record."""

    __slots__ = ("calls", "event", "id", "paused")

    def __init__(self, id: int, calls: int = 0) -> None:
        self.id = id
        self.calls = calls
        self.event: ServeEvent | None = None
        """The record of its last call, which is told what becomes of the connection."""
        self.paused = False
        """Whether the client does not read what was sent."""

    def left(self, *, reset: bool = False) -> None:
        """The client has closed it: properly, or (`reset`) with what was sent to it still unread."""
        if self.event is not None:
            self.event.left(reset=reset)

    def lost(self) -> None:
        """It is no more, whoever closed it."""
        if self.event is not None:
            self.event.lost()

    def pause(self) -> None:
        """The client does not read what was sent, so that nothing more can be."""
        if self.event is not None and not self.paused:
            self.paused = True
            self.event.pause()

    def resume(self) -> None:
        """The client reads on, or is gone."""
        if self.event is not None and self.paused:
            self.paused = False
            self.event.resume()
