"""One fake, reached in many ways: over a socket from a thread, from the running loop and from another
process, and without a socket through each transport. A story is a coroutine that gets the fake and a caller.

No time passes for these fakes unless a story says so: the clock is stepped.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from fake_tgi import FakeTGI

from .callers import Aiohttp, Caller, Httpx, HttpxAsync, Requests

if sys.version_info >= (3, 11):  # which httpx2 needs
    import httpx2
else:
    httpx2 = None

__all__ = ["IN_MEMORY", "IN_PROCESS", "WAYS", "Story", "Way"]

Story = Callable[[FakeTGI, Caller], Awaitable[None]]
Calling = Callable[[FakeTGI, float], Caller]


@dataclass(frozen=True)
class Way:
    """How the fake runs, and how it is called."""

    name: str
    calling: Calling
    where: str = "thread"
    memory: bool = False

    def __str__(self) -> str:
        return self.name

    def play(self, story: Story, *, timeout: float = 30.0, **settings: Any) -> None:
        """Runs a story on a fresh fake. `timeout` is the caller's, for a read, in seconds."""

        async def played() -> None:
            async with self._running({"clock": "stepped", **settings}) as fake:
                caller = self.calling(fake, timeout)
                try:
                    await story(fake, caller)
                finally:
                    await caller.close()

        asyncio.run(asyncio.wait_for(played(), 60))

    @asynccontextmanager
    async def _running(self, settings: dict[str, Any]) -> AsyncIterator[FakeTGI]:
        if self.where == "subprocess":
            fake = _elsewhere(tuple(settings.items()))
            fake.reset()
            yield fake
        elif self.where == "loop":
            async with FakeTGI(listen=not self.memory, **settings) as fake:
                yield fake
        else:
            with FakeTGI(listen=not self.memory, **settings) as fake:
                yield fake


@cache
def _elsewhere(settings: tuple[tuple[str, Any], ...]) -> FakeTGI:
    """One process for all stories with these settings; it ends with this one."""
    return FakeTGI(subprocess=True, **dict(settings)).start()


def _over_sockets() -> list[Way]:
    return [
        Way("thread, requests", lambda fake, timeout: Requests(fake.base_url, timeout=timeout)),
        Way("thread, aiohttp", lambda fake, timeout: Aiohttp(fake.base_url, timeout=timeout)),
        Way("loop, async httpx", lambda f, timeout: HttpxAsync(httpx, f.base_url, timeout=timeout), "loop"),
        Way("subprocess, requests", lambda f, t: Requests(f.base_url, timeout=t), "subprocess"),
    ]


def _in_memory() -> list[Way]:
    def requests(fake: FakeTGI, timeout: float) -> Caller:
        return Requests(fake.base_url, fake.requests_adapter(pool_maxsize=64), timeout)

    def aiohttp(fake: FakeTGI, timeout: float) -> Caller:
        return Aiohttp(fake.base_url, fake.aiohttp_connector(), timeout)

    def sync1(fake: FakeTGI, timeout: float) -> Caller:
        return Httpx(httpx, fake.base_url, fake.httpx_transport(), timeout)

    def sync2(fake: FakeTGI, timeout: float) -> Caller:
        return Httpx(httpx2, fake.base_url, fake.httpx2_transport(), timeout)

    def async1(fake: FakeTGI, timeout: float) -> Caller:
        return HttpxAsync(httpx, fake.base_url, fake.httpx_async_transport(), timeout)

    def async2(fake: FakeTGI, timeout: float) -> Caller:
        return HttpxAsync(httpx2, fake.base_url, fake.httpx2_async_transport(), timeout)

    ways = [
        Way("memory, requests", requests, memory=True),
        Way("memory, aiohttp", aiohttp, memory=True),
        Way("memory in the loop, aiohttp", aiohttp, "loop", memory=True),
        Way("memory, httpx", sync1, memory=True),
        Way("memory, async httpx", async1, memory=True),
        Way("memory in the loop, async httpx", async1, "loop", memory=True),
    ]
    if httpx2 is not None:
        ways += [Way("memory, httpx2", sync2, memory=True), Way("memory, async httpx2", async2, memory=True)]
    return ways


IN_MEMORY = _in_memory()
IN_PROCESS = [*(way for way in _over_sockets() if way.where != "subprocess"), *IN_MEMORY]
WAYS = [*_over_sockets(), *IN_MEMORY]
