"""How a server's answer differs from the recorded one, by how much it hurts.

A model says something else each time, so only the form is compared. What is new hurts nobody who does not
look for it: `info`. What is gone hurts who reads it: `warning`. What has another type, another status or
another form breaks its readers: `error`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from ..recordings.recording import Recording
from ..verification.event_stream import DONE, data_of
from ..verification.shapes import Change, changes

__all__ = ["TIERS", "Drift", "Tier", "drift"]

Tier = Literal["info", "warning", "error"]

TIERS: Final[dict[str, Tier]] = {
    "new field": "info",
    "changed order": "info",
    "removed field": "warning",
    "changed type": "error",
    "changed status": "error",
    "changed form": "error",
    "no answer": "error",
}
"""How much each kind of change hurts."""


@dataclass(frozen=True, slots=True)
class Drift:
    """One change of one answer. `where` is a member, `before` and `after` are for people."""

    kind: str
    asked: str
    where: str
    before: str
    after: str

    @property
    def tier(self) -> Tier:
        """How much it hurts."""
        return TIERS[self.kind]

    def __str__(self) -> str:
        return (
            f"{self.tier}: {self.asked}: {self.kind} {self.where}: recorded {self.before}, now {self.after}"
        )


def drift(recorded: Recording, live: Recording) -> list[Drift]:
    """Every change from a recorded answer to one that a server gives now, the worst first."""
    asked = f"{recorded.method} {recorded.target}"
    found = [
        Drift(each.kind, asked, each.where, each.before, each.after) for each in _changes(recorded, live)
    ]
    order = list(reversed(TIERS))
    return sorted(dict.fromkeys(found), key=lambda each: order.index(each.kind))


@dataclass(frozen=True, slots=True)
class _Told:
    """As `Change`, of what is no member of a value."""

    kind: str
    where: str
    before: str
    after: str


def _changes(recorded: Recording, live: Recording) -> Iterator[_Told | Change]:
    if recorded.status != live.status:
        yield _Told("changed status", "status", str(recorded.status), str(live.status))
        return
    forms = [_media(each) for each in (recorded, live)]
    if forms[0] != forms[1]:
        yield _Told("changed form", "content-type", forms[0] or "none", forms[1] or "none")
        return
    texts = [b"".join(each.chunks).decode("utf-8", "replace") for each in (recorded, live)]
    if forms[0] == "text/event-stream":
        yield from _of_streams(texts[0], texts[1], whole=recorded.ended == "complete")
        return
    values = [_value(text) for text in texts]
    if all(value is not None for value in values):
        yield from _that_matter(changes([values[0]], [values[1]], "body", values=False))
    elif (values[0] is None) != (values[1] is None):
        yield _Told("changed form", "body", *("JSON" if value is not None else "text" for value in values))


def _of_streams(before: str, after: str, *, whole: bool) -> Iterator[_Told | Change]:
    """Events are compared with events of the same part: the last one says more than the others."""
    data = [data_of(text) for text in (before, after)]
    if not whole:  # its client left: what came behind that, nobody recorded
        data[1] = data[1][: max(len(data[0]), 1)]
    else:
        ends = [f"ends with {DONE}" if each and each[-1] == DONE else "ends without a mark" for each in data]
        if ends[0] != ends[1]:
            yield _Told("changed form", "events", ends[0], ends[1])
    events = [[each for each in side if each != DONE] for side in data]
    failed = ["with an error" if any(map(_is_error, side)) else "without an error" for side in events]
    if failed[0] != failed[1]:
        yield _Told("changed form", "events", failed[0], failed[1])
        return
    for kind in (_is_last, lambda event: not _is_last(event)):
        sides = [[event for event in side if kind(event)] for side in events]
        yield from _that_matter(changes(sides[0], sides[1], "events[]", values=False))


def _is_error(event: Any) -> bool:
    return isinstance(event, dict) and "error" in event


def _is_last(event: Any) -> bool:
    """Whether an event says how the stream ended, or what it cost."""
    if not isinstance(event, dict):
        return False
    choices = event.get("choices")
    ended = isinstance(choices, list) and any(
        isinstance(choice, dict) and choice.get("finish_reason") for choice in choices
    )
    return (
        ended
        or bool(event.get("details"))
        or event.get("generated_text") is not None
        or bool(event.get("usage"))
    )


def _that_matter(found: Iterator[Change]) -> Iterator[Change]:
    """Without what is only luck: a null where there was something may be something next time."""
    for change in found:
        if change.kind == "changed type":
            had, has = (set(side.split(" or ")) - {"null"} for side in (change.before, change.after))
            if "number" in had:
                had.add("integer")
            if has <= had:
                continue
            if not had:
                yield Change("new field", change.where, change.before, change.after)
                continue
        yield change


def _media(recording: Recording) -> str:
    named: Sequence[str] = [value for name, value in recording.headers if name == "content-type"]
    return named[0].partition(";")[0].strip().lower() if named else ""


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
