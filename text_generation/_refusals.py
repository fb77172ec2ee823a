"""From a refusal to an error: status, headers and body in, an exception out. No I/O.

The order is the published one: a known `error_type` decides, else the status. Only where the published
client crashed (no JSON, no `error` key, OpenAI-style errors) do other sources count: the `code` in the
body, and TGI's fixed message openings, because chat streams report every failure as 422 without a type.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NamedTuple

from . import errors as e
from ._hints import explained
from ._wire import WireRequest

__all__ = ["error_for_answer", "error_for_event", "error_for_payload", "retry_after"]

BY_TYPE: Mapping[str, type[e.TextGenerationError]] = {
    "generation": e.GenerationError,
    "incomplete_generation": e.IncompleteGenerationError,
    "incomplete_generation_stream": e.IncompleteGenerationError,
    "Incomplete generation": e.IncompleteGenerationError,  # /vertex
    "overloaded": e.OverloadedError,
    "validation": e.ValidationError,
    "Input validation error": e.ValidationError,  # /vertex
    "suffix not supported": e.ValidationError,
    "batch size exceeded": e.ValidationError,
    "template_error": e.TemplateError,
    "missing_template_variable": e.TemplateError,
    "tool_error": e.ToolError,
    "healthcheck": e.ServiceUnavailableError,
}

BY_STATUS: Mapping[int, type[e.TextGenerationError]] = {
    400: e.BadRequestError,
    401: e.AuthenticationError,
    403: e.ShardNotReadyError,
    404: e.NotFoundError,
    413: e.RequestTooLargeError,
    424: e.ShardNotReadyError,
    429: e.RateLimitExceededError,
    502: e.ServiceUnavailableError,
    503: e.ServiceUnavailableError,
    504: e.ShardTimeoutError,
}

# How TGI's messages begin, whatever wraps them (router/src/infer/mod.rs, InferError).
BY_OPENING: tuple[tuple[str, type[e.TextGenerationError]], ...] = (
    ("Request failed during generation", e.GenerationError),
    ("Model is overloaded", e.OverloadedError),
    ("Input validation error", e.ValidationError),
    ("Incomplete generation", e.IncompleteGenerationError),
    ("Template error", e.TemplateError),
    ("Tool error", e.ToolError),
)

_TAGS = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title\s*>", re.IGNORECASE | re.DOTALL)
_BODY_LIMIT = 1 << 16  # characters of a body that an error keeps


class _Finding(NamedTuple):
    message: str
    error_type: str | None
    code: int | None
    published: bool  # the body has the shape that the published client could read


def _finding(payload: Any) -> _Finding:
    """What a decoded body says, whichever style it has."""
    if isinstance(payload, Mapping):
        kind = payload.get("error_type")
        kind = kind if isinstance(kind, str) else None
        error = payload.get("error")
        if isinstance(error, str):
            return _Finding(error, kind, None, True)
        if isinstance(error, Mapping):
            inner = _finding(error)
            inner_type = error.get("error_type") or error.get("type")
            code = error.get("http_status_code") or error.get("code") or error.get("status")
            number = int(code) if isinstance(code, int | str) and str(code).isdigit() else None
            found = kind or (inner_type if isinstance(inner_type, str) else None)
            return _Finding(inner.message, found, number, False)
        if error:
            return _Finding(_joined(error), kind, None, False)
        for key in ("message", "detail", "details", "msg", "error_message", "errors", "title", "reason"):
            if payload.get(key):
                return _Finding(_joined(payload[key]), kind, None, False)
    return _Finding(_joined(payload), None, None, False)


def _joined(value: Any) -> str:
    """A message out of whatever stands where a message is expected."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        for key in ("message", "msg", "detail", "error"):
            if isinstance(value.get(key), str):
                place = value.get("loc")
                where = ".".join(map(str, place)) + ": " if isinstance(place, list | tuple) else ""
                return f"{where}{value[key]}"
    if isinstance(value, list | tuple) and value:
        return "; ".join(_joined(one) for one in value)
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _class_for(status: int, finding: _Finding) -> type[e.TextGenerationError]:
    known = BY_TYPE.get(finding.error_type or "")
    if known is not None:
        return known
    if finding.published and status >= 300:
        return BY_STATUS.get(status, e.UnknownError)
    for opening, cls in BY_OPENING:
        if finding.message.startswith(opening):
            return cls
    number = finding.code if finding.code is not None and (status < 300 or status == 422) else status
    if number in BY_STATUS:
        return BY_STATUS[number]
    return e.ValidationError if number == 422 else e.UnknownError


def error_for_payload(status: int, payload: Any) -> e.TextGenerationError:
    """The error that a status and a decoded JSON body stand for."""
    finding = _finding(payload)
    error = _class_for(status, finding)(finding.message or _reason(status))
    error.status = status
    error.error_type = finding.error_type
    error.body = json.dumps(payload, ensure_ascii=False, default=str)[:_BODY_LIMIT]
    return explained(error)


def error_for_event(
    data: str, status: int, headers: Mapping[str, str], request: WireRequest | None, named: bool
) -> e.TextGenerationError | None:
    """The error that one event of a stream reports; None when it is none.

    `named` says that the event itself was called `error`, so that any content counts as its message.
    """
    try:
        payload = json.loads(data)
    except ValueError:
        if not named:
            return None
        payload = data
    if not named and not (isinstance(payload, Mapping) and payload.get("error")):
        return None
    error = error_for_payload(status, payload)
    error.headers, error.body, error.request = headers, data[:_BODY_LIMIT], request
    return error


def error_for_answer(
    status: int, headers: Mapping[str, str], body: bytes, request: WireRequest | None
) -> e.TextGenerationError:
    """The error that a refused request ends in, whatever its body: JSON, plain text, HTML, nothing."""
    text = body.decode("utf-8", "replace")
    try:
        payload: Any = json.loads(text) if text.strip() else None
    except ValueError:
        payload = _plain(text, headers.get("content-type", ""))
    error = error_for_payload(status, payload)
    error.headers, error.body, error.request = headers, text[:_BODY_LIMIT], request
    error.retry_after = retry_after(headers)
    return error


def _plain(text: str, content_type: str) -> str:
    """The readable part of a body that is no JSON: the title of a page, or the text itself."""
    if "html" in content_type.lower() or text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = html.unescape(title[1] if title and title[1].strip() else _TAGS.sub(" ", text))
        text = " ".join(text.split())
    return text.strip()[:2000]


def _reason(status: int) -> str:
    """What to say when the server said nothing."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "unknown status"
    return f"{status} {phrase} (the server sent no message)"


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds to wait as the server asks: `retry-after-ms`, or `Retry-After` in seconds or as a date."""
    try:
        if "retry-after-ms" in headers:
            return max(0.0, float(headers["retry-after-ms"]) / 1000)
        value = headers.get("retry-after", "").strip()
        if not value:
            return None
        try:
            seconds = float(value)
        except ValueError:
            import time

            seconds = parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now)
    except (ValueError, TypeError, OverflowError):
        return None
    return max(0.0, seconds) if seconds < float("inf") else None
