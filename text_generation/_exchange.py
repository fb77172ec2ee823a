"""The life of one call, whichever library carries it: attempts, redirects, clocks, meta, log, trace. No I/O.

A driver sends `request`, tells what came (`head`, `answer`, `failed`) and does what it is told: read on,
send again after a pause, or raise. Both drivers go through here, so both behave alike.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urljoin, urlsplit

from . import _redact
from ._headers import merged
from ._hints import explained
from ._operations import Operation, unreadable
from ._refusals import error_for_answer
from ._retry import Retries, RetryBudget, delay_before_retry
from ._streams import StreamReader
from ._timeouts import Clocks, Timeouts
from ._tracing import Trace, TraceEvent, tell, traceparent
from ._wire import WireRequest
from .errors import InvalidResponseError, TextGenerationError
from .meta import Meta

__all__ = ["Exchange", "Settings"]

A = TypeVar("A")
E = TypeVar("E")

_log = logging.getLogger("text_generation")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MOST_REDIRECTS = 5
# A page or a document cannot hold an event stream; every other type gets the benefit of the doubt.
_NO_STREAM = ("text/html", "application/json", "application/xhtml+xml", "application/problem+json")


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client, or a single call, wants of every exchange."""

    timeouts: Timeouts
    headers: Mapping[str, Any] | None = None
    cookies: Mapping[str, Any] | None = None
    retries: Retries = field(default_factory=Retries)
    budget: RetryBudget | None = None
    trace: Trace | None = None
    user_agent: str = "text-generation"
    authorization: str | None = None
    """From the environment; the caller's own Authorization wins."""
    chance: random.Random = field(default_factory=random.Random)


class Exchange(Generic[A, E]):
    """One call. Make one per call; nothing in it is shared."""

    __slots__ = ("_redirects", "_settings", "_stream", "_when", "clocks", "meta", "operation", "request")

    def __init__(self, operation: Operation[A, E], settings: Settings, stream: bool) -> None:
        now = time.monotonic()
        self.operation = operation
        self._settings = settings
        self._stream = stream
        self._redirects = 0
        self.clocks = Clocks(settings.timeouts, now)
        self.meta = Meta()
        self.meta._started = self._when = now
        ours = {"User-Agent": settings.user_agent, "Accept": "text/event-stream" if stream else "*/*"}
        # A compressing proxy would hold tokens back.
        ours["Accept-Encoding"] = "identity" if stream else "gzip, deflate"
        if operation.body is not None:
            ours["Content-Type"] = "application/json"
        if settings.authorization is not None:
            ours["Authorization"] = settings.authorization
        span = traceparent()
        if span is not None:
            ours["traceparent"] = span
        headers = merged(ours, settings.headers, settings.cookies)
        self.request = WireRequest(operation.method, operation.url, headers, operation.body)

    def started(self) -> None:
        """The request goes out now."""
        meta = self.meta
        meta.attempts += 1
        if meta._times:
            del meta._times[:], meta._counts[:]
        self.clocks.start(time.monotonic())
        if _log.isEnabledFor(logging.DEBUG):
            shown = _redact.headers(self.request.headers)
            _log.debug("%s %s %s", self.request.method, _redact.url(self.request.url), shown)
        if self._settings.trace is not None:
            self._tell("request", url=_redact.url(self.request.url), attempt=meta.attempts)

    def head(self, status: int, headers: Mapping[str, str]) -> bool:
        """Status and headers came. True when this is a redirect and `request` is now the next one to send."""
        meta = self.meta
        meta.status = status
        meta._headers = headers
        if _log.isEnabledFor(logging.DEBUG):
            _log.debug("%s %s", status, _redact.headers(meta.headers))
        if self._settings.trace is not None:
            self._tell("response", status=status)
        if status in _REDIRECTS and "location" in headers:
            self._redirect(status, headers["location"])
            return True
        return False

    def reader(self) -> StreamReader[E] | None:
        """A reader for the body of a stream; None when the body must be read whole and given to `refusal`."""
        status, headers = self.meta.status or 0, self.meta._headers
        protocol = self.operation.protocol
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if protocol is None or not 200 <= status < 300 or kind in _NO_STREAM:
            return None
        return StreamReader(protocol, status, self.meta.headers, self.request)

    def refusal(self, body: bytes) -> TextGenerationError:
        """The error for an answer that is no stream, or no success."""
        status, headers = self.meta.status or 0, self.meta.headers
        if 200 <= status < 300:
            if b'"error"' in body[:4096] and body.lstrip()[:1] == b"{":
                return error_for_answer(status, headers, body, self.request)
            kind = headers.get("content-type") or "no content type"
            error = InvalidResponseError(f"Expected an event stream, got {kind}. {unreadable(body)}")
            error.body = body.decode("utf-8", "replace")[: 1 << 16]
            return self.described(error)
        return error_for_answer(status, headers, body, self.request)

    def answer(self, body: bytes) -> A:
        """The whole body came: what it means. Raises the refusal or what makes it unreadable."""
        meta = self.meta
        if not 200 <= (meta.status or 0) < 300:
            raise error_for_answer(meta.status or 0, meta.headers, body, self.request)
        try:
            answer = self.operation.read(body)
        except InvalidResponseError as error:
            if b'"error"' in body[:4096] and body.lstrip()[:1] == b"{":
                raise error_for_answer(meta.status or 200, meta.headers, body, self.request) from None
            raise self.described(error) from error.__cause__
        return self.finished(answer)

    def finished(self, answer: A) -> A:
        """The call succeeded: give the answer its meta and its parsed object."""
        operation, meta = self.operation, self.meta
        self.ended()
        if operation.usage is not None:
            meta.usage = operation.usage(answer)
        if operation.parse is not None:
            try:
                object.__setattr__(answer, "_parsed", operation.parse(answer))
            except TextGenerationError as error:
                raise self.described(error) from error.__cause__
        attach(answer, meta)
        return answer

    def ended(self) -> None:
        """Nothing more will come, and nothing failed."""
        meta = self.meta
        if meta.elapsed is None:
            meta.elapsed = time.monotonic() - meta._started
            if self._settings.budget is not None:
                self._settings.budget.earn()
            if self._settings.trace is not None:
                self._tell("end", **meta.as_dict())

    def came(self) -> None:
        """A piece of the stream came, just now."""
        self._when = time.monotonic()

    def arrived(self, count: int) -> None:
        """The stream has this many items now; the last of them came with the last piece."""
        meta, when = self.meta, self._when
        if not meta._times:
            if self._settings.trace is not None:
                self._tell("first_token", seconds=when - meta._started)
        elif meta._times[-1] == when:
            meta._counts[-1] = count
            return
        meta._times.append(when)
        meta._counts.append(count)

    def failed(self, error: TextGenerationError) -> float:
        """An attempt failed. Seconds to wait before sending again; raises the error when it is final."""
        self.described(error)
        settings = self._settings
        delay = delay_before_retry(settings.retries, self.meta.attempts, error, settings.chance.random)
        now = time.monotonic()
        may = delay is not None and self.clocks.allows(delay, now)
        if delay is None or not may or (settings.budget is not None and not settings.budget.spend()):
            self.meta.elapsed = now - self.meta._started
            if settings.trace is not None:
                self._tell("error", error=type(error).__name__, message=str(error), status=error.status)
            raise error
        _log.warning(
            "%s: %s (%s); trying again in %.2f s", self.operation.name, type(error).__name__, error, delay
        )
        self._tell("retry", error=type(error).__name__, delay=delay, attempt=self.meta.attempts)
        return delay

    def described(self, error: TextGenerationError) -> TextGenerationError:
        """Give an error what is known about the call."""
        if error.request is None:
            error.request = self.request
        if error.status is None and self.meta.status is not None:
            error.status, error.headers = self.meta.status, self.meta.headers
        return error if error.hint else explained(error)

    def _redirect(self, status: int, location: str) -> None:
        """Follow a redirect as the method allows: a POST is only sent again where the status says so."""
        request = self.request
        url = urljoin(request.url, location)
        old, new = urlsplit(request.url), urlsplit(url)
        self._redirects += 1
        reason = None
        if request.method != "GET" and status not in (307, 308):
            reason = "a POST cannot follow it"
        elif self._redirects > _MOST_REDIRECTS:
            reason = f"after {_MOST_REDIRECTS} others"
        elif new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
            reason = "it leads away from HTTPS"
        if reason is not None:
            raise self.described(
                InvalidResponseError(
                    f"The server redirects ({status}) to {_redact.url(url)}, and {reason}. "
                    "Give the client that address if it is the right one."
                )
            )
        headers = dict(request.headers)
        if (old.scheme, old.netloc) != (new.scheme, new.netloc):
            for name in [name for name in headers if _redact.secret_name(name)]:
                del headers[name]
        self.request = WireRequest(request.method, url, headers, request.body)

    def _tell(self, kind: Any, **facts: Any) -> None:
        trace = self._settings.trace
        if trace is not None:
            tell(trace, TraceEvent(kind, self.operation.name, id(self), time.monotonic(), facts))


def attach(answer: Any, meta: Meta) -> None:
    """Give an answer its meta. A plain truth value (health) cannot carry one."""
    try:
        object.__setattr__(answer, "_meta", meta)
    except AttributeError:
        if not isinstance(answer, bool):
            raise
