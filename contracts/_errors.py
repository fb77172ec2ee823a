"""The table of errors: for each route and each cause, what the server answers.

errors.json states it on its own, not derived from any rule of the schemas; `check_error` holds an answer
to one row of it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from ._endpoints import EVENT_STREAM
from ._files import table
from ._framing import DONE, events_of
from ._violation import Violation, shown

__all__ = ["ErrorRow", "check_error", "error_causes", "error_rows"]


@dataclass(frozen=True, slots=True)
class ErrorRow:
    """One cause on one route. The members are those of the schema ErrorRow.

    `server` says what the server must be told beforehand: `flags` of the router, a `chat_template` in place
    of the model's (None: none), and what the `model` does: `fails_after` so many tokens with `error`,
    `vanishes_after` so many tokens without a word, `says` a text, or is not `healthy`. `request` has
    `headers` and `json` or `raw`. `answer` is what must come; `free` are names that stand in braces in its
    text for numbers that depend on the tokenizer. `recorded` names a recording that shows the same.
    """

    id: str
    method: str
    path: str
    stream: bool
    cause: str
    when: str
    request: Mapping[str, Any]
    answer: Mapping[str, Any]
    recorded: str | None
    server: Mapping[str, Any] = field(default_factory=dict)
    free: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.id


def error_rows() -> list[ErrorRow]:
    """All rows of errors.json, in its order. They are the caller's own."""
    rows: list[dict[str, Any]] = deepcopy(table("errors")["rows"])
    return [ErrorRow(**row | {"free": tuple(row.get("free", ()))}) for row in rows]


def error_causes() -> dict[str, str]:
    """Each cause in words."""
    causes: dict[str, str] = table("errors")["causes"]
    return dict(causes)


def check_error(row: ErrorRow, response: Mapping[str, Any]) -> list[Violation]:
    """Each way in which an answer is not the one of that row; [] if it is.

    `response` is in the format of the recordings (schema RecordedResponse): status, headers, chunks.
    """
    answer = row.answer
    if response["status"] != answer["status"]:
        return [Violation("status", "error table", str(answer["status"]), str(response["status"]))]
    headers = dict(response["headers"])
    found = [
        Violation(f"headers.{name}", "error table", wanted, headers.get(name, "none"))
        for name, wanted in answer["headers"].items()
        if headers.get(name) != wanted
    ]
    if headers.get("content-type") != answer["content_type"]:
        got = headers.get("content-type", "none")
        return [*found, Violation("headers.content-type", "error table", str(answer["content_type"]), got)]
    body = "".join(response["chunks"])
    if answer["content_type"] == EVENT_STREAM:
        return [*found, *_stream(row, body)]
    return [*found, *_alike(answer["body"], _value(body, answer["body"]), row.free, "body")]


def _value(body: str, wanted: Any) -> Any:
    if isinstance(wanted, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return body


def _stream(row: ErrorRow, body: str) -> Iterator[Violation]:
    answer = row.answer
    events, found = events_of(body)
    yield from found
    if (DONE in events) != answer["done"]:
        yield Violation("events", "error table", DONE if answer["done"] else f"no {DONE}", shown(events[-1:]))
    events = [event for event in events if event != DONE]
    errors = [event for event in events if "error" in event]
    if len(events) - len(errors) != answer["tokens_before"]:
        yield Violation("events", "error table", f"{answer['tokens_before']} tokens", shown(events))
    wanted = [] if answer["event"] is None else [answer["event"]]
    if len(errors) != len(wanted):
        yield Violation("events", "error table", shown(wanted), shown(errors))
        return
    for error, each in zip(errors, wanted, strict=True):
        yield from _alike(each, error, row.free, "events")


def _alike(wanted: Any, got: Any, free: tuple[str, ...], where: str) -> Iterator[Violation]:
    pattern = re.escape(json.dumps(wanted, sort_keys=True))
    for name in free:
        pattern = pattern.replace(re.escape(f"{{{name}}}"), "[0-9]+")
    if re.fullmatch(pattern, json.dumps(got, sort_keys=True)) is None:
        yield Violation(where, "error table", shown(wanted, 400), shown(got, 400))
