"""What the fake saw: requests that can be asked, and that wait for the end of their answer when asked for it.

A request is there as soon as it came. How it was answered is known later: whoever asks for that waits for it,
at most a second, and then reads what there is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, SupportsIndex, overload

from ..matching import Asked
from ..matching.differences import differences
from .near_names import NearNames

if TYPE_CHECKING:
    from ..call import Call
    from ..journal import Ending, ServeEvent
    from .control import Control

__all__ = ["SeenRequest", "SeenRequests", "came", "line_of"]

_PATIENCE: Final = 1.0
_SHOWN: Final = 5


class SeenRequest(NearNames):
    """One request as it came, and how it was answered."""

    _what = "a request"

    def __init__(self, control: Control, event: ServeEvent) -> None:
        self._control = control
        self._event = event

    @property
    def id(self) -> int:
        """Its number in the journal, from 1."""
        return self._event.id

    @property
    def call(self) -> Call:
        """The request as a value; what is secret in its headers is redacted."""
        return self._event.call

    @property
    def method(self) -> str:
        """In upper case."""
        return self.call.method

    @property
    def route(self) -> str:
        """The path as sent, without the query."""
        return self.call.path

    @property
    def query(self) -> str:
        """What stands behind the question mark; empty if nothing does."""
        return self.call.query

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name; several values of one name are joined with commas."""
        return self._asked.headers

    @property
    def body(self) -> bytes:
        """The body as sent."""
        return self.call.body

    @property
    def json(self) -> Any:
        """The body, decoded. Raises ValueError for what is no JSON."""
        return json.loads(self.call.body)

    @property
    def inputs(self) -> Any:
        """The prompt, wherever the route keeps it: `inputs`, `prompt`, or the text of the last message."""
        return self._asked.inputs

    @property
    def messages(self) -> Any:
        """The conversation of a chat; None elsewhere."""
        return self._asked.messages

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Every parameter, under the name it was sent with."""
        return self._asked.parameters

    @property
    def model(self) -> str | None:
        """The model that was named, in the body or in the path."""
        return self._asked.model

    @property
    def streaming(self) -> bool:
        """Whether a stream was asked for."""
        return self._asked.streaming

    @property
    def generating(self) -> bool:
        """Whether it asks the model, and not for health or documents."""
        return self._asked.generating

    @property
    def stub(self) -> str | None:
        """What the stub that answered is called; None if none did."""
        return self._event.stub

    @property
    def status(self) -> int | None:
        """The status it was answered with; None if there was none."""
        return self._done.status

    @property
    def ended(self) -> Ending:
        """How the answer ended: complete, client left, cut by a fault, failed; or it is still in flight."""
        return self._done.ended

    @property
    def events(self) -> list[Any]:
        """The stream events that were sent, decoded; `[DONE]` is the text "[DONE]"."""
        return [_decoded(event) for event in self._done.events]

    @property
    def answer(self) -> bytes:
        """What was sent of the answer's body."""
        return self._done.body

    @property
    def faults(self) -> tuple[str, ...]:
        """What went wrong on purpose, in words: `cut(tokens=3)`."""
        return self._done.faults

    @property
    def seconds(self) -> float:
        """How long the answer took, on the fake's clock."""
        return self._done.seconds

    @property
    def event(self) -> ServeEvent:
        """The record in the journal, as far as it has come."""
        return self._event

    def assert_json_subset(self, expected: Mapping[str, Any]) -> None:
        """The body has at least these members, at any depth; None stands for one that was not sent.

        Raises AssertionError with every difference.
        """
        __tracebackhide__ = True
        found = list(differences(dict(expected), self._asked.body, "body", subset=True))
        if found:
            told = "\n".join(f"  {difference}" for difference in found)
            raise AssertionError(f"{self!r} is not as expected:\n{told}")

    def __repr__(self) -> str:
        return f"<request {self.id}: {self.method} {self.route}>"

    @cached_property
    def _asked(self) -> Asked:
        return Asked(self._event.call)

    @property
    def _done(self) -> ServeEvent:
        if self._event.ended == "in flight":
            self._control.settle(_PATIENCE)
            again = (event for event in self._control.events() if event.id == self.id)
            self._event = next(again, self._event)
        return self._event


class SeenRequests(list[SeenRequest]):
    """Requests in their order, called `name`. For one that is not there, `instead` says what there is."""

    def __init__(self, found: Iterable[SeenRequest], name: str, instead: Callable[[], str]) -> None:
        super().__init__(found)
        self._name = name
        self._instead = instead

    @overload
    def __getitem__(self, index: SupportsIndex, /) -> SeenRequest: ...

    @overload
    def __getitem__(self, index: slice, /) -> list[SeenRequest]: ...

    def __getitem__(self, index: SupportsIndex | slice, /) -> SeenRequest | list[SeenRequest]:
        __tracebackhide__ = True
        try:
            return super().__getitem__(index)
        except IndexError:
            raise IndexError(f"there is no {self._name}[{index}]: {self._instead()}") from None


def came(seen: Sequence[SeenRequest]) -> str:
    """What has come, in words: the newest few requests, a line each."""
    if not seen:
        return "no request has come"
    number = len(seen)
    lines = [f"{number} request{'s have' if number > 1 else ' has'} come:", *map(line_of, seen[-_SHOWN:])]
    return "\n  ".join(lines)


def line_of(seen: SeenRequest) -> str:
    """What was asked, in one line."""
    body = re.sub(r"\s+", " ", seen.body.decode("utf-8", "replace"))
    return f"{seen.id}. {seen.method} {seen.route} {body if len(body) <= 200 else body[:199] + '…'}"


def _decoded(event: bytes) -> Any:
    try:
        return json.loads(event)
    except ValueError:
        return event.decode("utf-8", "replace")
