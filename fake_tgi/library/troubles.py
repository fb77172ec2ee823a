"""The verbs that say what goes wrong, as sentences: `fake.overloaded(times=2).then.cut(after_tokens=3)`.

Each verb strikes the next `times` calls (1 unless said otherwise; None: all from now on), and what stands
behind `then` those that follow. Calls are counted where the fault can strike: on `route`, or on every route
that asks the model; not-ready strikes everywhere, and a lie about health where health is asked. Two sentences
do not wait for one another: they begin with the same call.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

from ..fault_plans import (
    Close,
    Cut,
    Damage,
    Drip,
    EndEarly,
    ErrorStatus,
    Fault,
    FaultRule,
    Gzip,
    HealthLies,
    Loading,
    Overload,
    ProxyPage,
    Resegment,
    Stall,
    When,
    WrongContentType,
)
from ..faults import rules_of, spelled
from ..refusals import refusal
from ..segmentation import Segmentation
from ..stubs.error_answers import CAUSES
from ..stubs.origin import origin
from ..timing.durations import duration
from .books import Books, Planned
from .near_names import NearNames

if TYPE_CHECKING:
    from .control import Control

__all__ = ["VERBS", "Sentence", "Then", "Troubles"]

Times = int | None
Place = Literal["before_headers", "after_headers", "after_tokens", "in_event", "in_character"]
Damages = Literal["no_json", "short", "no_utf8", "twice", "late", "oversized"]

VERBS: Final[dict[str, tuple[str, ...]]] = {
    "error": ("error",),
    "overload": ("overloaded",),
    "proxy_page": ("html",),
    "cut": ("cut", "disconnect", "tcp_reset"),
    "end_early": ("end_early",),
    "stall": ("stall",),
    "drip": ("drip",),
    "resegment": ("resegment",),
    "damage": ("damage",),
    "content_type": ("content_type",),
    "gzip": ("gzip",),
    "close": ("hang_up",),
    "loading": ("loading",),
    "health": ("lie_about_health",),
}
"""What the fault of each name is said with."""


class Troubles(NearNames, ABC):
    """What can go wrong. Times are numbers of seconds or texts with a unit, such as "20ms"."""

    _what = "a sentence of faults"

    @abstractmethod
    def _say(self, fault: Fault | None, times: Times, route: str | None) -> Sentence:
        """The sentence up to here, in force."""

    def ok(self, times: Times = 1, *, route: str | None = None) -> Sentence:
        """Nothing goes wrong."""
        return self._say(None, times, route)

    def error(
        self,
        what: int | str = 500,
        message: str | None = None,
        *,
        error_type: str | None = None,
        times: Times = 1,
        route: str | None = None,
    ) -> Sentence:
        """This HTTP status with a JSON body as TGI writes it, or the error of that name with TGI's words.

        Streams get it instead of a stream, as from a gateway; what TGI itself sends in a stream is said with
        `fake.on(stream=True).error(name)`. Names are those of the table of errors that are refusals, such
        as `model_failure` (424). Raises ValueError for another one.
        """
        return self._say(_error(what, message, error_type), times, route)

    def overloaded(
        self, times: Times = 1, *, retry_after: int | None = None, route: str | None = None
    ) -> Sentence:
        """TGI's "Model is overloaded": 429, in a stream an event.

        With `retry_after` (seconds) it is a gateway that says so: 429 and the header, on every route.
        """
        return self._say(Overload(retry_after), times, route)

    def html(self, status: int = 502, *, times: Times = 1, route: str | None = None) -> Sentence:
        """A page of HTML, as a proxy sends it whose server does not answer."""
        return self._say(ProxyPage(status), times, route)

    def cut(
        self,
        after_tokens: int = 1,
        *,
        place: Place = "after_tokens",
        how: Literal["close", "reset"] = "close",
        times: Times = 1,
        route: str | None = None,
    ) -> Sentence:
        """The connection breaks after so many tokens; a whole answer counts as one.

        `place` says it more exactly: before the headers or after them (then no tokens are counted), or in
        the middle of the next event, or of a character in it.
        """
        return self._say(Cut(place, after_tokens, how), times, route)

    def disconnect(self, after_tokens: int = 1, *, times: Times = 1, route: str | None = None) -> Sentence:
        """The connection is closed after so many tokens, without an end of the answer."""
        return self.cut(after_tokens, times=times, route=route)

    def tcp_reset(self, after_tokens: int = 0, *, times: Times = 1, route: str | None = None) -> Sentence:
        """TCP resets the connection after so many tokens (0: after the headers)."""
        return self.cut(after_tokens, how="reset", times=times, route=route)

    def end_early(
        self, after_tokens: int | None = None, *, times: Times = 1, route: str | None = None
    ) -> Sentence:
        """A stream ends cleanly after so many tokens, without its final event (None: just before that)."""
        return self._say(EndEarly(after_tokens), times, route)

    def stall(
        self,
        after_tokens: int = 0,
        *,
        seconds: float | str,
        times: Times = 1,
        route: str | None = None,
    ) -> Sentence:
        """Nothing comes for so long after so many tokens (0: before the headers), and then the rest."""
        return self._say(Stall(_seconds(seconds), after_tokens), times, route)

    def drip(
        self,
        size: int = 1,
        *,
        seconds: float | str = 0.01,
        times: Times = 1,
        route: str | None = None,
    ) -> Sentence:
        """The body comes `size` bytes at a time, with so long in between."""
        return self._say(Drip(size, _seconds(seconds)), times, route)

    def resegment(self, *sizes: int, times: Times = 1, route: str | None = None) -> Sentence:
        """The body comes in pieces of these sizes in bytes (none: 1), again and again."""
        return self._say(Resegment(Segmentation(sizes or (1,), again=True)), times, route)

    def damage(
        self,
        how: Damages = "no_json",
        *,
        event: int = 1,
        size: int = 1_000_000,
        times: Times = 1,
        route: str | None = None,
    ) -> Sentence:
        """A stream event, counted from 1, is not as it should be.

        Its JSON is no JSON or cut short, its bytes are no UTF-8, it comes twice or after the one that
        follows it, or is blown up with white space to `size` bytes.
        """
        return self._say(Damage(how, event, size), times, route)

    def content_type(
        self, value: str | None = "text/html", *, times: Times = 1, route: str | None = None
    ) -> Sentence:
        """The header says something else than the body is; None: there is no such header."""
        return self._say(WrongContentType(value), times, route)

    def gzip(self, *, times: Times = 1, route: str | None = None) -> Sentence:
        """The body is compressed, and its header says so, whether or not the client asked for it."""
        return self._say(Gzip(), times, route)

    def hang_up(self, *, times: Times = 1, route: str | None = None) -> Sentence:
        """The connection is closed after a complete answer that promised to keep it."""
        return self._say(Close(), times, route)

    def loading(
        self, seconds: float | str | None = None, *, times: Times = None, route: str | None = None
    ) -> Sentence:
        """Not ready: 503 on every route, for so long, or for so many calls, or from now on."""
        return self._say(Loading(None if seconds is None else _seconds(seconds)), times, route)

    def lie_about_health(
        self, healthy: bool = True, *, times: Times = None, route: str | None = None
    ) -> Sentence:
        """The health check says this, whatever is true."""
        return self._say(HealthLies(healthy), times, route)


class Sentence(NearNames):
    """Faults on the calls that follow one another. `then` goes on with the next call."""

    _what = "a sentence of faults"

    def __init__(
        self, control: Control, books: Books, planned: Sequence[Planned], next_call: int | None
    ) -> None:
        self._control = control
        self._books = books
        self._planned = tuple(planned)
        self._next = next_call

    @property
    def then(self) -> Then:
        """What goes wrong afterwards. Raises ValueError where there is no afterwards."""
        if self._next is None:
            raise ValueError("what goes on for ever has nothing after it: say how many calls, with times=")
        return Then(self._control, self._books, self._planned, self._next)

    def optional(self) -> Sentence:
        """That no call comes for some of it is fine."""
        for planned in self._planned:
            planned.required = False
        return self

    @property
    def rules(self) -> tuple[FaultRule, ...]:
        """The faults, and when."""
        return tuple(planned.rule for planned in self._planned)

    @property
    def unstruck(self) -> list[str]:
        """Those that have not struck any call that the journal remembers, in words."""
        struck = {fault for event in self._control.events() for fault in event.faults}
        return [told for told in (spelled(rule.fault) for rule in self.rules) if told not in struck]

    def __repr__(self) -> str:
        return f"<faults: {', then '.join(spelled(rule.fault) for rule in self.rules) or 'none'}>"


class Then(Troubles):
    """The rest of a sentence."""

    def __init__(self, control: Control, books: Books, planned: Sequence[Planned], first: int) -> None:
        self._control = control
        self._books = books
        self._planned = tuple(planned)
        self._first = first

    def _say(self, fault: Fault | None, times: Times, route: str | None) -> Sentence:
        if times is not None and (type(times) is not int or times < 1):
            raise ValueError(f"times: expected a number of calls from 1, or None for all, got {times!r}")
        planned = self._planned
        if fault is not None:
            rule = FaultRule(fault, When(first=self._first, times=times, route=route))
            planned = (*planned, *_planned(self._control, self._books, [rule]))
        return Sentence(self._control, self._books, planned, None if times is None else self._first + times)


def spoken(control: Control, books: Books, faults: Sequence[str | FaultRule]) -> Sentence:
    """Faults that were written down, all from the next call."""
    rules = [rule for each in faults for rule in (rules_of([each]) if isinstance(each, str) else (each,))]
    return Sentence(control, books, _planned(control, books, rules), None)


def _planned(control: Control, books: Books, rules: Sequence[FaultRule]) -> list[Planned]:
    """What is for so many calls is said with some in mind; what goes on for ever is how things are."""
    control.add_faults(rules)
    planned = [Planned(rule, origin(), rule.when.times is not None) for rule in rules]
    books.planned += planned
    return planned


def _seconds(value: float | str) -> float:
    return duration(value) if isinstance(value, str) else float(value)


def _error(what: int | str, message: str | None, error_type: str | None) -> ErrorStatus:
    if isinstance(what, int):
        known = ErrorStatus(what)
        return ErrorStatus(what, message or known.error, error_type or known.error_type)
    cause = CAUSES.get(what)
    if cause is None or not cause.refusal:
        names = ", ".join(name for name, each in CAUSES.items() if each.refusal)
        raise ValueError(f"error: expected an HTTP status, or one of {names}; got {what!r}")
    if message is not None and cause.message is None:
        raise ValueError(f"message: expected none, for {what} always has the same text; got {message!r}")
    said = refusal(cause.refusal, cause.message if message is None else message)
    return ErrorStatus(said.status, said.message, error_type or said.error_type)
