"""Rules on asking again: what, how soon, how often."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Final

from .answers import Answer
from .finding import Rule, Sighting
from .seen import Call, Seen, span

__all__ = ["RULES"]

_AT_ONCE: Final = 0.02
"""Seconds; who comes back faster has not waited."""
_GROWS: Final = 1.5
"""By how much the last wait of several must exceed the first to count as growing."""
_MOST: Final = 10
"""Retries of one call."""
_EARLY: Final = 0.02
"""Share of a Retry-After, and seconds, that clocks may disagree by."""
_STEADY: Final = 1.1
"""Waits that differ by less than this factor do not grow and are not spread."""

_BUSY: Final = ("overloaded", "unavailable")


def _told(answer: Answer) -> str:
    """An answer that was tried again, in words."""
    status = answer.event.status
    if answer.outcome == "cut":
        return "an answer that was cut"
    if answer.outcome == "left":
        return "an answer that it had left"
    inside = " inside a stream" if status is not None and status < 400 else ""
    return f"{status}{f' ({answer.error})' if answer.error else ''}{inside}"


def _hopeless(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        for before, after in call.retries:
            if before.outcome == "refused":
                yield Sighting((before.event, after.event), f"asked again after {_told(before)}")


def _half_delivered(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        for before, after in call.retries:
            tokens = before.event.tokens_sent
            if before.streamed and tokens and before.outcome in ("cut", "failed", "overloaded"):
                yield Sighting(
                    (before.event, after.event),
                    f"asked again after {_told(before)} behind {_count(tokens, 'token')}",
                )


def _against_retry_after(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        for before, after in call.retries:
            asked = _retry_after(before)
            waited = span(before.event, after.event)
            if asked is not None and waited < asked * (1 - _EARLY) - _EARLY:
                yield Sighting(
                    (before.event, after.event),
                    f"Retry-After said {asked:g} s, and it came back after {waited:.3g} s",
                )


def _retry_after(answer: Answer) -> float | None:
    """Seconds that a Retry-After asks for, given in seconds or as a date."""
    value = answer.retry_after
    if value is None or answer.outcome in ("good", "open", "left"):
        return None
    if value.isdecimal():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=timezone.utc)
    event = answer.event
    over = event.real[1]
    ended = event.arrived + (over - event.real[0] if over is not None else 0.0)
    # a date is in whole seconds
    return max((date - datetime.fromtimestamp(ended, timezone.utc)).total_seconds() - 1.0, 0.0)


def _waits(call: Call) -> list[tuple[Answer, Answer, float]]:
    """Retries of what time can heal, with the seconds before each; not those of a broken connection.

    A connection that broke without an answer may be tried again at once, on another one.
    """
    return [
        (before, after, span(before.event, after.event))
        for before, after in call.retries
        if before.outcome in (*_BUSY, "failed") and _retry_after(before) is None
    ]


def _no_backoff(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        waits = _waits(call)
        hasty = [(before, after, wait) for before, after, wait in waits if wait < _AT_ONCE]
        if not hasty or (len(waits) > 1 and waits[-1][2] >= _GROWS * waits[0][2] and waits[-1][2] >= 0.01):
            continue
        events = dict.fromkeys(each.event for before, after, _ in hasty for each in (before, after))
        listed = ", ".join(f"{1000 * wait:.1f} ms" for _, _, wait in hasty[:5])
        yield Sighting(tuple(events), f"asked again after {_told(hasty[0][0])}, having waited {listed}")


def _fixed_interval(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        waits = _waits(call)
        seconds = [wait for _, _, wait in waits]
        if len(seconds) >= 4 and min(seconds) >= _AT_ONCE and max(seconds) < _STEADY * min(seconds):
            events = tuple(each.event for each in call.attempts)
            yield Sighting(events, f"{len(seconds)} retries, each after about {seconds[0]:.3g} s")


def _never_ending(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        retries = len(call.attempts) - 1
        if retries > _MOST:
            events = tuple(each.event for each in call.attempts)
            yield Sighting(events, f"{retries} retries of one call, every one after a failure")


def _no_retry(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        if call.sure and len(call.attempts) == 1 and call.last.outcome in _BUSY:
            yield Sighting((call.last.event,), f"{_told(call.last)}, and never asked again")


def _thrown_away(seen: Seen) -> Iterator[Sighting]:
    for call in seen.calls:
        for before, after in call.retries:
            event = before.event
            if before.outcome == "left" and event.generated:
                yield Sighting(
                    (event, after.event),
                    f"left after {event.seconds:.3g} s and asked the same again: "
                    f"{_count(event.generated, 'token')} generated for nobody",
                )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


RULES: Final = (
    Rule(
        "retry-of-what-cannot-succeed",
        "error",
        "The same request is sent again after it was refused.",
        "A request that is invalid, too large or not authorised will be refused every time: to repeat it "
        "costs the server work and the user time, and hides the real error.",
        "Retry 429, 500, 502, 503, 504 and broken connections only; raise everything else at once. In a "
        "stream look at error_type: validation is what 422 is elsewhere.",
        _hopeless,
    ),
    Rule(
        "retry-against-retry-after",
        "error",
        "A retry comes earlier than Retry-After allows.",
        "The server has said when it will be ready; whoever comes earlier is refused again, and keeps it "
        "busy. Some gateways then block the client.",
        "Wait at least as long as Retry-After says, in seconds or until its date, or give up.",
        _against_retry_after,
    ),
    Rule(
        "retry-without-backoff",
        "error",
        "An overloaded or failing server is asked again at once.",
        "A server that refuses because it has too much to do gets more to do.",
        "Wait before each retry, longer each time, with some chance in it: half a second, one, two, four.",
        _no_backoff,
    ),
    Rule(
        "never-ending-retry",
        "error",
        f"One call is retried more than {_MOST} times.",
        "A server that is down stays under load, and the user never learns what is wrong.",
        "Bound the number of retries, and the time that all of them may take together.",
        _never_ending,
    ),
    Rule(
        "retry-of-half-delivered",
        "warning",
        "A stream of which tokens had already come is asked for again.",
        "Whoever shows tokens as they come shows the beginning twice; the second answer need not be the "
        "first one's continuation, and is paid for again.",
        "Retry a stream only before its first token. After that raise, with what has come attached.",
        _half_delivered,
    ),
    Rule(
        "retry-at-fixed-interval",
        "info",
        "Retries come at a fixed interval.",
        "Waits that do not grow and have no chance in them keep clients in step with each other.",
        "Double the wait each time, and spread it by chance.",
        _fixed_interval,
    ),
    Rule(
        "no-retry-on-overload",
        "info",
        "An overload is not retried.",
        "TGI says 429 as soon as all its slots are taken, and a moment later one may be free.",
        "A few retries with growing waits make most overloads invisible. Where failing fast is wanted, "
        "nothing need be done.",
        _no_retry,
    ),
    Rule(
        "answer-thrown-away",
        "info",
        "A client leaves before its answer is complete, and asks for the same again.",
        "The tokens of the first answer were generated for nobody, and the second answer takes as long.",
        "Give a whole answer more time than the longest one takes, or stream it, so that time is counted "
        "from one token to the next.",
        _thrown_away,
    ),
)
