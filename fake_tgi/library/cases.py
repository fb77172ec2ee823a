"""Every error that TGI can answer with, as cases for parametrised tests, and stubs that answer so.

The rows are those of the contracts' table of errors. A refusal that is a whole answer is given to the byte;
one that comes in a stream is made by the router, in the form of the route that asks.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..matching.asked import GENERATING
from ..refusals import refusal
from ..stubs import Error, Raw
from ..stubs.error_answers import CAUSES

if TYPE_CHECKING:
    from tgi_contracts import ErrorRow

    from .live import LiveStub
    from .stubbing import Stubbing

__all__ = ["Case", "fake_tgi_cases", "inject"]

_EVENT_STREAM: Final = "text/event-stream"

# By cause, what the client `text_generation` makes of it; only names, for this package does not know it.
_CLIENT_ERRORS: Final[dict[str, str]] = {
    "bad_json": "BadRequestError",
    "wrong_type": "ValidationError",
    "content_type": "UnknownError",
    "too_large": "RequestTooLargeError",
    "no_key": "AuthenticationError",
    "other_method": "UnknownError",
    "unknown_path": "NotFoundError",
    "validation": "ValidationError",
    "overload": "OverloadedError",
    "model_failure": "GenerationError",
    "incomplete": "IncompleteGenerationError",
    "template": "TemplateError",
    "tool": "ToolError",
    "grammar": "ValidationError",
    "batch": "ValidationError",
    "suffix": "ValidationError",
    "health": "ServiceUnavailableError",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One cause on one route: a row of the table of errors. Its text is its id, for `ids=str`."""

    row: ErrorRow

    @property
    def id(self) -> str:
        """Such as `generate_stream.overload`."""
        return self.row.id

    @property
    def route(self) -> str:
        """The path that the row is about."""
        return self.row.path

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self.row.stream

    @property
    def cause(self) -> str:
        """A name in the table's list of causes, such as `overload`."""
        return self.row.cause

    @property
    def when(self) -> str:
        """When TGI answers so, in words."""
        return self.row.when

    @property
    def status(self) -> int:
        """The HTTP status; 200 for an error that comes in a stream."""
        status: int = self.row.answer["status"]
        return status

    @property
    def in_stream(self) -> bool:
        """Whether the error is an event of a stream that has begun."""
        return bool(self.row.answer["content_type"] == _EVENT_STREAM)

    @property
    def client_error(self) -> str | None:
        """The name of the class in `text_generation.errors` that our client raises for it.

        None for the streams that TGI ends as if all were well.
        """
        body = self.row.answer.get("body")
        if isinstance(body, Mapping) and body.get("error_type") == "Incomplete generation":
            return "IncompleteGenerationError"  # what /vertex makes of every failure
        if self.in_stream and self.row.answer["event"] is None:
            return None
        return _CLIENT_ERRORS[self.cause]

    def __str__(self) -> str:
        return self.row.id


def fake_tgi_cases(route: str | None = None, *, cause: str | None = None) -> list[Case]:
    """The rows of a route (None: of all), or those of one cause. Raises ValueError for what there is not."""
    from tgi_contracts import error_rows

    rows = error_rows()
    for name, wanted, known in (
        ("route", route, sorted({row.path for row in rows})),
        ("cause", cause, sorted({row.cause for row in rows})),
    ):
        if wanted is not None and wanted not in known:
            raise ValueError(f"{name}: expected one of {', '.join(known)}, got {wanted!r}")
    return [Case(row) for row in rows if route in (None, row.path) and cause in (None, row.cause)]


def inject(verbs: Stubbing, case: Case) -> LiveStub:
    """A stub that answers with `case`: wherever the model is asked, or on the row's own path."""
    if not isinstance(case, Case):
        raise TypeError(f"expected a case, one of fake_tgi_cases(...), got {case!r}")
    row = case.row
    builder = verbs.on(None if row.path in GENERATING else row.path).named(row.id)
    return builder.answer(_streamed(row) if case.in_stream else _whole(row.answer))


def _whole(answer: Mapping[str, Any]) -> Raw:
    body = answer["body"]
    if not isinstance(body, str):
        body = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    headers = {"content-type": answer["content_type"], **answer["headers"]}
    named = {name: value for name, value in headers.items() if value is not None}
    return Raw(_filled(body), status=answer["status"], headers=named)


def _streamed(row: ErrorRow) -> Error | Raw:
    event = row.answer["event"]
    if event is None:
        return Raw([b"data: [DONE]\n\n"], headers={"content-type": _EVENT_STREAM, **row.answer["headers"]})
    said = event["error"]
    said = _filled(said["message"] if isinstance(said, Mapping) else said)
    return Error(row.cause, _free_part(row.cause, said), row.answer["tokens_before"] or None)


def _free_part(cause: str, said: str) -> str | None:
    """What of a text follows no rule, for the cause to say it; None where all of it does."""
    known = CAUSES[cause]
    if known.message is None:
        return None
    before, _, after = refusal(known.refusal, "\0").message.partition("\0")
    return said[len(before) : len(said) - len(after)]


def _filled(text: str) -> str:
    """Numbers that depend on the model stand in braces; any will do."""
    from re import sub

    return sub(r"\{[a-z_]+\}", "7", text)
