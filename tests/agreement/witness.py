"""Fake against contracts: every answer that any test gets from a fake in this process is held to them.

All of them come through `Application.__call__` or, over our own server, through `Application.frames`;
`tests/conftest.py` puts a witness at both for each test. An answer is judged once it is complete: one that
its client did not wait for, or that ended in an exception, shows nothing.

A test that damages answers on purpose says so: `@pytest.mark.damages_answers`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from fake_tgi.frames import Body, Chunks, Hangup, Head, Whole
from tgi_contracts import Exchange, Violation, check_exchange, exchange_of

__all__ = ["Witness"]

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
Call = Callable[[Any, Any, Receive, Send], Awaitable[None]]
Frames = Callable[[Any, Any], Any]

# What a namespace answers is seen where it answers.
_OURS = "/ns/"


class Witness:
    """What one test got from all its fakes: how many answers, and which of them broke their contracts."""

    def __init__(self) -> None:
        self.judged = 0
        self.broken: list[tuple[Exchange, list[Violation]]] = []

    def beside(self, call: Call) -> Call:
        """The method `Application.__call__`, with this witness looking on."""

        async def watched(app: Any, scope: Any, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"].startswith(_OURS):
                await call(app, scope, receive, send)
                return
            sight = _Sight(scope, receive, send)
            await call(app, scope, sight.receive, sight.send)
            if sight.complete:
                self._judge(sight.exchange())

        return watched

    def between(self, frames: Frames) -> Frames:
        """The method `Application.frames`, with this witness looking on."""

        def watched(app: Any, call: Any) -> Any:
            answer = frames(app, call)
            if not isinstance(answer, Whole):
                return self._watch(answer, call)
            for _ in self._watch(iter(answer), call):
                pass
            return answer  # and goes the way that only a whole one goes

        return watched

    def _watch(self, frames: Iterator[Any], call: Any) -> Iterator[Any]:
        status, headers, pieces = 0, list[tuple[str, str]](), list[bytes]()
        whole = True
        for frame in frames:
            if isinstance(frame, Head):
                status = frame.status
                headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in frame.headers]
            elif isinstance(frame, Body):
                pieces.append(frame.data)
            elif isinstance(frame, Chunks):
                pieces += frame.parts
            elif isinstance(frame, Hangup):
                whole = False
            yield frame
        event = call.connection.event if call.connection is not None else None
        if event is not None and event.ended == "client left":
            return  # the server stops in the middle, as if that were the end
        if whole and call.method.isupper():  # contracts know no other methods
            path = f"{call.path}?{call.query}" if call.query else call.path
            self._judge(exchange_of(call.method, path, call.body, status, headers, b"".join(pieces)))

    def _judge(self, exchange: Exchange) -> None:
        self.judged += 1
        found = check_exchange(exchange)
        if found:
            self.broken.append((exchange, found))

    def __str__(self) -> str:
        return "\n".join(
            "\n  ".join([_request_line(exchange), *map(str, found)]) for exchange, found in self.broken
        )


class _Sight:
    """One request and its answer, as they go by."""

    def __init__(self, scope: Any, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._body = b""
        self._status = 0
        self._headers: list[tuple[str, str]] = []
        self._pieces: list[bytes] = []
        self.complete = False

    async def receive(self) -> Any:
        message = await self._receive()
        self._body += message.get("body", b"")
        return message

    async def send(self, message: Any) -> None:
        await self._send(message)
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = [(k.decode("latin-1"), v.decode("latin-1")) for k, v in message["headers"]]
        else:
            self._pieces.append(message.get("body", b""))
            self.complete = not message.get("more_body", False)

    def exchange(self) -> Exchange:
        scope = self._scope
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        return exchange_of(
            scope["method"],
            f"{path}?{query}" if query else path,
            self._body,
            self._status,
            self._headers,
            b"".join(self._pieces),
        )


def _request_line(exchange: Exchange) -> str:
    request, response = exchange["request"], exchange["response"]
    body = request.get("raw", request.get("raw_b64", ""))
    return f"{request['method']} {request['path']} {body[:500]} -> {response['status']}"
