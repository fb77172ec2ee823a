"""Faults that answer instead of the model: errors, overload, a proxy's page, not ready, lies about health."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..fault_plans import ErrorStatus, HealthLies, Loading, Overload, ProxyPage
from ..frames import Frame, Head
from ..headers import JSON
from ..refusals import refusal
from ..render.values import string
from .moment import Moment, answer

__all__ = ["HEALTH_ROUTES", "error_status", "health_lies", "loading", "overload", "proxy_page"]

HEALTH_ROUTES: Final = frozenset(("/health", "/ping", "/"))
"""What load balancers ask, by GET."""

_LOADING_GUESS: Final = 20.0
"""Seconds that the hosted API says when it does not know."""

_REASONS: Final = {
    500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Temporarily Unavailable",
    504: "Gateway Time-out",
}  # fmt: skip


def error_status(fault: ErrorStatus, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """The status, and an error as TGI writes it."""
    moment.tell()
    body = b'{"error":%b,"error_type":%b}' % (string(fault.error), string(fault.error_type))
    yield from answer(fault.status, JSON, body)


def overload(fault: Overload, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """As if every slot were taken, and the router says so in its way: a stream has 200 and an event.

    TGI sends no Retry-After: with one, it is a gateway that answers, 429 on every route. An answer that no
    slot was needed for, such as a recording, is left alone.
    """
    if fault.retry_after is not None:
        moment.tell()
        yield from answer(
            429, (*JSON, (b"retry-after", b"%d" % fault.retry_after)), refusal("overloaded").body()
        )
        return
    permits = moment.permits
    while True:
        before = permits.turned_away
        with permits.refused():
            frame = next(frames, None)
        if frame is None:
            return
        if permits.turned_away > before:
            moment.tell()
        yield frame


def proxy_page(fault: ProxyPage, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """An HTML page, as nginx words it."""
    moment.tell()
    title = f"{fault.status} {_REASONS.get(fault.status, 'Error')}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        "<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    )
    yield from answer(fault.status, ((b"server", b"nginx"), (b"content-type", b"text/html")), page.encode())


def loading(fault: Loading, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """503 until ready: health checks as TGI words it, the others as the hosted API does."""
    left = _LOADING_GUESS
    if fault.seconds is not None:
        left = moment.since + fault.seconds - moment.clock()
        if left <= 0:
            yield from frames
            return
    moment.tell()
    if moment.call.method == "GET" and moment.call.path in HEALTH_ROUTES:
        body = refusal("health").body()
    else:
        said = string(f"Model {moment.model_id} is currently loading")
        body = b'{"error":%b,"estimated_time":%.1f}' % (said, left)
    yield from answer(503, JSON, body)


def health_lies(fault: HealthLies, frames: Iterator[Frame], moment: Moment) -> Iterator[Frame]:
    """What a health check says, though the model is as it is. The model is asked all the same.

    Whatever is not read with GET is no health check, and left alone.
    """
    if moment.call.method not in ("GET", "HEAD"):
        yield from frames
        return
    sick = refusal("health")
    status = 200 if fault.healthy else sick.status
    for frame in frames:
        if isinstance(frame, Head) and frame.status != status:
            moment.tell()
            kept = tuple(pair for pair in frame.headers if pair[0] != b"content-type")
            yield from (
                answer(status, kept, b"") if fault.healthy else answer(status, (*JSON, *kept), sick.body())
            )
            return
        yield frame
