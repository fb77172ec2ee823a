"""Rules on connections and on leaving: kept, closed, timed out, or left open with nobody there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from ..journal import ServeEvent
from .answers import Answer
from .finding import Rule, Sighting
from .seen import Seen

__all__ = ["RULES"]

_FEWEST: Final = 3
"""Calls that each open a connection before that is a habit."""
_HABIT: Final = 0.75
"""Share of the calls that could have used one. Threads with a session each open some, and keep them."""
_UNREAD: Final = 1.0
"""Seconds in which nothing could be sent because nobody read."""
_SENDING: Final = 0.2
"""Seconds from the first byte of a stream to its last; a client cannot stop what is sent at once."""
_SAME: Final = 0.03
"""Share by which the times of several timeouts may differ."""
_SHORTEST: Final = 0.3
"""Seconds; a shorter time is nobody's timeout."""

# Programs that live for one call have no connection to keep.
_ONE_CALL: Final = ("curl/", "wget/")


def _new_connections(seen: Seen) -> Iterator[Sighting]:
    """Calls that could have used the connection of the one before. A retry may well use its own call's."""
    retries = {answer.event.id for call in seen.calls for answer in call.attempts[1:]}
    clients: dict[str, list[ServeEvent]] = defaultdict(list)
    for event in seen.events:
        agent = event.call.header(b"user-agent") or ""
        if event.connection is not None and not agent.lower().startswith(_ONE_CALL):
            clients[agent].append(event)
    for agent, events in clients.items():
        could = [events[0]]
        for before, event in pairwise(events):
            in_turn = before.real[1] is not None and event.real[0] >= before.real[1]
            if in_turn and _could_be_kept(before) and event.id not in retries:
                could.append(event)
        fresh = [event for event in could if event is events[0] or event.earlier == 0]
        if len(fresh) >= max(_FEWEST, _HABIT * len(could)):
            closed = sum(event.closed is not None or _asks_to_close(event) for event in fresh)
            how = "closed each after its answer" if closed >= len(fresh) - 1 else "left the others open"
            yield Sighting(
                tuple(fresh),
                f"{len(fresh)} of {len(could)} calls, one after the other, opened a connection each"
                f"{f' ({agent})' if agent else ''}; it {how}",
            )


def _could_be_kept(event: ServeEvent) -> bool:
    """Whether its connection could have carried another call, had the client wanted it.

    Not after an error: a client that does not read the error's body to its end has to close.
    """
    if (event.status or 0) >= 400:
        return False
    closing = any(name == b"connection" and b"close" in value.lower() for name, value in event.headers)
    # the fault that closes a kept connection, and whatever makes it unusable
    broken = any(fault.partition("(")[0] in ("close", "cut", "end_early") for fault in event.faults)
    return event.ended == "complete" and not (closing or broken or event.unread or event.call.broken)


def _asks_to_close(event: ServeEvent) -> bool:
    return "close" in (event.call.header(b"connection") or "").lower()


def _left_open(seen: Seen) -> Iterator[Sighting]:
    for answer in seen.answers:
        event = answer.event
        blocked = event.blocked_so_far
        if blocked >= _UNREAD and event.ended in ("in flight", "client left"):
            yield Sighting(
                (event,),
                f"nothing was read for {blocked:.3g} s, it stayed open; {_wasted(answer, '')}",
            )
    for told in seen.told:
        event, text = told.answer.event, told.received.text or ""
        if not (told.received.stopped and told.answer.streamed and event.ended == "complete"):
            continue
        times = [at for at, _ in event.sent]
        if times and times[-1] - times[0] >= _SENDING and not told.answer.has(text):
            yield Sighting(
                (event,), f"its caller stopped, and it read on to the end; {_wasted(told.answer, text)}"
            )


def _wasted(answer: Answer, text: str) -> str:
    """How many tokens were for nobody, in words."""
    event = answer.event
    if not text:
        number = event.tokens_wasted or event.tokens_sent
    else:
        share = min(len(text) / max(len(answer.text), 1), 1.0)
        number = round(event.tokens_sent * (1 - share))
    return f"about {number} tokens were generated for nobody"


def _total_timeout(seen: Seen) -> Iterator[Sighting]:
    for told in seen.told:
        flow = _flow(told.answer)
        if flow is not None and "timeout" in told.received.said.lower().replace("timed out", "timeout"):
            left, longest, last = flow
            yield Sighting(
                (told.answer.event,),
                f"it raised {told.received.said} after {left:.3g} s, {last:.3g} s after the last event, "
                f"and had waited {longest:.3g} s",
            )
    left_at = []
    for answer in seen.answers:
        flow = _flow(answer)
        if flow is not None and flow[0] >= _SHORTEST:
            left_at.append((flow[0], answer))
    for at, _ in left_at:
        same = [each for other, each in left_at if at <= other <= at * (1 + _SAME)]
        if len(same) >= _FEWEST and len({each.event.tokens_sent for each in same}) == len(same):
            yield Sighting(
                tuple(each.event for each in same),
                f"{len(same)} streams were left after the same {at:.3g} s, behind "
                f"{', '.join(str(each.event.tokens_sent) for each in same)} tokens, while more came",
            )
            return


def _flow(answer: Answer) -> tuple[float, float, float] | None:
    """Of a stream that was left while it flowed: when, the longest silence before that, and the last one.

    It flowed if the client had sat out a longer silence than the one in which it left.
    """
    event = answer.event
    if answer.outcome != "left" or not event.streamed or len(event.sent) < 3:
        return None
    left = event.closed if event.closed is not None else event.seconds
    times = [0.0, *(at for at, _ in event.sent)]
    longest = max(after - before for before, after in pairwise(times))
    last = left - times[-1]
    return (left, longest, last) if last < longest * 0.95 and left > 2 * longest else None


RULES: Final = (
    Rule(
        "abandoned-stream-left-open",
        "warning",
        "A stream that nobody reads any more is not closed.",
        "The end of the connection is the only way to tell TGI to stop: until then the model goes on, and "
        "holds one of its slots.",
        "Close the response as soon as its reader stops: `with`, `finally`, `aclose()`; do not leave it to "
        "the garbage collector.",
        _left_open,
    ),
    Rule(
        "new-connection-per-call",
        "warning",
        "Every call opens a connection of its own.",
        "Each costs a round trip, with TLS two more, and leaves a port behind; under load the ports run out.",
        "Keep one session or client for the life of the program: requests.Session, aiohttp.ClientSession, "
        "httpx.Client.",
        _new_connections,
    ),
    Rule(
        "total-timeout-as-read-timeout",
        "warning",
        "A stream is given up although its events keep coming.",
        "A limit on the whole time cuts long answers off, however lively they are, and wastes all of them.",
        "For streams limit the time between two events, not the time of all of them.",
        _total_timeout,
    ),
)
