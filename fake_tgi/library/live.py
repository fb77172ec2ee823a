"""Stubs in two states: one that is being said, and one that is in its place and can be asked.

What is said of its lifetime may be said before or after the answer; a stub that has answered does not change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..matching import Asked, Difference, FormError, RequestPattern
from ..matching.differences import hidden, shown
from ..stubs import Error, Faulty, Raw, Recorded, Step, Stub, Text, Tokens, ToolCall
from ..stubs.answer_of import answer_of
from ..stubs.faulty import faults_of
from ..stubs.form import read_answer
from ..stubs.origin import origin
from ..stubs.wire_answers import json_body
from .books import Begun
from .control import Control, StubGone
from .near_names import NearNames
from .seen import SeenRequest, SeenRequests, came
from .undisclosed import undisclosed

if TYPE_CHECKING:
    from typing_extensions import Self

    from ..fault_plans import Fault
    from ..generation import FinishReason, Token
    from ..recordings.recording import Recording
    from ..stubs import StubToken
    from .books import Books

__all__ = ["Lifetime", "LiveStub", "StubBuilder"]

__tracebackhide__ = hidden

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How often a stub answers, before which others, in which state of a scenario, and whether it must."""

    times: int | None = None
    priority: int = 0
    name: str | None = None
    step: Step | None = None
    required: bool = True


class _Lasting(NearNames, ABC):
    """What can be said of a stub's lifetime."""

    _what = "a stub"
    _lifetime: Lifetime

    @abstractmethod
    def _lasting(self, lifetime: Lifetime) -> Self:
        """The same with another lifetime."""

    def times(self, n: int) -> Self:
        """It answers `n` calls, and then is used up."""
        return self._lasting(replace(self._lifetime, times=n))

    def once(self) -> Self:
        """It answers one call."""
        return self.times(1)

    def priority(self, n: int) -> Self:
        """Stubs with a higher number are asked first; of equals, the newest. 0 unless said otherwise."""
        return self._lasting(replace(self._lifetime, priority=n))

    def named(self, name: str) -> Self:
        """What reports call it. Raises TypeError for what is no text."""
        if not isinstance(name, str):
            raise TypeError(f"named: expected a text, got {name!r}")
        return self._lasting(replace(self._lifetime, name=name))

    def optional(self) -> Self:
        """That no call uses it is fine."""
        return self._lasting(replace(self._lifetime, required=False))

    def in_scenario(self, name: str, state: str | None = None, *, then: str | None = None) -> Self:
        """It answers only while the scenario `name` is in `state` (None: in any), and leads to `then`.

        Scenarios begin in the state `start`.
        """
        return self._lasting(replace(self._lifetime, step=Step(name, state, then)))


class StubBuilder(_Lasting):
    """Which calls are meant; what they are answered with places the stub."""

    _what = "a stub that has no answer yet"

    def __init__(
        self,
        control: Control,
        books: Books,
        pattern: RequestPattern,
        lifetime: Lifetime | None = None,
        faults: tuple[Fault, ...] = (),
    ) -> None:
        self._control = control
        self._books = books
        self._pattern = pattern
        self._lifetime = lifetime or Lifetime()
        self._faults = faults
        books.begin(self, Begun(pattern, origin()))

    def fault(self, *faults: str | Fault) -> StubBuilder:
        """What goes wrong with this stub's answers, in the words of `--fault`: `"cut(tokens=3)"`.

        Say it before the answer. Raises FormError (a ValueError), also for what says which calls it strikes.
        """
        more = (*self._faults, *faults_of(faults))
        return StubBuilder(self._control, self._books, self._pattern, self._lifetime, more)

    def reply(self, text: str | Sequence[str], *more: str, finish: FinishReason = "eos_token") -> LiveStub:
        """The model writes this text, whole or in a stream; of several, one a call, the last from then on.

        It is stopped by the limits of the call. `finish` is why it ends if it is said whole. Several texts
        may stand side by side, `reply("a", "b")`, or in a list.
        """
        if not isinstance(text, str) and (isinstance(text, bytes) or not isinstance(text, Sequence)):
            raise FormError(Difference("text", "a text, or several in a list", shown(text)))
        texts = [text, *more] if isinstance(text, str) else [*text, *more]
        for each in texts:
            if not isinstance(each, str):
                raise FormError(Difference("text", "a text, or several", shown(each)))
        return self._answered([Text(each, finish) for each in texts])

    def stream(self, tokens: Sequence[str], *, finish: FinishReason = "eos_token") -> LiveStub:
        """The model writes exactly these tokens, one stream event each. No end token is added."""
        return self.tokens(tokens, finish=finish)

    def tokens(
        self, tokens: Sequence[str | StubToken | Token], *, finish: FinishReason = "eos_token"
    ) -> LiveStub:
        """The same, with ids, log-probabilities or `special` where a token says them."""
        return self._answered([Tokens(tokens, finish)])

    def call_tool(self, name: str, arguments: Mapping[str, Any] | None = None) -> LiveStub:
        """The model calls a tool."""
        if arguments is not None and not isinstance(arguments, Mapping):
            raise FormError(Difference("arguments", "an object with a value for each name", shown(arguments)))
        return self._answered([ToolCall(name, arguments or {})])

    def error(self, name: str, message: str | None = None, *, after_tokens: int | None = None) -> LiveStub:
        """The error with this name, a cause in the table of errors (`overload`), as the route says it.

        `message` replaces the free part of its text. `after_tokens` so many tokens come first, where the
        model is what fails. Raises FormError (a ValueError).
        """
        return self._answered([Error(name, message, after_tokens)])

    def raw(
        self,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        body: str | bytes | Sequence[str | bytes] = b"",
    ) -> LiveStub:
        """These bytes; of several pieces, each is one chunk of HTTP's. No content type is added."""
        return self._answered([Raw(body, status=status, headers=headers)])

    def json(self, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> LiveStub:
        """A JSON body."""
        named = {"content-type": "application/json", **(headers or {})}
        return self._answered([Raw(json_body(value), status=status, headers=named)])

    def recorded(self, exchange: str | Path | Recording) -> LiveStub:
        """The answer of a recorded exchange, to the byte, at once.

        A file with one in it, `FILE#NAME`, the name of one that comes with the contracts, or a Recording.
        """
        if isinstance(exchange, (str, Path)):
            return self._answered([read_answer({"exchange": str(exchange)})])
        return self._answered([Recorded(exchange)])

    def run(self, function: Callable[[Asked], Any]) -> LiveStub:
        """Whatever `function` makes of what is asked: a text, bytes, an answer, a Generation.

        It runs in a thread and may be a coroutine function. What it raises is kept: the call gets a 500. The
        fake must be in this process.
        """
        if not callable(function):
            raise FormError(Difference("function", "a function of what is asked", shown(function)))
        return self._answered([function])

    def answer(self, answer: Any) -> LiveStub:
        """Anything that stands for an answer: see `fake_tgi.stubs`."""
        return self._answered([answer])

    def in_order(self, *answers: Any) -> LiveStub:
        """One answer a call, in this order; the last one from then on."""
        return self._answered(list(answers))

    def _answered(self, answers: list[Any]) -> LiveStub:
        if self._faults:
            answers = [Faulty(answer_of(each), *self._faults) for each in answers]
        stub = LiveStub(self._control, self._pattern, answers, self._lifetime)
        self._books.stubs.append(stub)
        return stub

    def _used(self) -> None:
        """It is gone on with, or given an answer; a wrong one is told by itself."""
        self._books.finish(self)

    def _lasting(self, lifetime: Lifetime) -> StubBuilder:
        return StubBuilder(self._control, self._books, self._pattern, lifetime, self._faults)


class LiveStub(_Lasting):
    """A stub in its place. What it was last known to have done can be asked when it is gone, too."""

    def __init__(
        self, control: Control, pattern: RequestPattern, answers: list[Any], lifetime: Lifetime
    ) -> None:
        self._control = control
        self._pattern = pattern
        self._answers = answers
        self._lifetime = lifetime
        self._origin = origin()
        self._id = control.add_stub(self._stub(), self._origin)
        # What was last known of it, for when it is gone.
        self._hits = 0
        self._calls: list[SeenRequest] = []

    @property
    def id(self) -> int:
        """Its number."""
        return self._id

    @property
    def name(self) -> str:
        """What reports call it."""
        return self._lifetime.name or f"stub {self._id}"

    @property
    def required(self) -> bool:
        """Whether some call should use it."""
        return self._lifetime.required

    @property
    def called(self) -> bool:
        """Whether it has answered any call."""
        return self.call_count > 0

    @property
    def called_once(self) -> bool:
        """Whether it has answered one call, and not more."""
        return self.call_count == 1

    @property
    def call_count(self) -> int:
        """How many calls it has answered."""
        with suppress(StubGone):
            self._hits = self._control.hits(self._id)
        return self._hits

    @property
    def calls(self) -> list[SeenRequest]:
        """The calls it has answered, oldest first, as far as the journal remembers."""
        found = [event for event in self._control.events() if event.stub_id == self._id]
        if found:
            self._calls = [SeenRequest(self._control, event) for event in found]
        return SeenRequests(self._calls, "calls", self._so_far)

    def assert_called(self, times: int | None = None) -> None:
        """It has answered so many calls; None: at least one. Raises AssertionError."""
        __tracebackhide__ = True
        count = self.call_count
        if count != times if times is not None else not count:
            wanted = "at least one call" if times is None else f"{times} call{'s' * (times != 1)}"
            raise AssertionError(f"{self.name}: expected {wanted}, got {count}")

    def remove(self) -> None:
        """Takes it away. Raises StubGone (a LookupError) if it is not there."""
        _ = self.call_count, self.calls
        self._control.remove_stub(self._id)

    def _so_far(self) -> str:
        where = "" if self._origin is None else f" ({self._origin})"
        count = self.call_count
        answered = f"{self.name}{where} has answered {count or 'no'} call{'s' * (count > 1)}"
        return f"{answered}; {came([SeenRequest(self._control, event) for event in self._control.events()])}"

    def __repr__(self) -> str:
        return f"<{self.name}: {undisclosed(self._stub().as_json())}>"

    def _stub(self) -> Stub:
        lasts = self._lifetime
        return Stub(
            self._pattern,
            self._answers,
            times=lasts.times,
            priority=lasts.priority,
            step=lasts.step,
            name=lasts.name,
        )

    def _lasting(self, lifetime: Lifetime) -> Self:
        if self._control.hits(self._id):
            raise RuntimeError(f"{self.name} has answered already: say how often, and when, before that")
        before, self._lifetime = self._lifetime, lifetime
        if replace(before, required=lifetime.required) != lifetime:
            try:
                added = self._control.add_stub(self._stub(), self._origin)
            except BaseException:
                self._lifetime = before
                raise
            self._control.remove_stub(self._id)
            self._id = added
        return self
