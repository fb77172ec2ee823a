"""What the workers of one fake tell each other: what the controls have changed, and what each has counted.

The first worker answers for all. Before it answers a control it takes over what the others have in their
journals and books; after one that changed something it has the others do the same, and only then answers. One
control is dealt with at a time, so that all see the same changes in the same order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..journal import ServeEvent
from ..journal.json_form import as_json, from_json
from ..metrics import Metrics
from .post import Post

if TYPE_CHECKING:
    from ..app import Application
    from ..player import Receive, Send

__all__ = ["Crew"]

_ASKING: Final = ("/__admin/requests",)
"""Controls that only ask, whatever their method; but for DELETE."""


@dataclass(frozen=True, slots=True)
class _Books:
    """What one worker has counted since it was last asked; `running` generations and their tokens are now."""

    events: list[dict[str, Any]]
    dropped: int
    hits: dict[int, int]
    metrics: Metrics
    running: tuple[int, int]
    in_flight: int


@dataclass(frozen=True, slots=True)
class _Give:
    """Asks for the books, after up to so many seconds for answers in flight."""

    wait: float


@dataclass(frozen=True, slots=True)
class _Do:
    """Has a control done."""

    scope: dict[str, Any]
    body: bytes


class Crew:
    """Worker `number` of `of`; `application` is its own."""

    def __init__(self, post: Post, number: int, of: int, application: Application) -> None:
        self._post = post
        self._others = [other for other in range(of) if other != number]
        self._app = application
        self._state = application.state
        self._turn = asyncio.Lock()
        self._hits: dict[int, int] = {}

    async def administer(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers a control for all workers."""
        body = await _body(receive)
        async with self._turn:
            await self.gather(wait=_wait(scope))
            sent = await self._done(scope, body)
            if sent and sent[0]["status"] < 400 and _changes(scope):
                said = {name: scope[name] for name in _SCOPE if name in scope}
                await self._all(_Do(said, body))
        for message in sent:
            await send(message)

    async def gather(self, *, wait: float = 0.0) -> None:
        """Takes over what the others have counted, as if it had been counted here."""
        given: list[_Books] = await self._all(_Give(wait))
        state = self._state
        state.journal.take_over([from_json(event) for books in given for event in books.events])
        state.journal.dropped += sum(books.dropped for books in given)
        state.journal.elsewhere = sum(books.in_flight for books in given)
        for books in given:
            state.metrics.add(books.metrics)
            for id, hits in books.hits.items():
                state.stubs.count(id, hits)
        state.metrics.elsewhere = tuple(map(sum, zip(*(books.running for books in given), strict=True)))

    async def answer(self, question: Any) -> Any:
        """What another worker wants."""
        if isinstance(question, _Give):
            return await self._books(question.wait)
        if isinstance(question, _Do):
            await self._done(question.scope, question.body)
            return None
        raise TypeError(f"expected a question of a worker, got {question!r}")

    async def _all(self, question: Any) -> list[Any]:
        return await asyncio.gather(*(self._post.ask(other, question) for other in self._others))

    async def _books(self, wait: float) -> _Books:
        state = self._state
        if wait:
            await state.journal.idle(wait)
        events: Sequence[ServeEvent] = state.journal.give_away()
        dropped, state.journal.dropped = state.journal.dropped, 0
        hits = {placed.id: placed.hits for placed in state.stubs}
        new = {id: count - self._hits.get(id, 0) for id, count in hits.items()}
        self._hits = hits
        metrics = state.metrics
        return _Books(
            [as_json(event) for event in events],
            dropped,
            {id: count for id, count in new.items() if count > 0},
            metrics.take(),
            (metrics.running, metrics.running_tokens),
            state.journal.in_flight,
        )

    async def _done(self, scope: dict[str, Any], body: bytes) -> list[Any]:
        """The answer of this worker's own controls."""
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self._app.control({**scope, "extensions": {}}, receive, send)
        return sent


_SCOPE: Final = (
    "type", "asgi", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path",
    "headers", "client", "server",
)  # fmt: skip


def _changes(scope: Any) -> bool:
    method: str = scope["method"]
    if method in ("GET", "HEAD"):
        return False
    return method == "DELETE" or not scope["path"].startswith(_ASKING)


def _wait(scope: Any) -> float:
    """For how long the journal's readers wait for answers in flight, in seconds (admin/requests.py)."""
    if not scope["path"].startswith(_ASKING):
        return 0.0
    for pair in scope["query_string"].split(b"&"):
        name, _, value = pair.partition(b"=")
        if name == b"wait":
            try:
                return max(float(value), 0.0)
            except ValueError:
                return 0.0
    return 1.0


async def _body(receive: Receive) -> bytes:
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
    return b"".join(pieces)
