"""Rules on what a client takes an answer for: errors, cuts, comments, characters, bytes.

What it made of an answer is known only where somebody has said so, or where it has shown it (received.py).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from .answers import Answer
from .finding import Rule, Sighting
from .received import Told
from .seen import Seen

__all__ = ["RULES"]

_REPLACEMENT: Final = "\ufffd"
_SHOWN: Final = 60

# What neither damages an answer nor ends it: a client that reads right sees no difference.
_HARMLESS: Final = ("resegment", "close", "drip", "stall", "gzip")


def _all_told(seen: Seen) -> Iterator[Told]:
    yield from seen.told
    yield from seen.echoes


def _accepted(told: Told) -> bool:
    """Whether the client handed a text out as if all were well."""
    return not told.received.error and not told.received.stopped


def _sighting(told: Told, what: str) -> Sighting:
    events = (told.answer.event,) if told.by is None else (told.answer.event, told.by)
    text = told.received.text or ""
    how = "went on in its next request with" if told.by is not None else "returned"
    made = f"it raised {told.received.said}" if told.received.error else f"it {how} {_shown(text)}"
    return Sighting(events, f"{what}, and {made}")


def _shown(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if len(quoted) <= _SHOWN else f'{quoted[: _SHOWN - 2]}…"'


def _error_event(seen: Seen) -> Iterator[Sighting]:
    for told in _all_told(seen):
        answer = told.answer
        good_status = (answer.event.status or 0) < 400
        if answer.error is not None and good_status and answer.outcome != "left" and _accepted(told):
            if told.by is not None and not answer.has(told.received.text or ""):
                continue
            yield _sighting(told, f"the answer with status {answer.event.status} said {_shown(answer.error)}")


def _truncated(seen: Seen) -> Iterator[Sighting]:
    for told in _all_told(seen):
        answer = told.answer
        if answer.outcome == "cut" and _accepted(told):
            if told.by is not None and not answer.has(told.received.text or ""):
                continue
            tokens = answer.event.tokens_sent
            what = f"{tokens} token{'' if tokens == 1 else 's'}" if answer.streamed else "its end"
            yield _sighting(
                told, f"the answer was broken off {'after' if answer.streamed else 'before'} {what}"
            )


def _error_answer(seen: Seen) -> Iterator[Sighting]:
    for told in seen.told:
        status = told.answer.event.status
        if status is not None and status >= 400 and _accepted(told):
            yield _sighting(told, f"the answer was {status}")


def _damaged(seen: Seen) -> Iterator[Sighting]:
    for told in seen.told:
        if told.answer.damaged and _accepted(told):
            yield _sighting(told, "an event was no JSON")


def _sound(answer: Answer) -> bool:
    """Whether a right reader gets exactly what the model wrote."""
    names = {fault.partition("(")[0] for fault in answer.event.faults}
    return (
        answer.outcome == "good"
        and names <= set(_HARMLESS)
        and not answer.event.unkept
        and bool(answer.texts)
    )


def _wrong(told: Told) -> bool:
    """Whether the client made something else of a sound answer."""
    if not _sound(told.answer) or told.received.stopped:
        return False
    return bool(told.received.error) or not told.answer.has(told.received.text or "")


def _is_split(told: Told) -> bool:
    answer, received = told.answer, told.received
    if not answer.split:
        return False
    return "UnicodeDecodeError" in received.said or (
        _REPLACEMENT in (received.text or "") and not any(_REPLACEMENT in text for text in answer.texts)
    )


def _split(seen: Seen) -> Iterator[Sighting]:
    for told in _all_told(seen):
        if _wrong(told) and _is_split(told):
            yield _sighting(told, f"pieces ended inside characters of {_shown(told.answer.text)}")


def _comment(seen: Seen) -> Iterator[Sighting]:
    for told in seen.told:
        if _wrong(told) and not _is_split(told) and (comments := told.answer.event.comments):
            yield _sighting(told, f"{comments} comment{'' if comments == 1 else 's'} kept the stream alive")


def _not_as_sent(seen: Seen) -> Iterator[Sighting]:
    for told in seen.told:
        if (
            _wrong(told)
            and not told.received.error
            and not _is_split(told)
            and not told.answer.event.comments
        ):
            yield _sighting(told, f"{_shown(told.answer.text)} was sent")


def _good_refused(seen: Seen) -> Iterator[Sighting]:
    for told in seen.told:
        event = told.answer.event
        slow = any(fault.startswith(("stall", "drip")) for fault in event.faults)
        if _wrong(told) and told.received.error and not _is_split(told) and not event.comments and not slow:
            yield _sighting(told, "the answer was complete and right")


RULES: Final = (
    Rule(
        "error-event-ignored",
        "error",
        "An error inside an answer with status 200 is taken for an answer.",
        "TGI sends the status of a stream before the model runs: whatever goes wrong later is an event, "
        '{"error": ..., "error_type": ...}, and the stream then ends cleanly.',
        "Look for `error` in every event before anything else, and raise.",
        _error_event,
    ),
    Rule(
        "truncated-stream-accepted",
        "error",
        "An answer that was broken off is taken for a whole one.",
        "A server that dies, or a proxy that loses patience, ends the connection, sometimes even cleanly; "
        "what came by then is a text that breaks off, and nobody learns of it.",
        "A stream is complete with its final event alone: `generated_text`, a `finish_reason`, or `[DONE]`. "
        "Raise when it ends without.",
        _truncated,
    ),
    Rule(
        "error-answer-accepted",
        "error",
        "An error status is taken for an answer.",
        "The body of an error is no generated text, be it JSON or a proxy's page.",
        "Check the status before the body is read, for streams as well.",
        _error_answer,
    ),
    Rule(
        "damaged-event-accepted",
        "error",
        "An event that cannot be read is passed over in silence.",
        "What could not be read may have been a token, or the error.",
        "Raise on an event that is no JSON or no UTF-8, with what came attached.",
        _damaged,
    ),
    Rule(
        "keep-alive-comment-mishandled",
        "error",
        "A stream with comments in it is read wrong.",
        "After fifteen seconds without an event TGI sends a comment, a line that begins with a colon: "
        "nobody is to take a slow model for a dead one.",
        "Pass over lines that begin with a colon, and count them as a sign of life.",
        _comment,
    ),
    Rule(
        "split-character-mishandled",
        "error",
        "A character that comes in two pieces is read wrong.",
        "The network cuts anywhere, in the middle of a character too.",
        "Split bytes at line ends first and decode whole lines, or decode incrementally.",
        _split,
    ),
    Rule(
        "text-not-as-sent",
        "error",
        "The client hands out another text than was sent.",
        "Something was lost, doubled or added on the way; the network may have cut the stream anywhere.",
        "Parse the event stream by its rules: events end at a blank line, wherever the pieces end.",
        _not_as_sent,
    ),
    Rule(
        "good-answer-refused",
        "error",
        "The client raises over an answer that was complete and right.",
        "The answer was as TGI sends it, if perhaps cut into other pieces or compressed.",
        "Read what may be there and need not: other pieces, members that are new, null, empty texts.",
        _good_refused,
    ),
)
