"""A replaying server with a real one behind it: what nobody recorded is passed on, and recorded if wanted."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..player import Receive, Send
from .beyond import Beyond
from .keeping import Keeper
from .replay import Replay
from .upstream import Upstream

if TYPE_CHECKING:
    from ..app import Application

__all__ = ["PassingOn", "passing_on"]


class PassingOn:
    """An ASGI application: `app`, whose end is that of its connections to the real server as well."""

    def __init__(self, app: Application, beyond: Beyond) -> None:
        self._app = app
        self._beyond = beyond

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._beyond.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return


def passing_on(
    app: Application,
    replay: Replay,
    url: str,
    folder: Path | str | None,
    *,
    patterns: Iterable[str] = (),
    told: Any = lambda line: None,
) -> PassingOn:
    """`app` with the server at `url` behind it.

    `folder` is where new recordings go, which `replay` plays from then on; None: nowhere. `patterns` are
    regular expressions of more secrets; `told` gets lines for the user, in another thread.
    Raises ValueError for a URL that is none.
    """
    upstream = Upstream(url)
    keeper = None
    if folder is not None:
        keeper = Keeper(
            Path(folder), upstream=upstream.url, patterns=tuple(patterns), told=told, kept=replay.add
        )
    app.state.beyond = beyond = Beyond(upstream, keeper)
    return PassingOn(app, beyond)
