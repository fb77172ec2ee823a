"""Errors by name: each cause in the table of errors, said as the route that is asked says it.

A cause arises where the router finds it, and so decides its face: before the body is looked at, in the
handler (a status, for streams as well), where a permit is taken (a stream has begun: an event), or in the
model (after some tokens). Routes that ask no model answer every cause with its status.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final, Literal

from ..call import Call
from ..frames import Body, Frame, Head
from ..infer import Infer
from ..matching import Asked, Difference, FormError
from ..matching.differences import hidden, sendable, shown
from ..refusals import Refusal, refusal
from .speech import FailingShard

if TYPE_CHECKING:
    from tgi_contracts import ErrorRow

    from ..serve import Endpoint
    from ..state import State

__all__ = ["CAUSES", "Cause", "Error"]

__tracebackhide__ = hidden


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a cause arises, the class of the router's refusal, what it says if nobody says more, its count.

    `message` None: the text has no free part. `counted` is the label of `tgi_request_failure`; None: not.
    """

    where: Literal["edge", "handler", "start", "model"]
    refusal: str = ""
    message: str | None = None
    counted: str | None = None


CAUSES: Final[dict[str, Cause]] = {
    "bad_json": Cause("edge", message=""),
    "wrong_type": Cause("edge", message=""),
    "content_type": Cause("edge"),
    "too_large": Cause("edge"),
    "no_key": Cause("edge"),
    "other_method": Cause("edge"),
    "unknown_path": Cause("edge"),
    "validation": Cause("start", "validation", "`max_new_tokens` must be strictly positive", "validation"),
    "grammar": Cause(
        "start", "validation", "grammar is not valid: Grammar must have a 'properties' field", "validation"
    ),
    "overload": Cause("start", "overloaded", None, "overloaded"),
    "model_failure": Cause("model", "generation", "CUDA out of memory"),
    "incomplete": Cause("model", "incomplete", None),
    "template": Cause("handler", "template", "template not found", "template"),
    "tool": Cause("handler", "tool", "Tool with name nope not found"),
    "batch": Cause("handler", "batch", "4", "validation"),
    "suffix": Cause("handler", "suffix", None, "validation"),
    "health": Cause("handler", "health", None),
}
"""By the names in errors.json."""


@dataclass(frozen=True, slots=True)
class Error:
    """The error with this name: a cause of errors.json, such as `overload` or `model_failure`.

    `message` replaces the free part of its text, where it has one. `after_tokens` so many tokens come first,
    where the model is what fails: then the ordinary answer begins. Raises FormError.
    """

    cause: str
    message: str | None = None
    after_tokens: int | None = None

    def __post_init__(self) -> None:
        known = CAUSES.get(self.cause) if isinstance(self.cause, str) else None
        if known is None:
            close = get_close_matches(str(self.cause), CAUSES, n=1)
            hint = f"{close[0]}?" if close else f"one of {', '.join(CAUSES)}"
            raise FormError(Difference("error", f"an error that there is: {hint}", shown(self.cause)))
        if self.message is not None and not (isinstance(self.message, str) and sendable(self.message)):
            raise FormError(Difference("message", "a text that UTF-8 can write", shown(self.message)))
        if self.message is not None and known.message is None:
            raise FormError(
                Difference("message", f"none: {self.cause} always has the same text", shown(self.message))
            )
        after = self.after_tokens
        if after is None:
            return
        if type(after) is not int or after < 0:
            raise FormError(Difference("after_tokens", "a number of tokens from 0", shown(after)))
        if known.where != "model":
            what = f"none: {self.cause} arises before the first token"
            raise FormError(Difference("after_tokens", what, shown(after)))

    def frames(self, state: State, call: Call, endpoint: Endpoint) -> Iterator[Frame]:
        cause = CAUSES[self.cause]
        if cause.where == "edge":
            return _at_the_edge(self.cause, self.message, call)
        message = self.message if self.message is not None else cause.message
        if cause.where == "handler" or not Asked(call).generating:
            return _refused(state, refusal(cause.refusal, message), cause.counted)
        if cause.where == "start":
            return endpoint(
                state.inferring(_Refusing(state.infer, refusal(cause.refusal, message), cause)), call
            )
        shard = FailingShard(state.infer.shard, message, self.after_tokens or 0)
        return endpoint(state.answered_by(shard), call)

    def as_json(self) -> dict[str, Any]:
        more = {"message": self.message, "after_tokens": self.after_tokens}
        return {"error": self.cause, **{name: value for name, value in more.items() if value is not None}}


class _Refusing(Infer):
    """The router's infer layer, but it refuses every generation."""

    def __init__(self, infer: Infer, refused: Refusal, cause: Cause) -> None:
        super().__init__(
            infer.shard, infer.validator, infer.permits, infer.health, infer.metrics, infer.clock
        )
        self._refused = refused
        self._counted = cause.counted

    def permit(self) -> None:
        if self._counted is not None:
            self.metrics.failed(self._counted)
        refused = self._refused
        # a new one each time: a traceback grows with every raise
        raise Refusal(refused.cause, refused.status, refused.error_type, refused.message)


def _refused(state: State, refused: Refusal, counted: str | None) -> Iterator[Frame]:
    state.metrics.asked()
    if counted is not None:
        state.metrics.failed(counted)
    raise refused
    yield  # makes this a generator, so that it is refused when it is played


def _at_the_edge(cause: str, message: str | None, call: Call) -> Iterator[Frame]:
    """What stands in the table, for this path if it is there."""
    answer = _row(cause, call).answer
    body = (answer["body"] or "").encode()
    if message:
        body = body.partition(b": ")[0] + b": " + message.encode()
    headers = {"content-type": answer["content_type"], **answer["headers"]}
    raw = tuple((name.encode(), value.encode()) for name, value in headers.items() if value is not None)
    yield Head(answer["status"], raw, len(body))
    if body:
        yield Body(body)


def _row(cause: str, call: Call) -> ErrorRow:
    from tgi_contracts import error_rows  # the table is read once somebody asks for an error

    path = "/" if call.path.startswith("/models/") else call.path
    rows = [row for row in error_rows() if row.cause == cause]
    return next((row for row in rows if row.path == path), rows[0])
