"""The beginning and the end of an ASGI application that is not one of ours."""

from __future__ import annotations

import asyncio
from typing import Any

__all__ = ["Lifespan"]


class Lifespan:
    """Runs an application's lifespan as a task: `start` before the first request, `stop` behind the last."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._asked: asyncio.Queue[str] = asyncio.Queue()
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the application is ready. Raises RuntimeError when it says that it cannot start, and
        whatever it raises."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
        self._task = asyncio.ensure_future(self._app(scope, self._receive, self._told.put))
        message = await self._tell("startup")
        if message["type"] != "lifespan.startup.complete":
            raise RuntimeError(str(message.get("message", "the application did not say why")))

    async def stop(self) -> None:
        """Lets the application end; what it says then concerns nobody any more."""
        await self._tell("shutdown")
        assert self._task is not None
        await asyncio.wait((self._task,))
        if not self._task.cancelled():
            self._task.exception()

    async def _tell(self, what: str) -> dict[str, Any]:
        assert self._task is not None
        await self._asked.put(f"lifespan.{what}")
        told = asyncio.ensure_future(self._told.get())
        await asyncio.wait((told, self._task), return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            return told.result()
        told.cancel()
        if (error := self._task.exception()) is not None and what == "startup":
            raise error
        return {"type": f"lifespan.{what}.complete"}

    async def _receive(self) -> dict[str, Any]:
        return {"type": await self._asked.get()}
