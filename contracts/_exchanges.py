"""One whole exchange against every contract that applies to it.

In this order, each only if those before it hold: the status is one the route may give; the content type
and the headers are those of its form; the body, or each event and their sequence, keeps its schema; the
answer came on the channel it belongs to; it shows what the request asked for, and its headers measure
that; it says what the model produced, if the exchange knows.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from ._agreement import agreement
from ._answers import violations_of
from ._asked import Asked, asked
from ._endpoints import Answer, Header, everywhere, expected_answers
from ._framing import events_of, parsed
from ._measures import measures
from ._model_side import model_side
from ._schemas import violations
from ._streams import check_stream, route_of_stream
from ._validators import validator_of
from ._violation import Violation, shown

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = ["check_exchange"]

#: Headers that an answer has only if its form names them; and all that begin with `x-`.
_SIGNIFICANT = (
    "allow",
    "cache-control",
    "content-encoding",
    "location",
    "retry-after",
    "www-authenticate",
    "access-control-allow-methods",
    "access-control-allow-headers",
)

#: How the router begins a whole answer of chat and of completions.
_MARKS = {
    "/v1/chat/completions": '{"object":"chat.completion"',
    "/v1/completions": '{"object":"text_completion"',
}


def check_exchange(exchange: Mapping[str, Any]) -> list[Violation]:
    """Each way in which an exchange breaks its contracts; [] if it keeps them all.

    `exchange` is in the format of the recordings (schema Exchange). Needed are `request` (method, path, and
    the body as `json`, `raw` or `raw_b64`) and `response` (status, and chunks or chunks_b64); headers and
    `generations` are checked if they are there.
    """
    request, response = exchange["request"], exchange["response"]
    method, path, status = request["method"], request["path"], response["status"]
    if _unread(response):
        return []
    if method != method.upper():  # `get` is another method than GET
        method = "OTHER"
    try:
        forms = expected_answers(method, path, status)
    except LookupError as error:
        return [Violation("status", "status", str(error), str(status))]
    body = _body(response)
    if isinstance(body, Violation):
        return [body]
    wanted = asked(request, _answered(body))
    found, is_stream = _headers(path, response, forms, wanted, body, head=method == "HEAD")
    if found:
        return found
    value, found = _value(method, path, status, body, wanted, is_stream=is_stream)
    if found:
        return found
    if wanted is None:
        return []
    if status != 200:
        return list(_channel(wanted, status, value))
    if wanted.stream != is_stream:
        what = "a stream of events" if wanted.stream else "one answer"
        return [Violation("headers.content-type", "stream", what, "the other")]
    if not wanted.is_understood:
        return []
    generations = exchange.get("generations") or []
    found = [
        violation.inside(f"generations[{i}]")
        for i, each in enumerate(generations)
        for violation in violations(each, "RecordedGeneration")
    ]
    if found:
        return found
    found = list(agreement(wanted, value, is_stream=is_stream))
    if not found and "headers" in response:
        found = list(measures(dict(response["headers"]), wanted, value, is_stream=is_stream))
    found = found or list(model_side(wanted, value, generations, is_stream=is_stream))
    return [v.inside("body") if v.where.startswith("$") else v for v in found]


def _body(response: Mapping[str, Any]) -> str | Violation:
    chunks: list[str] | None = response.get("chunks")
    if chunks is not None:
        return "".join(chunks)
    sent = b"".join(map(base64.b64decode, response["chunks_b64"]))
    try:
        return sent.decode()
    except UnicodeDecodeError as error:
        if dict(response.get("headers", ())).get("content-type", "").startswith("image/"):
            return sent.decode(errors="surrogateescape")
        return Violation("body", "utf-8", "UTF-8", str(error))


def _answered(body: str) -> str | None:
    """The generating route whose form a body has, if it tells."""
    if body.startswith(("data:", ":")):
        route = route_of_stream(events_of(body)[0])
        return "/" if route == "/generate_stream" else route
    if body.startswith("["):
        return "/"
    return next((route for route, mark in _MARKS.items() if body.startswith(mark)), None)


def _value(
    method: str, path: str, status: int, body: str, wanted: Asked | None, *, is_stream: bool
) -> tuple[Any, list[Violation]]:
    """The body as a value, or the events' data, and what is wrong with it."""
    if is_stream:
        route = path.partition("?")[0] if wanted is None else wanted.route
        prompts = len(wanted.prompts) if wanted is not None and route == "/v1/completions" else None
        return events_of(body)[0], check_stream(body, path=route, prompts=prompts)
    value: Any = body
    if body and any(
        form.content_type == "application/json" for form in expected_answers(method, path, status)
    ):
        try:
            value = parsed(body)
        except ValueError:
            value = body
    return value, [v.inside("body") for v in violations_of(method, path, status, value)]


def _channel(wanted: Asked, status: int, value: Any) -> Iterator[Violation]:
    """What a stream tells by events must not be a status of its own."""
    kind = value.get("error_type") if isinstance(value, dict) else None
    event_only = (status in (424, 429, 500) and kind != "headers") or kind == "validation"
    if wanted.stream and status != 200 and event_only:
        yield Violation(
            "status", "channel", "200 and an event, for the request asks for a stream", str(status)
        )


def _headers(
    path: str,
    response: Mapping[str, Any],
    forms: tuple[Answer, ...],
    wanted: Asked | None,
    body: str,
    *,
    head: bool,
) -> tuple[list[Violation], bool]:
    """What is wrong with the headers, and whether the body is a stream of events."""
    if "headers" not in response:
        return [], forms[0].is_stream if len(forms) == 1 else body.startswith(("data:", ":"))
    headers = dict(response["headers"])
    given = headers.get("content-type")
    fitting = [form for form in forms if _fits(given, form)]
    if not fitting:
        expected = " or ".join(dict.fromkeys(form.content_type or "none" for form in forms))
        return [Violation("headers.content-type", "content type", expected, given or "none")], False
    told = []
    for form in fitting:
        found = _held_to(form, path, headers, response["headers"], wanted, body, head=head)
        if not found:
            return [], form.is_stream
        told.append(found)
    return told[0], fitting[0].is_stream


def _held_to(
    form: Answer,
    path: str,
    headers: Mapping[str, str],
    pairs: Sequence[Sequence[str]],
    wanted: Asked | None,
    body: str,
    *,
    head: bool,
) -> list[Violation]:
    """What is wrong with the headers (`pairs` as they came) for an answer of this form."""
    rules = {header.name: header for header in _header_rules(form, wanted, body)}
    found = [violation for header in rules.values() for violation in _header(header, headers)]
    given_names = [name for name, _ in pairs]
    for name in headers:
        if name != name.lower() or given_names.count(name) > 1:
            found.append(Violation(f"headers.{name}", "headers", "each name once, in lower case", name))
        if (name in _SIGNIFICANT or name.startswith("x-")) and name not in rules:
            found.append(Violation(f"headers.{name}", "headers", "no such header", headers[name]))
    for name, header in everywhere(path).items():
        if name in headers or name == "vary":
            found += _header(Header(name, header["description"], header["schema"]), headers)
    size = headers.get("content-length")
    sent = str(len(body.encode(errors="surrogateescape")))
    if size is not None and (not re.fullmatch("[0-9]+", size) if head else size != sent):
        found.append(Violation("headers.content-length", "length", "a number" if head else sent, size))
    return found


def _fits(given: str | None, form: Answer) -> bool:
    if form.content_type == "text/html":
        return given is not None and given.startswith("text/html")
    return given == form.content_type


def _unread(response: Mapping[str, Any]) -> bool:
    """Whether it never reached the router: the connection itself answers what is no HTTP, or too long."""
    names = [name for name, _ in response.get("headers", [["vary", ""]])]
    return (
        response["status"] in (400, 414, 431)
        and "vary" not in names
        and "content-type" not in names
        and not any(response.get("chunks") or response.get("chunks_b64") or ())
    )


def _header_rules(form: Answer, wanted: Asked | None, body: str) -> tuple[Header, ...]:
    """Those of the form; for /invocations, whose form is the request's, those of its own route."""
    route = _answered(body) if wanted is None else wanted.route
    if form.schema != "SagemakerResponse" or route is None:
        return form.headers
    own = expected_answers("POST", route, form.status)
    return next(each.headers for each in own if each.content_type == form.content_type)


def _header(header: Header, headers: Mapping[str, str]) -> Iterator[Violation]:
    value = headers.get(header.name)
    if value is None:
        yield Violation(f"headers.{header.name}", "headers", "this header", "none")
    elif not _header_validator(json.dumps(dict(header.schema))).is_valid(value):
        yield Violation(f"headers.{header.name}", "headers", shown(dict(header.schema)), value)


@cache
def _header_validator(schema: str) -> Validator:
    return validator_of(json.loads(schema))
