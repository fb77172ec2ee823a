"""Plans of what goes wrong, for tests of whatever must survive it."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

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
    When,
    WrongContentType,
)
from ..refusals import REFUSALS
from .asking import POST_ROUTES
from .segmentations import segmentations

__all__ = ["fault_plans"]

_PLACES: Final = ("after_tokens", "before_headers", "after_headers", "in_event", "in_character")
_DAMAGES: Final = ("no_json", "short", "no_utf8", "twice", "late", "oversized")


@cache
def _faults(odd: bool) -> st.SearchStrategy[Fault]:
    few, long = st.integers(0, 1000 if odd else 5), st.floats(0.0, 1e6 if odd else 0.05)
    optional_few = st.none() | few
    known: Any = st.sampled_from([(status, text, kind) for status, kind, text in REFUSALS.values()])
    statuses = st.tuples(st.integers(200, 599), st.text(max_size=5), st.text(max_size=5)) if odd else known
    types = (
        "text/html",
        "text/plain",
        "application/octet-stream",
        None,
        *(("", "application/jsón") if odd else ()),
    )
    # Those without parts come first: Hypothesis takes fewer choices for simpler, whatever is chosen.
    return st.one_of(
        st.just(Close()),
        st.just(Gzip()),
        st.builds(Cut, st.sampled_from(_PLACES), few, st.sampled_from(("close", "reset"))),
        st.builds(EndEarly, optional_few),
        statuses.map(lambda parts: ErrorStatus(*parts)),
        st.builds(Overload, optional_few),
        st.builds(ProxyPage, st.sampled_from((502, 503, 504))),
        st.builds(Stall, long, few),
        st.builds(Drip, st.integers(1, 50), long if odd else st.floats(0.0, 0.001)),
        st.builds(Resegment, segmentations(adversarial=odd)),
        st.builds(
            Damage,
            st.sampled_from(_DAMAGES),
            st.integers(1, 1000 if odd else 5),
            st.integers(1, 10**7 if odd else 10**5),
        ),
        st.builds(WrongContentType, st.sampled_from(types)),
        st.builds(Loading, st.none() | long),
        st.builds(HealthLies, st.booleans()),
    )


@cache
def fault_plans(*, adversarial: bool = False) -> st.SearchStrategy[FaultPlan]:
    """What goes wrong, and when: one fault of every kind there is, at some of the calls.

    Waits are short (50 ms at most, between drops 1 ms) and counts small, so that a test may play them. With
    `adversarial` up to four faults at once, of any size: seconds up to days, statuses that no server sends,
    damages far behind the end. Shrinks to one fault that always happens: without a reason for another,
    to the connection that is closed after the answer.
    """
    rates = st.sampled_from((1.0, 0.5))
    if adversarial:
        rates = st.floats(0.0, 1.0).map(lambda rest: 1.0 - rest)
    when = st.builds(
        When,
        rates,
        st.integers(1, 1000 if adversarial else 3),
        st.none() | st.integers(0, 1000 if adversarial else 3),
        st.none() | st.sampled_from(POST_ROUTES),
    )
    rules = st.lists(
        st.builds(FaultRule, _faults(adversarial), when), min_size=1, max_size=4 if adversarial else 1
    )
    return st.builds(FaultPlan, rules.map(tuple), st.integers(0, 2**64 - 1))
