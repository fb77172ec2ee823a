"""Answers of a router that are errors: whole ones, and streams that end in one."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from ..model import Condition
from ..settings import Settings
from ..sse import DONE
from .aims import Aim
from .causes import CAUSES
from .serving import Served, serving
from .values import Headers, ModelCall, Request, written_down

__all__ = ["Failure", "errors"]


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error, and what led to it.

    `cause` is one of the contracts' error table. `chunks` are the body as sent: of a stream its events, of
    anything else one piece at most. A server that gives this answer runs with `flags` (fields of `Settings`
    and their values; all others are the router's defaults), its model is in `condition`, and `template`
    stands in place of the model's ("" for none, None for its own).
    """

    cause: str
    request: Request
    status: int
    headers: Headers
    chunks: tuple[bytes, ...]
    calls: tuple[ModelCall, ...]
    flags: tuple[tuple[str, Any], ...]
    condition: Condition
    template: str | None

    @property
    def settings(self) -> Settings:
        """The settings of a server that gives this answer."""
        return Settings(**dict(self.flags))

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks)

    @property
    def streamed(self) -> bool:
        """Whether the error is an event in a stream with status 200."""
        return self.header("content-type") == "text/event-stream"

    @property
    def event(self) -> Any:
        """The error event's data, as JSON; None where the error is none.

        That is so outside of streams, and where a model that was to call a tool says something else: such a
        stream just ends.
        """
        found = [chunk for chunk in self.chunks if self.streamed and chunk.startswith(b'data: {"error"')]
        return json.loads(found[0].removeprefix(b"data: ")) if found else None

    @property
    def message(self) -> str:
        """What the server says went wrong; "" where it says nothing."""
        said = self.event if self.streamed else self._json()
        if not isinstance(said, dict):
            return "" if self.streamed else self.body.decode()
        error = said["error"]
        return str(error["message"] if isinstance(error, dict) else error)

    def _json(self) -> Any:
        return json.loads(self.body) if self.header("content-type") == "application/json" else None

    def header(self, name: str) -> str | None:
        """The value of a header, by its name in any case; None if it is not there."""
        return dict(self.headers).get(name.lower())

    def exchange(self, name: str = "drawn") -> dict[str, Any]:
        """Question, model and answer in the format of the recordings (contract Exchange).

        A model that fell silent is left out: a recorded generation either ends or has an error.
        """
        calls = () if self.cause == "incomplete" else self.calls
        return written_down(
            name, self.request, calls, self.status, self.headers, self.chunks, chunked=self.streamed
        )


def errors(
    route: str | None = None, *, stream: bool = False, cause: str | None = None, adversarial: bool = False
) -> st.SearchStrategy[Failure]:
    """Errors as the router answers with them, each with a request and a server that lead to it.

    `route` is a path, such as "/generate"; "/" is its POST, "GET /" the health check; None: any, unknown
    paths among them. With `stream` the request asks for a stream; most errors are then an event in it, with
    status 200, after the tokens that came before. `cause` is one of `bad_json`, `wrong_type`,
    `content_type`, `too_large`, `no_key`, `other_method`, `unknown_path`, `validation`, `overload`,
    `model_failure`, `incomplete`, `template`, `tool`, `grammar`, `batch`, `suffix` and `health`; None: any
    that the route knows. With `adversarial` what surrounds the error is odd: texts, numbers, messages.

    Raises ValueError where there is no such error: an unknown cause, a route that does not know it.
    """
    if cause is not None and cause not in CAUSES:
        raise ValueError(f"expected one of the causes {', '.join(CAUSES)}, got {cause!r}")
    found = [
        (name, path)
        for name in ([cause] if cause is not None else CAUSES)
        for path in _routes(name, stream)
        if route is None or path == route
    ]
    if not found:
        what = f"{cause or 'errors'} {'of streams' if stream else 'of whole answers'}"
        known = {path for name in ([cause] if cause else CAUSES) for path in _routes(name, stream)}
        raise ValueError(
            f"{route or 'no route'} knows no {what}; those that do are {', '.join(sorted(known))}"
        )
    return _errors(tuple(found), stream, adversarial)


def _routes(cause: str, stream: bool) -> tuple[str, ...]:
    if cause == "unknown_path":
        return () if stream else ("",)
    return CAUSES[cause].streamed if stream else CAUSES[cause].whole


@lru_cache(maxsize=256)
def _errors(
    found: tuple[tuple[str, str], ...], stream: bool, adversarial: bool
) -> st.SearchStrategy[Failure]:
    return st.sampled_from(found).flatmap(lambda each: _error(each[0], each[1], stream, adversarial))


@st.composite
def _error(draw: st.DrawFn, cause: str, path: str, stream: bool, adversarial: bool) -> Failure:
    request, situation = CAUSES[cause].provoke(draw, Aim(path, stream, adversarial))
    served = serving(situation, request, draw)
    assume(_is(cause, path, served))
    return Failure(
        cause,
        request,
        served.status,
        served.headers,
        served.chunks,
        served.calls,
        _flags(situation.settings),
        situation.condition,
        situation.template,
    )


def _flags(settings: Settings) -> tuple[tuple[str, Any], ...]:
    """The fields that are not the router's defaults."""
    usual = Settings()
    names = [item.name for item in fields(settings) if item.init]
    return tuple((n, getattr(settings, n)) for n in names if getattr(settings, n) != getattr(usual, n))


def _is(cause: str, path: str, served: Served) -> bool:
    """Whether the answer is the error that was to be provoked."""
    expected, refused = CAUSES[cause], served.refused
    if refused is None:
        return cause == "tool" and served.streamed and set(served.chunks) == {DONE}
    if expected.status is not None and served.status != expected.status:
        return False
    if path == "/vertex" and served.status == 500:  # its one word for every failure of a generation
        return True
    return expected.mark in refused.decode()
