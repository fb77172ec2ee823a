"""One call of one client, and what came of it: never an exception, and never for longer than the limit.

Each call runs in a thread of its own (an async client's on an event loop of its own), so that a client that
hangs holds up nobody. What a call returned or raised is kept as it was; nothing is judged here.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from .clients.base import Client

__all__ = ["LINGER", "PAUSE", "Outcome", "call"]

LINGER: Final = 0.75
"""How long a client that has left a stream is kept, in seconds: its own end would close any connection."""

PAUSE: Final = 0.3
"""Between two calls of one client, in seconds: it can have heard by then of what the server did meanwhile."""


@dataclass(slots=True)
class Outcome:
    """What came of a call. Of a stream `pieces` are the texts that came, `value` all of them joined.

    `kind` and `message` are the error's, both empty without one; `seconds` is how long it all took, and
    `hung` that it was given up. `requests` is what the server's journal has of it.
    """

    value: Any = None
    pieces: list[str] = field(default_factory=list)
    kind: str = ""
    message: str = ""
    seconds: float = 0.0
    hung: bool = False
    requests: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether there is no answer."""
        return bool(self.kind) or self.hung


def call(
    kind: type[Client],
    feature: str,
    url: str,
    *,
    key: str = "-",
    timeout: float = 20.0,
    limit: float = 60.0,
    times: int = 1,
    take: int | None = None,
) -> Outcome:
    """Calls a feature of a client at `url`, and leaves a stream after `take` pieces if told so.

    `times` calls go through the same client one after the other, until one fails.
    """
    outcome = Outcome()
    done = threading.Event()
    made_clients: list[Client] = []

    def client() -> Client:
        made_clients.append(kind(url, key=key, timeout=timeout))
        return made_clients[-1]

    def run() -> None:
        try:
            made = _called(kind, client, feature, times, take, outcome)
            if inspect.isawaitable(made):
                asyncio.run(_awaited(made))
        except Exception as error:
            outcome.kind, outcome.message = _named(error)
        finally:
            done.set()

    if take is not None:
        gc.disable()  # or it might close what the client did not
    began = time.monotonic()
    threading.Thread(target=run, name=f"{kind.title}: {feature}", daemon=True).start()
    finished = done.wait(limit)
    gc.enable()
    if not finished:
        for each in made_clients:
            each.give_up()
        return Outcome(pieces=list(outcome.pieces), seconds=limit, hung=True)
    outcome.seconds = time.monotonic() - began
    return outcome


async def _awaited(made: Any) -> None:
    await made


def _called(
    kind: type[Client],
    make: Callable[[], Client],
    feature: str,
    times: int,
    take: int | None,
    outcome: Outcome,
) -> Any:
    method = getattr(kind, feature)
    if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
        return _async_called(make, feature, times, take, outcome)
    client = make()
    try:
        for number in range(times):
            if number:
                time.sleep(PAUSE)
            made = getattr(client, feature)()
            if not isinstance(made, Iterator):
                outcome.value = made
                continue
            outcome.pieces.clear()
            try:
                for piece in made:
                    outcome.pieces.append(piece)
                    if len(outcome.pieces) == take:
                        break
            finally:
                made.close()  # type: ignore[attr-defined]  # generators, all of them
            if take is not None:
                time.sleep(LINGER)
            outcome.value = "".join(outcome.pieces)
    finally:
        client.close()
    return None


async def _async_called(
    make: Callable[[], Client], feature: str, times: int, take: int | None, outcome: Outcome
) -> None:
    client = make()
    try:
        for number in range(times):
            if number:
                await asyncio.sleep(PAUSE)
            made = getattr(client, feature)()
            if not inspect.isasyncgen(made):
                outcome.value = await made
                continue
            outcome.pieces.clear()
            try:
                async for piece in made:
                    outcome.pieces.append(piece)
                    if len(outcome.pieces) == take:
                        break
            finally:
                await made.aclose()
            if take is not None:
                await asyncio.sleep(LINGER)
            outcome.value = "".join(outcome.pieces)
    finally:
        closing = client.close()
        if inspect.isawaitable(closing):
            await closing


def _named(error: Exception) -> tuple[str, str]:
    """The class as one would write it after an import, and what it says."""
    said = getattr(error, "named", None)  # an error of another program, which says its own class
    return (said or type(error).__name__), str(error)
