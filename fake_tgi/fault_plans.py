"""Faults as values: what goes wrong with an answer, and with which answers.

Nothing here does anything. A plan is a list of rules; each rule applies its fault to the calls that it
chooses, in the order of the plan, so that faults compose. Tokens and events are counted from the start of
one answer, calls from the start of the server; both from 1. Times are in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from .segmentation import Segmentation

__all__ = [
    "SEED",
    "Close",
    "Cut",
    "Damage",
    "Drip",
    "EndEarly",
    "ErrorStatus",
    "Fault",
    "FaultPlan",
    "FaultRule",
    "Gzip",
    "HealthLies",
    "Loading",
    "Overload",
    "ProxyPage",
    "Resegment",
    "Stall",
    "When",
    "WrongContentType",
]


SEED: Final = f"an integer from 0 to {2**64 - 1}"
"""What is expected of a seed, here as elsewhere."""


def _at_least(name: str, value: float | None, least: float) -> None:
    if value is not None and not (isinstance(value, int | float) and value >= least):
        raise ValueError(f"`{name}` must be at least {least}, got {value!r}")


def _status(value: int) -> None:
    if not (isinstance(value, int) and 200 <= value <= 599):  # below, a client goes on waiting for an answer
        raise ValueError(f"`status` must be an HTTP status from 200 to 599, got {value!r}")


@dataclass(frozen=True, slots=True)
class ErrorStatus:
    """The call is answered with an error: this status, and TGI's JSON body with these words."""

    status: int = 500
    error: str = "Incomplete generation"
    error_type: str = "incomplete_generation"

    def __post_init__(self) -> None:
        _status(self.status)


@dataclass(frozen=True, slots=True)
class Overload:
    """TGI's own overload answer, 429; with a Retry-After header of so many seconds, or (None) without."""

    retry_after: int | None = None

    def __post_init__(self) -> None:
        _at_least("retry_after", self.retry_after, 0)


@dataclass(frozen=True, slots=True)
class ProxyPage:
    """What a proxy in front of the server sends when it gets no answer: an HTML page."""

    status: int = 502

    def __post_init__(self) -> None:
        _status(self.status)


@dataclass(frozen=True, slots=True)
class Cut:
    """The connection breaks.

    `place`: before the headers; after them; after `tokens` tokens; in the middle of the next event, or of a
    character in it, after `tokens` tokens. Of a whole answer the body counts as one token. `how`: the
    connection is closed, or reset by TCP.
    """

    place: Literal["before_headers", "after_headers", "after_tokens", "in_event", "in_character"] = (
        "after_tokens"
    )
    tokens: int = 1
    how: Literal["close", "reset"] = "close"

    def __post_init__(self) -> None:
        _at_least("tokens", self.tokens, 0)


@dataclass(frozen=True, slots=True)
class EndEarly:
    """The stream ends cleanly after so many tokens, without its final event; None: just before that."""

    tokens: int | None = None

    def __post_init__(self) -> None:
        _at_least("tokens", self.tokens, 0)


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing is sent for so long after `tokens` tokens (0: before the headers)."""

    seconds: float
    tokens: int = 0

    def __post_init__(self) -> None:
        _at_least("seconds", self.seconds, 0)
        _at_least("tokens", self.tokens, 0)


@dataclass(frozen=True, slots=True)
class Drip:
    """The body comes so many bytes at a time, with so long in between."""

    size: int = 1
    seconds: float = 0.01

    def __post_init__(self) -> None:
        _at_least("size", self.size, 1)
        _at_least("seconds", self.seconds, 0)


@dataclass(frozen=True, slots=True)
class Resegment:
    """The body is cut elsewhere than between events. A right reader sees no difference."""

    segmentation: Segmentation = field(default=Segmentation((1,), again=True))


@dataclass(frozen=True, slots=True)
class Damage:
    """One event is not as it should be.

    `how`: its JSON is no JSON, or is cut short; its bytes are no UTF-8; it comes twice; after the one that
    follows it; or is blown up with white space to `size` bytes. `event` counts from 1; a stream that has
    fewer events is left alone.
    """

    how: Literal["no_json", "short", "no_utf8", "twice", "late", "oversized"] = "no_json"
    event: int = 1
    size: int = 1_000_000

    def __post_init__(self) -> None:
        _at_least("event", self.event, 1)
        _at_least("size", self.size, 1)


@dataclass(frozen=True, slots=True)
class WrongContentType:
    """The header says something else than the body is; None: there is no such header."""

    content_type: str | None = "text/html"


@dataclass(frozen=True, slots=True)
class Gzip:
    """The body is compressed, and the header says so, whether or not the client asked for it."""


@dataclass(frozen=True, slots=True)
class Close:
    """The connection is closed after a complete answer that promised to keep it."""


@dataclass(frozen=True, slots=True)
class Loading:
    """The server is not ready: 503, for so many seconds or (None) for as long as the rule applies."""

    seconds: float | None = None

    def __post_init__(self) -> None:
        _at_least("seconds", self.seconds, 0)


@dataclass(frozen=True, slots=True)
class HealthLies:
    """The health check says this, whatever is true."""

    healthy: bool = True


Fault: TypeAlias = (
    ErrorStatus
    | Overload
    | ProxyPage
    | Cut
    | EndEarly
    | Stall
    | Drip
    | Resegment
    | Damage
    | WrongContentType
    | Gzip
    | Close
    | Loading
    | HealthLies
)


@dataclass(frozen=True, slots=True)
class When:
    """Which calls a rule chooses: all that each of these allows.

    `rate` is the share of calls, from 0 to 1, chosen by the plan's seed. `first` is the first call that
    counts and `times` how many do, None for all that follow. `route` is a path, None for every route that
    generates.
    """

    rate: float = 1.0
    first: int = 1
    times: int | None = None
    route: str | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 1.0:
            raise ValueError(f"`rate` must be from 0 to 1, got {self.rate!r}")
        _at_least("first", self.first, 1)
        _at_least("times", self.times, 0)
        if self.route is not None and not self.route.startswith("/"):
            raise ValueError(f"`route` must be a path that begins with /, got {self.route!r}")


@dataclass(frozen=True, slots=True)
class FaultRule:
    """A fault, and when."""

    fault: Fault
    when: When = field(default=When())


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """Rules in the order in which they are applied. The same seed chooses the same calls again."""

    rules: tuple[FaultRule, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if type(self.seed) is not int or not 0 <= self.seed < 2**64:
            raise ValueError(f"`seed` must be {SEED}, got {self.seed!r}")
