"""One way to call, whichever library does it: a whole answer, or the events of a stream as they come.

What the library raises is told as one of two: the answer broke off (or never began), or nothing came in time.
The library's own exception is its cause. Blocking libraries run in threads.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import requests

__all__ = ["Aiohttp", "Answer", "Broken", "Caller", "Httpx", "HttpxAsync", "Late", "Requests"]


class Broken(Exception):
    """There is no answer, or only a part of one."""


class Late(Exception):
    """Nothing came in time."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Caller(ABC):
    """Calls to `base_url`, through a transport of the fake's if there is one. `timeout` is that of a read."""

    def __init__(self, base_url: str, timeout: float = 30.0) -> None:
        self.base_url = base_url
        self.timeout = timeout

    @abstractmethod
    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """A whole answer. Raises Broken and Late."""

    @abstractmethod
    def events(self, path: str, body: Any) -> AsyncIterator[Any]:
        """The events of a stream. Closing it closes the connection. Raises Broken and Late."""

    @abstractmethod
    async def close(self) -> None: ...

    async def generate(self, inputs: str, **parameters: Any) -> str:
        answer = await self.ask("POST", "/generate", {"inputs": inputs, "parameters": parameters})
        assert answer.status == 200, answer
        return str(answer.json()["generated_text"])


def _event(line: str | bytes) -> Any:
    text = line.decode() if isinstance(line, bytes) else line
    if not text.startswith("data:"):
        return None
    data = text[5:].strip()
    return json.loads(data) if data.startswith("{") else data


@contextmanager
def _told(broken: Any, late: Any) -> Iterator[None]:
    try:
        yield
    except late as error:
        raise Late from error
    except broken as error:
        raise Broken from error


class _Threaded(Caller):
    def __init__(self, base_url: str, timeout: float = 30.0) -> None:
        super().__init__(base_url, timeout)
        self._threads = ThreadPoolExecutor(64)

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        return await self._apart(lambda: self._ask(method, path, body))

    async def events(self, path: str, body: Any) -> AsyncIterator[Any]:
        events = self._events(path, body)
        try:
            while (event := await self._apart(lambda: next(events, None))) is not None:
                yield event
        finally:
            await self._apart(events.close)

    async def close(self) -> None:
        await self._apart(self._close)
        self._threads.shutdown()

    async def _apart(self, do: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._threads, do)

    def _ask(self, method: str, path: str, body: Any) -> Answer:
        raise NotImplementedError

    def _events(self, path: str, body: Any) -> Any:
        raise NotImplementedError

    def _close(self) -> None:
        raise NotImplementedError


class Requests(_Threaded):
    def __init__(
        self, base_url: str, adapter: requests.adapters.HTTPAdapter | None = None, timeout: float = 30.0
    ) -> None:
        super().__init__(base_url, timeout)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount(base_url, adapter or requests.adapters.HTTPAdapter(pool_maxsize=64))

    def _told(self) -> Any:
        return _told(requests.RequestException, (requests.Timeout,))

    def _ask(self, method: str, path: str, body: Any) -> Answer:
        with self._told():
            got = self._session.request(method, self.base_url + path, json=body, timeout=self.timeout)
        return Answer(got.status_code, {k.lower(): v for k, v in got.headers.items()}, got.content)

    def _events(self, path: str, body: Any) -> Any:
        try:
            with self._told():
                url = self.base_url + path
                with self._session.post(url, json=body, stream=True, timeout=self.timeout) as got:
                    for line in got.iter_lines():
                        if (event := _event(line)) is not None:
                            yield event
        except Broken as broken:  # requests tells a read that took too long in a stream as a broken one
            if "timed out" in str(broken.__cause__):
                raise Late from broken.__cause__
            raise

    def _close(self) -> None:
        self._session.close()


class Httpx(_Threaded):
    """httpx or httpx2."""

    def __init__(self, httpx: Any, base_url: str, transport: Any = None, timeout: float = 30.0) -> None:
        super().__init__(base_url, timeout)
        self._httpx = httpx
        limits = httpx.Limits(max_connections=64)
        self._client = httpx.Client(
            transport=transport, timeout=httpx.Timeout(timeout), limits=limits, trust_env=False
        )

    def _ask(self, method: str, path: str, body: Any) -> Answer:
        with _told(self._httpx.TransportError, self._httpx.TimeoutException):
            got = self._client.request(method, self.base_url + path, json=body)
        return Answer(got.status_code, {k.lower(): v for k, v in got.headers.items()}, got.content)

    def _events(self, path: str, body: Any) -> Any:
        with (
            _told(self._httpx.TransportError, self._httpx.TimeoutException),
            self._client.stream("POST", self.base_url + path, json=body) as got,
        ):
            for line in got.iter_lines():
                if (event := _event(line)) is not None:
                    yield event

    def _close(self) -> None:
        self._client.close()


class HttpxAsync(Caller):
    """httpx or httpx2, on the running loop."""

    def __init__(self, httpx: Any, base_url: str, transport: Any = None, timeout: float = 30.0) -> None:
        super().__init__(base_url, timeout)
        self._httpx = httpx
        limits = httpx.Limits(max_connections=64)
        self._client = httpx.AsyncClient(
            transport=transport, timeout=httpx.Timeout(timeout), limits=limits, trust_env=False
        )

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        with _told(self._httpx.TransportError, self._httpx.TimeoutException):
            got = await self._client.request(method, self.base_url + path, json=body)
        return Answer(got.status_code, {k.lower(): v for k, v in got.headers.items()}, got.content)

    async def events(self, path: str, body: Any) -> AsyncIterator[Any]:
        with _told(self._httpx.TransportError, self._httpx.TimeoutException):
            async with self._client.stream("POST", self.base_url + path, json=body) as got:
                async for line in got.aiter_lines():
                    if (event := _event(line)) is not None:
                        yield event

    async def close(self) -> None:
        await self._client.aclose()


class Aiohttp(Caller):
    """aiohttp, on the running loop."""

    def __init__(
        self, base_url: str, connector: aiohttp.BaseConnector | None = None, timeout: float = 30.0
    ) -> None:
        super().__init__(base_url, timeout)
        limits = aiohttp.ClientTimeout(total=None, sock_read=timeout)
        self._session = aiohttp.ClientSession(connector=connector, timeout=limits)

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        with _told(aiohttp.ClientError, asyncio.TimeoutError):
            async with self._session.request(method, self.base_url + path, json=body) as got:
                content = await got.read()
        return Answer(got.status, {k.lower(): v for k, v in got.headers.items()}, content)

    async def events(self, path: str, body: Any) -> AsyncIterator[Any]:
        with _told(aiohttp.ClientError, asyncio.TimeoutError):
            async with self._session.post(self.base_url + path, json=body) as got:
                async for line in got.content:
                    if (event := _event(line)) is not None:
                        yield event

    async def close(self) -> None:
        await self._session.close()
