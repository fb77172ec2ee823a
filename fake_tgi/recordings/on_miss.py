"""A replaying server with a real one behind it: what nobody recorded is passed on, and recorded if wanted.

Wraps the fake's application. The fake answers first; only its answer that says "not recorded" is held back,
and the call goes to the upstream instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from ..namespaces import split
from ..player import Message, Receive, Send
from .keeping import Keeper
from .misses import MISS
from .recorder import Recorder, forward, read_body
from .replay import Replay
from .upstream import Upstream

__all__ = ["PassingOn", "passing_on"]


class App(Protocol):
    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None: ...


class PassingOn:
    """An ASGI application: `app`, but its misses go to the upstream, and are kept if there is a keeper."""

    def __init__(self, app: App, upstream: Upstream, keeper: Keeper | None) -> None:
        self._app = app
        self._upstream = upstream
        self._keeper = keeper
        self.recorder = Recorder(upstream, keeper)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.recorder(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            return
        missed = False

        async def watching(message: Message) -> None:
            nonlocal missed
            if message["type"] == "http.response.start":
                missed = any(name == MISS for name, _ in message["headers"])
            if not missed:
                await send(message)

        await self._app(scope, _given(body, receive), watching)
        if missed:
            space = split((scope.get("raw_path") or scope["path"].encode()).decode("latin-1"))
            if space is not None:  # the upstream knows no namespaces
                scope = {**scope, "path": space[1], "raw_path": space[1].encode("latin-1")}
            await forward(scope, body, receive, send, self._upstream, self._keeper)


def passing_on(
    app: App,
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
    return PassingOn(app, upstream, keeper)


def _given(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if not given:
            given = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again
