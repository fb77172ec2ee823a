"""A fake whose answers are changed on their way out, in one way at a time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from fake_tgi.verification.arguments import read_plan
from fake_tgi.verification.report import Report
from fake_tgi.verification.running import verify


@dataclass
class Answer:
    """A whole answer before it is sent. A damage changes it in place.

    `cut` breaks the connection before the end: of a stream after its chunks, else a few bytes earlier.
    """

    method: str
    path: str
    request: bytes
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    chunks: list[bytes] = field(default_factory=list)
    cut: bool = False

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type") == "text/event-stream"

    @property
    def asked(self) -> Any:
        try:
            return json.loads(self.request)
        except ValueError:
            return None

    @property
    def value(self) -> Any:
        """The body's JSON value; None if it is none."""
        if self.headers.get("content-type") != "application/json":
            return None
        return json.loads(b"".join(self.chunks))

    @value.setter
    def value(self, value: Any) -> None:
        self.chunks = [json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()]

    @property
    def events(self) -> list[Any]:
        """Each event's data: parsed, or the text [DONE]."""
        data = [chunk.removeprefix(b"data: ").rstrip() for chunk in self.chunks if chunk.startswith(b"data")]
        return [json.loads(each) if each.startswith(b"{") else each.decode() for each in data]

    @events.setter
    def events(self, events: list[Any]) -> None:
        texts = (
            each if isinstance(each, str) else json.dumps(each, ensure_ascii=False, separators=(",", ":"))
            for each in events
        )
        self.chunks = [f"data: {text}\n\n".encode() for text in texts]


Damage = Callable[[Answer], None]


class Damageable:
    """An ASGI application in front of another, which shows every answer to `damage` before it is sent."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.damage: Damage = lambda answer: None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = Answer(scope["method"], scope["path"], b"")

        async def hear() -> Any:
            message = await receive()
            answer.request += message.get("body", b"")
            return message

        async def keep(message: Any) -> None:
            if message["type"] == "http.response.start":
                answer.status = message["status"]
                answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            elif message.get("body"):
                answer.chunks.append(bytes(message["body"]))

        await self._app(scope, hear, keep)
        self.damage(answer)
        if "content-length" in answer.headers and scope["method"] != "HEAD":
            answer.headers["content-length"] = str(sum(map(len, answer.chunks)))
        head = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": head})
        for chunk in answer.chunks:
            if answer.cut and not answer.is_stream:
                chunk = chunk[:-5]
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if answer.cut:
            raise ConnectionAbortedError
        await send({"type": "http.response.body", "body": b"", "more_body": False})


@dataclass
class Patient:
    """A running fake, to be damaged and questioned."""

    url: str
    app: Damageable

    def verified(self, *words: str, damage: Damage | None = None, **environment: str) -> Report:
        """The report on it, with the words of the command line."""
        self.app.damage = damage or (lambda answer: None)
        plan = read_plan([self.url, *words], environment)
        try:
            return verify(
                plan.target, plan.questions, available=plan.available, limits=plan.limits, given=plan.given
            )
        finally:
            self.app.damage = lambda answer: None


@contextmanager
def patient(**settings: Any) -> Iterator[Patient]:
    """A fake with these settings on a free port."""
    app = Damageable(create_app(Settings(**settings)))
    with Server(app) as server:
        yield Patient(server.base_url, app)
