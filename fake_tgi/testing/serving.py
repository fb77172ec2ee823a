"""One server for a whole test run, and a fresh fake behind it for each test.

The address stays, so that an app which is started once finds it in every test; what answers there is made
anew for each test, which is cheaper than any clearing, and so nothing of one test can reach the next. What a
test leaves in flight is cut when it ends. Between tests a fake of its own answers, whose books nobody reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Awaitable, Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from ..app import create_app
from ..player import HANG_UP, HangUp, Receive, Send
from ..server import Server
from ..tokenizer import Tokenizer

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

    from ..app import Application
    from ..settings import Settings

__all__ = ["App", "Stage", "TestServer"]

App = Callable[[Any, Receive, Send], Awaitable[None]]

# How long a call may take to end by itself before it is cut: its client may have seen all of it already, and
# will use the connection again. And how long a cut one may take to be put down. Both in seconds.
_GRACE: Final = 0.1
_SETTLE: Final = 1.0


class Stage:
    """An ASGI application that hands every call to whichever application is on."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._in_flight: dict[object, tuple[asyncio.AbstractEventLoop, HangUp | None]] = {}
        self._quiet = threading.Condition()
        self.errors: list[BaseException] = []
        """What applications raised: a fault of theirs, never of who called."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = object()
        hang_up = scope.get("extensions", {}).get(HANG_UP)
        self._in_flight[call] = asyncio.get_running_loop(), hang_up
        try:
            await self._app(scope, receive, send)
        except Exception as error:
            self.errors.append(error)
            raise
        finally:
            with self._quiet:
                del self._in_flight[call]
                self._quiet.notify_all()

    def put(self, app: App) -> None:
        """From now on `app` answers. Calls in flight are cut, and done when this returns."""
        self._app = app
        begun = tuple(self._in_flight)
        if not begun or self._done(begun, _GRACE):
            return
        for call in begun:
            loop, hang_up = self._in_flight.get(call, (None, None))
            if loop is not None and hang_up is not None:
                loop.call_soon_threadsafe(_cut, hang_up)
        self._done(begun, _SETTLE)

    def _done(self, calls: tuple[object, ...], seconds: float) -> bool:
        with self._quiet:
            return self._quiet.wait_for(lambda: self._in_flight.keys().isdisjoint(calls), seconds)


def _cut(hang_up: HangUp) -> None:
    with contextlib.suppress(OSError, AttributeError):  # the connection has ended in the meantime
        hang_up("reset")


class TestServer:
    """A server that lives as long as a test run. `base_url` never changes."""

    __test__ = False  # not a class of tests, whatever its name begins with

    def __init__(self) -> None:
        self._tokenizer = Tokenizer.load()
        self._between = create_app(tokenizer=self._tokenizer)
        self._stage = Stage(self._between)
        self._server = Server(self._stage)

    @cached_property
    def base_url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        return self._server.base_url

    @property
    def server(self) -> Server:
        """What serves."""
        return self._server

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The event loop that everything is served on."""
        return self._server.loop

    @property
    def errors(self) -> list[BaseException]:
        """What the fake itself raised since the last test began."""
        return self._stage.errors

    def fresh(self, settings: Settings) -> Application:
        """A new fake; the tokenizer is shared, which nothing can change."""
        own = settings.model_folder is not None  # a model of the test's own comes with its tokenizer
        return create_app(settings, tokenizer=None if own else self._tokenizer)

    @contextlib.contextmanager
    def lent_to(self, app: App) -> Iterator[None]:
        """`app` answers at `base_url` while this lasts."""
        self._stage.put(app)
        self._stage.errors.clear()
        try:
            yield
        finally:
            if len(self._between.state.journal):
                self._between = create_app(tokenizer=self._tokenizer)
            self._stage.put(self._between)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.stop()
