"""What a test asked while its recording was played is asked of the real server, and the answers compared."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..player import Receive, Send
from ..recordings.keeping import Taken, recording_of
from ..recordings.recorder import read_body
from ..recordings.recording import Ended, Recording
from ..recordings.redaction import Redactor
from ..recordings.request_key import RequestKey, request_key
from ..recordings.upstream import Upstream, UpstreamDied, UpstreamError
from .drift import Drift, drift
from .taping import given

if TYPE_CHECKING:
    from ..app import Application

__all__ = ["Noting", "ask_again"]


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def key(self, redactor: Redactor) -> RequestKey:
        """As its recording has it: without what `redactor` takes for secrets."""
        redactor.learn(self.headers)
        media = next((value for name, value in self.headers if name == "content-type"), None)
        return request_key(self.method, redactor.target(self.target), media, redactor.text(self.body))


class Noting:
    """An ASGI application: `app`, and `requests` of what it was asked, as sent, secrets and all."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self.requests: list[_Request] = []

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await read_body(receive)
        if body is None:
            return
        raw, query = scope.get("raw_path"), scope["query_string"].decode("latin-1")
        path = raw.decode("latin-1") if raw is not None else scope["path"]
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"])
        self.requests.append(_Request(scope["method"], f"{path}?{query}" if query else path, headers, body))
        await self._app(scope, given(body, receive), send)


def ask_again(
    requests: Sequence[_Request], recordings: Sequence[Recording], upstream: Upstream, redactor: Redactor
) -> tuple[int, list[Drift]]:
    """How many of the requests are on the recording, and what has changed since.

    Several recordings of the same request are compared in their order, the last one again and again.
    """
    return asyncio.run(_ask_again(requests, recordings, upstream, redactor))


async def _ask_again(
    requests: Sequence[_Request], recordings: Sequence[Recording], upstream: Upstream, redactor: Redactor
) -> tuple[int, list[Drift]]:
    known: dict[tuple[str, str, bytes], list[Recording]] = {}
    for recording in recordings:
        media = dict(recording.request_headers).get("content-type")
        key = request_key(recording.method, recording.target, media, recording.body)
        known.setdefault((key.method, key.target, key.value), []).append(recording)
    asked, found = 0, []
    try:
        for request in requests:
            key = request.key(redactor)
            played = known.get((key.method, key.target, key.value))
            if not played:
                continue
            recording = played.pop(0) if len(played) > 1 else played[0]
            asked += 1
            try:
                taken = await _taken(request, upstream)
            except UpstreamError as error:
                what = f"{recording.method} {recording.target}"
                found.append(Drift("no answer", what, "answer", str(recording.status), str(error)))
                continue
            live = recording_of(taken, redactor, lambda line: None)
            if live is not None:
                found += drift(recording, live)
    finally:
        await upstream.close()
    return asked, list(dict.fromkeys(found))  # several answers may show the same


async def _taken(request: _Request, upstream: Upstream) -> Taken:
    at, began = time.time(), time.perf_counter()
    has_body = bool(request.body) or any(name == "content-length" for name, _ in request.headers)
    answer = await upstream.ask(
        request.method, request.target, list(request.headers), request.body if has_body else None
    )
    chunks: list[bytes] = []
    times: list[float] = []
    ended: Ended = "complete"
    try:
        async for data, _ in answer.pieces():
            chunks.append(data)
            times.append(time.perf_counter() - began)
    except UpstreamDied:
        ended = "upstream_died"
    finally:
        answer.close()
    return Taken(
        request.method, request.target, request.headers, request.body, answer.status, answer.headers,
        answer.chunked, tuple(chunks), tuple(times), ended, at,
    )  # fmt: skip
