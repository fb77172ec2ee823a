"""A fake TGI server for programs and tests: `with FakeTGI() as fake`, and everything that can be said to it.

One event loop serves a fake: that of a thread of its own, the running one (`async with`), or one in another
process. Stubs may be placed before it starts, but for one in another process. What is done to it from another
thread is done on its loop.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from ..app import Application, create_app
from ..server import Server
from ..settings import Settings
from ..tokenizer import Tokenizer
from .arguments import SettingsArguments, read_settings
from .control import NeedsInProcess
from .local import LocalControl
from .verbs import Verbs

if TYPE_CHECKING:
    from types import TracebackType

    import aiohttp
    import httpx
    import httpx2
    import requests.adapters
    from typing_extensions import Self, Unpack

    from ..shard import Shard
    from ..state import State
    from ..transports.wires import Wires
    from .admin_api import AdminApi
    from .elsewhere import RemoteFake
    from .spawned import ServeProcess

__all__ = ["FakeTGI"]

_log = logging.getLogger("fake_tgi.library")
_LOOPBACK: Final = "127.0.0.1"
_NOWHERE: Final = (
    "http://fake-tgi.invalid"  # no resolver knows it, so that a forgotten transport is found out
)


@cache
def _embedded_tokenizer() -> Tokenizer:
    """The one part of a fake that is costly to make. Nothing can change it, so that all fakes share it."""
    return Tokenizer.load()


class FakeTGI(Verbs):
    """A fake TGI server.

    ```python
    with FakeTGI(seed=7) as fake:
        fake.on_generate(inputs=contains("France")).reply("Paris.")
        print(fake.base_url)
    ```

    Every setting of `fake-tgi serve` may be given by its name (see `SettingsArguments`): `seed`, `strict`,
    `model_id`, `max_total_tokens`, `clock="virtual"`; `ttft` and `itl` stand for `time_to_first_token` and
    `inter_token_latency`. Raises TypeError for another name, SettingsError for a value that cannot be.

    It listens on `host` and `port` (0: a free one). `listen=False` opens no port: only transports lead to it.
    `subprocess=True` runs `fake-tgi serve`: the same verbs, but no transports, and no Python functions as
    answers. `shard` is what plays the model.
    """

    _running: asyncio.AbstractEventLoop | None
    _wires: Wires | None
    _app: Application | None
    _process: ServeProcess | None
    _api: AdminApi | None

    def __init__(
        self,
        *,
        host: str = _LOOPBACK,
        port: int = 0,
        listen: bool = True,
        subprocess: bool = False,
        shard: Shard | None = None,
        **settings: Unpack[SettingsArguments],
    ) -> None:
        given = {"hostname": host, "port": port, **read_settings(settings)}
        made = Settings(**given)
        self._begin(made, listens=listen)
        if subprocess:
            if shard is not None or not listen:
                raise TypeError("a fake in a subprocess listens, and has no shard of this process")
            from .remote import RemoteControl
            from .spawned import ServeProcess, words_for

            self._process = ServeProcess(words_for({"graceful_termination_timeout": 0, **given}))
            super().__init__(RemoteControl(self._admin_api, made.model_id))
            return
        if made.workers > 1:
            raise TypeError(f"workers={made.workers}: several processes serve with subprocess=True only")
        try:
            tokenizer = _embedded_tokenizer() if made.model_folder is None else None
            self._app = create_app(made, tokenizer=tokenizer, shard=shard)
        except ModuleNotFoundError as error:
            from ..extra import missing

            raise ModuleNotFoundError(missing(error) or str(error), name=error.name) from None
        served: Any = self._app
        if made.upstream is not None:
            from ..assembling import passed_on

            served = passed_on(self._app, tell=_log.warning)
        self._server = Server(served, host, port if listen else None)
        super().__init__(LocalControl(self._app.state, lambda: self._running))

    def _begin(self, settings: Settings, *, listens: bool) -> None:
        self._settings = settings
        self._listens = listens
        self._running = None
        self._wires = None
        self._app = None
        self._process = None
        self._api = None

    @staticmethod
    def connect(base_url: str, *, admin_token: str | None = None) -> RemoteFake:
        """The same verbs for a fake that runs somewhere already, such as in a container.

        Its controls answer on its own machine only, unless `admin_token` is the one it was started with.
        """
        from .elsewhere import RemoteFake

        return RemoteFake(base_url, admin_token)

    @property
    def app(self) -> Application:
        """The ASGI application. Raises NeedsInProcess for a fake in a subprocess."""
        if self._app is None:
            raise NeedsInProcess("the application is in another process: use `with FakeTGI()`")
        return self._app

    @property
    def state(self) -> State:
        """Everything that the fake owns, for what no verb says. Raises NeedsInProcess."""
        return self.app.state

    @property
    def settings(self) -> Settings:
        """What it was made with."""
        return self._settings

    @property
    def output(self) -> str:
        """What a subprocess has written; nothing for others."""
        return "" if self._process is None else self._process.output

    @property
    def base_url(self) -> str:
        """`http://host:port` for a client, without a slash at the end. RuntimeError unless running.

        Without a port to listen on, a name that leads nowhere but through a transport.
        """
        if self._process is not None:
            return self._process.url
        return self._server.base_url if self._listens else _NOWHERE

    def start(self) -> Self:
        """Serves from a thread of its own, or from a subprocess; returns when requests are answered.

        Raises CannotListen (an OSError), and RuntimeError when already running, or when a subprocess fails.
        """
        if self._process is not None:
            self._process.start()
            return self
        self._server.start()
        self._running = self._server.loop
        return self

    def stop(self) -> None:
        """Stops serving: requests in flight are cut. Idempotent.

        What the fake saw can still be asked, but for one in a subprocess.
        """
        if self._process is not None:
            if self._api is not None:
                self._api.close()
                self._api = None
            self._process.stop()
            return
        self._running = None
        self._server.stop()

    def requests_adapter(self, **arguments: Any) -> requests.adapters.HTTPAdapter:
        """For requests, without a socket: `session.mount(fake.base_url, fake.requests_adapter())`.

        `arguments` are those of requests' HTTPAdapter. As all transports, it streams as a socket does, and
        shares stubs, journal and clock.
        """
        from ..transports.requests import Adapter

        return Adapter(self._memory(), **arguments)

    def aiohttp_connector(self, **arguments: Any) -> aiohttp.BaseConnector:
        """For aiohttp, without a socket: `aiohttp.ClientSession(connector=fake.aiohttp_connector())`.

        `arguments` are those of aiohttp's BaseConnector. Call it where an event loop runs.
        """
        from ..transports.aiohttp import Connector

        return Connector(self._memory(), **arguments)

    def httpx_transport(self) -> httpx.BaseTransport:
        """For httpx, without a socket: `httpx.Client(transport=fake.httpx_transport())`."""
        from ..transports.httpx import transport

        made: httpx.BaseTransport = transport(self._memory(), "httpx")
        return made

    def httpx_async_transport(self) -> httpx.AsyncBaseTransport:
        """For httpx on asyncio, without a socket."""
        from ..transports.httpx import async_transport

        made: httpx.AsyncBaseTransport = async_transport(self._memory(), "httpx")
        return made

    def httpx2_transport(self) -> httpx2.BaseTransport:
        """For httpx2 (openai and huggingface_hub are built on it), without a socket."""
        from ..transports.httpx import transport

        made: httpx2.BaseTransport = transport(self._memory(), "httpx2")
        return made

    def httpx2_async_transport(self) -> httpx2.AsyncBaseTransport:
        """For httpx2 on asyncio, without a socket."""
        from ..transports.httpx import async_transport

        made: httpx2.AsyncBaseTransport = async_transport(self._memory(), "httpx2")
        return made

    def _admin_api(self) -> AdminApi:
        if self._api is None:
            from .admin_api import AdminApi

            assert self._process is not None
            self._api = AdminApi(self._process.url, self._settings.admin_token)
        return self._api

    def _memory(self) -> Wires:
        if self._process is not None:
            raise NeedsInProcess("only sockets lead to a fake in another process: use `with FakeTGI()`")
        from ..transports.wires import Wires

        if self._wires is None:
            self._wires = Wires(self._server, self.state.clock)
        return self._wires

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        """Serves on the running event loop: a client must not block it. A subprocess stays one."""
        if self._process is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.start)
            return self
        await self._server.start_here()
        self._running = self._server.loop
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.stop)
            return
        self._running = None
        await self._server.stop_here()
