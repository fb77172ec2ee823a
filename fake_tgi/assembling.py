"""From settings to what a server serves: the fake, and where calls go that no recording answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .app import Application
from .state import State

if TYPE_CHECKING:
    from .settings import Settings
    from .workers.memory import SharedMemory

__all__ = ["assembled", "passed_on"]


def assembled(
    settings: Settings,
    *,
    tell: Callable[[str], None],
    memory: SharedMemory | None = None,
    first: bool = True,
) -> tuple[Application, Any]:
    """The fake, and the ASGI application to serve, which is the fake or stands in front of it.

    `tell` gets lines for the user; what is told once is told by the `first` of several workers, which share
    `memory`. Raises Mistake for what settings or files have wrong.
    """
    application = Application(State(settings, memory=memory))
    app: Any = application
    application.state.told = tell
    replay = application.state.replay
    if replay is not None:
        if first:
            for refused in replay.refused:
                tell(f"not replayed: {refused}")
            if not len(replay) and not len(replay.generations) and settings.on_miss != "record":
                tell(f"{settings.replay} has no recordings: nothing is replayed")
        app = passed_on(application, tell=tell)
    return application, app


def passed_on(application: Application, *, tell: Callable[[str], None]) -> Any:
    """What to serve so that the fake's misses are passed on; itself, where they are not."""
    settings, replay = application.state.settings, application.state.replay
    if settings.upstream is None or replay is None:
        return application
    from .recordings.on_miss import passing_on

    folder = settings.replay if settings.on_miss == "record" else None
    return passing_on(application, replay, settings.upstream, folder, told=tell)
