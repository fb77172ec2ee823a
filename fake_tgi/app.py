"""The ASGI application: assembly only.

The router's own paths are looked up in one table and served without a framework in between, because
they are measured; everything under `/__admin/` is a Starlette application, made when it is first asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .call import Call
from .player import Player, Receive, Send
from .serve import serve
from .settings import Settings
from .state import State

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["Application", "create_app"]

ADMIN = "/__admin"


class Application:
    """An ASGI application around one `State`."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._player = Player(state.clock)
        self._admin: Starlette | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        raw_path = scope.get("raw_path")
        path = raw_path.decode("latin-1") if raw_path is not None else scope["path"]
        if path == ADMIN or path.startswith(ADMIN + "/"):
            await self._administer(scope, receive, send)
            return
        body = await _read(receive, self.state.settings.payload_limit)
        if body is None:
            return
        call = Call(
            scope["method"],
            path,
            tuple(scope["headers"]),
            body,
            scope["query_string"].decode("latin-1"),
            self.state.clock(),
        )
        await self._player.play(serve(self.state, call), receive, send)

    async def _administer(self, scope: Any, receive: Receive, send: Send) -> None:
        if self._admin is None:
            from .admin import create_admin  # Starlette costs start-up time that a served model need not pay

            self._admin = create_admin(self.state)
        await self._admin(scope, receive, send)


def create_app(settings: Settings | None = None, **parts: Any) -> Application:
    """A fake TGI server as an ASGI application. `parts` (tokenizer, shard, clock) go to `State`."""
    return Application(State(settings or Settings(), **parts))


async def _read(receive: Receive, limit: int) -> bytes | None:
    """The request's body, cut just past `limit` bytes; None when the client left before it was complete."""
    message = await receive()
    if message["type"] == "http.disconnect":
        return None
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body
    pieces, size = [body], len(body)
    while size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
        if not message.get("more_body", False):
            break
    return b"".join(pieces)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
