"""The ASGI application: assembly only.

The router's own paths are looked up in one table and served without a framework in between, because
they are measured; everything under `/__admin/` is a Starlette application, made when it is first asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from .access import FORBIDDEN, may_administer
from .call import BROKEN_BODY, Call
from .clock import later_on
from .connection import CONNECTION
from .endpoints.at_once import AtOnce
from .endpoints.reading import plain
from .frames import Frame, Head, RawHeaders, Whole
from .headers import JSON
from .namespaces import PREFIX, Namespaces, split
from .player import HANG_UP, Player, Receive, Send
from .serve import broken, needs_body, serve
from .settings import Settings
from .state import State

if TYPE_CHECKING:
    from starlette.applications import Starlette

__all__ = ["Application", "create_app"]

ADMIN = "/__admin"
METRICS = "/metrics"
_ELSEWHERE = (ADMIN, PREFIX)
_CLOSE: RawHeaders = ((b"connection", b"close"),)


class OtherWorkers(Protocol):
    """The other processes of this fake, where it has several (fake_tgi/workers)."""

    async def administer(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers a control for all."""

    async def gather(self) -> None:
        """Takes over what the others have counted."""


class Application:
    """An ASGI application around one `State`."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.clock = state.clock
        self.later = later_on(state.clock)
        self.coalesce = state.settings.coalesce
        self._at_once = AtOnce(state)
        self._player = Player(state.clock, coalesce=self.coalesce)
        self._admin: Starlette | None = None
        self.others: OtherWorkers | None = None
        self._namespaces: Namespaces[Application] = Namespaces(self._another)

    @property
    def payload_limit(self) -> int:
        """Longest body, in bytes; the controls may change it."""
        return self.state.settings.payload_limit

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        raw_path = scope.get("raw_path")
        path = raw_path.decode("latin-1") if raw_path is not None else scope["path"]
        if path.startswith(_ELSEWHERE) and await self._elsewhere(path, scope, receive, send):
            return
        if self.others is not None and path == METRICS:
            await self.others.gather()
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        extensions = scope.get("extensions") or {}
        call = Call(
            scope["method"],
            path,
            tuple(scope["headers"]),
            message.get("body", b""),
            scope["query_string"].decode("latin-1"),
            self.state.clock(),
            BROKEN_BODY in extensions,
            connection=extensions.get(CONNECTION),
        )
        last = False
        if message.get("more_body", False):
            if not needs_body(self.state, call):
                call, last = replace(call, unread=True), True
            elif (read := await _rest(receive, call.body, self.state.settings.payload_limit)) is None:
                return
            else:
                body, unread = read
                broken = BROKEN_BODY in (scope.get("extensions") or ())
                now = self.state.clock()
                call = replace(call, body=body, received=now, broken=broken, unread=unread)
        frames = serve(self.state, call)
        if last:
            frames = _last(frames)
        await self._player.play(frames, receive, send, extensions.get(HANG_UP))

    def direct(self, path: str) -> bool:
        """Whether `frames` answers this path: the controls and the namespaces are ASGI alone."""
        return not path.startswith(_ELSEWHERE) and (self.others is None or path != METRICS)

    def frames(self, call: Call) -> Whole | Iterator[Frame]:
        """The answer to a call, for a server that plays frames itself (hyper/protocol.py)."""
        try:
            whole = self._at_once.answer(call)
        except BaseException as error:
            return broken(self.state, call, error)
        return serve(self.state, call) if whole is None else whole

    def needs_body(self, call: Call) -> bool:
        """Whether the answer depends on the body of `call`, which is not there yet."""
        return needs_body(self.state, call)

    def _another(self) -> Application:
        """A fresh fake that starts as this one did."""
        return Application(self.state.another())

    async def _elsewhere(self, path: str, scope: Any, receive: Receive, send: Send) -> bool:
        """Whether the call was for the controls or for a namespace, and so has been answered."""
        space = split(path)
        if space is not None:
            name, inner = space
            scope = {**scope, "path": inner, "raw_path": inner.encode("latin-1")}
            await self._namespaces.get(name)(scope, receive, send)
        elif path == ADMIN or path.startswith(ADMIN + "/"):
            await self._administer(scope, receive, send)
        else:
            return False
        return True

    async def _administer(self, scope: Any, receive: Receive, send: Send) -> None:
        if not may_administer(scope, self.state.settings.admin_token):
            await self._player.play(plain(403, JSON, FORBIDDEN), receive, send)
        elif self.others is not None:
            await self.others.administer(scope, receive, send)
        else:
            await self.control(scope, receive, send)

    async def control(self, scope: Any, receive: Receive, send: Send) -> None:
        """What is under `/__admin`, for whoever may ask for it, of this process alone."""
        if self._admin is None:
            from .admin import create_admin  # Starlette costs start-up time that a served model need not pay

            self._admin = create_admin(self.state)
        await self._admin(scope, receive, send)


def create_app(settings: Settings | None = None, **parts: Any) -> Application:
    """A fake TGI server as an ASGI application. `parts` (tokenizer, shard, clock) go to `State`."""
    return Application(State(settings or Settings(), **parts))


async def _rest(receive: Receive, begun: bytes, limit: int) -> tuple[bytes, bool] | None:
    """A body that has `begun`, cut just past `limit` bytes, and whether it goes on behind that; None when the
    client left before its end."""
    pieces, size, more = [begun], len(begun), True
    while size <= limit:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece: bytes = message.get("body", b"")
        pieces.append(piece)
        size += len(piece)
        if not message.get("more_body", False):
            more = False
            break
    return b"".join(pieces), more


def _last(frames: Iterator[Frame]) -> Iterator[Frame]:
    """The same answer as the last one of its connection: what is left of the request nobody reads."""
    for frame in frames:
        yield replace(frame, headers=(*frame.headers, *_CLOSE)) if isinstance(frame, Head) else frame


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
