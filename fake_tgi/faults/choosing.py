"""Which calls a fault strikes, and its being played on their frames.

A rule chooses by route, by the number of the call on that route, and by chance; chance follows from the
plan's seed, the rule and the request alone, so that it is the same in any order and however many ask at
once. With no rules, frames pass untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final

from ..call import Call
from ..chances import Chances
from ..fault_plans import (
    Close,
    Cut,
    Damage,
    Drip,
    EndEarly,
    ErrorStatus,
    Fault,
    FaultPlan,
    FaultRule,
    Gzip,
    HealthLies,
    Loading,
    Overload,
    ProxyPage,
    Resegment,
    Stall,
    WrongContentType,
)
from ..frames import Frame
from ..headers import JSON
from ..limits import Permits
from ..render.values import string
from ..tallies import LocalTally, Tally
from . import answers, cuts, edits
from .moment import Moment, answer
from .writing import FaultError, read_faults, spelled

__all__ = ["CHANGES", "FAULT_HEADER", "GENERATING", "Faults", "strike"]

FAULT_HEADER: Final = b"x-fake-tgi-fault"
"""Asks for faults on this one call, written as for `--fault`, where the server allows it."""

GENERATING: Final = frozenset(
    (
        "/",
        "/generate",
        "/generate_stream",
        "/v1/chat/completions",
        "/v1/completions",
        "/vertex",
        "/invocations",
    )
)
"""The routes that a rule without a route is about, by POST; and those of the hosted API below /models/."""

Change = Callable[[Any, Iterator[Frame], Moment], Iterator[Frame]]

CHANGES: Final[dict[type, Change]] = {
    ErrorStatus: answers.error_status,
    Overload: answers.overload,
    ProxyPage: answers.proxy_page,
    Loading: answers.loading,
    HealthLies: answers.health_lies,
    Cut: cuts.cut,
    EndEarly: cuts.end_early,
    Stall: cuts.stall,
    Close: cuts.close,
    Damage: edits.damage,
    WrongContentType: edits.content_type,
    Gzip: edits.gzip,
    Resegment: edits.resegment,
    Drip: edits.drip,
}


class Faults:
    """What goes wrong on one server: a plan, and how often its rules were asked.

    `clear` goes back to the plan that it was made with. `by_header` lets a call ask for its own faults.
    `tally` counts what was asked, which chance follows from; None: one of its own.
    """

    def __init__(
        self,
        plan: FaultPlan,
        clock: Callable[[], float],
        permits: Permits,
        *,
        model_id: str = "",
        by_header: bool = False,
        tally: Tally | None = None,
    ) -> None:
        self._first = plan
        self._tally = tally or LocalTally()
        self._clock = clock
        self._permits = permits
        self._model_id = model_id
        self.by_header = by_header
        self.plan = plan

    @property
    def plan(self) -> FaultPlan:
        """What goes wrong. Setting it starts all counts, and all loading, anew."""
        return self._plan

    @plan.setter
    def plan(self, plan: FaultPlan) -> None:
        self._plan = plan
        self._chances = Chances(plan.seed, self._tally)
        self._chances.clear()
        self._counts = [0] * len(plan.rules)
        self._salts = [b"%d:%b" % (index, repr(rule.fault).encode()) for index, rule in enumerate(plan.rules)]
        self._since = [self._clock()] * len(plan.rules)

    @property
    def ordered(self) -> bool:
        """Whether a rule goes by the number of a call."""
        return any(rule.when.first != 1 or rule.when.times is not None for rule in self._plan.rules)

    @property
    def counts(self) -> tuple[int, ...]:
        """How many calls each rule was about so far, struck or not."""
        return tuple(self._counts)

    def add(self, *rules: FaultRule) -> None:
        """Rules behind those there are, whose counts go on."""
        counts, since = self._counts, self._since
        self.plan = FaultPlan((*self._plan.rules, *rules), self._plan.seed)
        self._counts[: len(counts)], self._since[: len(since)] = counts, since

    def clear(self) -> None:
        """The plan of the beginning, with nothing counted."""
        self.plan = self._first

    def apply(
        self, call: Call, frames: Iterator[Frame], tell: Callable[[str], None] | None = None
    ) -> Iterator[Frame]:
        """`frames` as they are to be played: themselves, where nothing goes wrong.

        `tell` is called with the text of each fault when it strikes. Close what is returned: it closes
        `frames`.
        """
        if not (self._plan.rules or self.by_header):
            return frames
        asked = call.header(FAULT_HEADER) if self.by_header else None
        try:
            chosen = self._chosen(call)
            if asked is not None:
                since = self._clock()  # a server that one call finds loading has just begun to
                chosen += [
                    (rule.fault, since)
                    for rule in read_faults(asked)
                    if not isinstance(rule.fault, HealthLies) or _concerns(rule, call)
                ]
        except FaultError as error:
            said = string(f"{FAULT_HEADER.decode()}: {error}")
            return answer(400, JSON, b'{"error":%b,"error_type":"fault"}' % said)
        if not chosen:
            return frames
        return strike(
            call,
            chosen,
            frames,
            clock=self._clock,
            permits=self._permits,
            model_id=self._model_id,
            tell=tell,
        )

    def _chosen(self, call: Call) -> list[tuple[Fault, float]]:
        chosen: list[tuple[Fault, float]] = []
        ticket: bytes | None = None
        for index, rule in enumerate(self._plan.rules):
            if not _concerns(rule, call):
                continue
            when = rule.when
            self._counts[index] = number = self._counts[index] + 1
            if when.rate < 1:
                if ticket is None:  # one for each call, so that rules do not disturb each other
                    ticket = self._chances.ticket(b"%b\0%b" % (_asked(call), call.body))
                if self._chances.random(ticket, self._salts[index]).random() >= when.rate:
                    continue
            if number >= when.first and (when.times is None or number < when.first + when.times):
                chosen.append((rule.fault, self._since[index]))
        return chosen


def strike(
    call: Call,
    faults: Sequence[tuple[Fault, float]],
    frames: Iterator[Frame],
    *,
    clock: Callable[[], float],
    permits: Permits,
    model_id: str,
    tell: Callable[[str], None] | None,
) -> Generator[Frame, None, None]:
    """`frames` with these faults, one over the other; each with the time on `clock` when it was planned.

    `tell` is called with the text of each when it strikes.
    """
    layers = [frames]
    for fault, since in faults:
        moment = Moment(call, clock, permits, model_id, since, _once(tell, fault))
        layers.append(CHANGES[type(fault)](fault, layers[-1], moment))
    try:
        yield from layers[-1]
    finally:
        for layer in reversed(layers):
            if isinstance(layer, Generator):
                layer.close()


def _once(tell: Callable[[str], None] | None, fault: Fault) -> Callable[[], None]:
    told = tell is None

    def struck() -> None:
        nonlocal told
        if not told:
            told = True
            assert tell is not None
            tell(spelled(fault))

    return struck


def _asked(call: Call) -> bytes:
    return f"{call.method} {call.path}?{call.query}".encode("utf-8", "surrogatepass")


def _concerns(rule: FaultRule, call: Call) -> bool:
    """Whether the call is on a route of the rule. Health has routes of its own, loading is everywhere."""
    route = rule.when.route
    if isinstance(rule.fault, HealthLies):
        return call.method in ("GET", "HEAD") and (
            call.path in answers.HEALTH_ROUTES if route is None else call.path == route
        )
    if route is not None:
        return call.path == route
    if isinstance(rule.fault, Loading):
        return True
    return call.method == "POST" and (call.path in GENERATING or call.path.startswith("/models/"))
