"""The events of a completion stream: whose turn it is.

The router goes round its prompts in order and sends one event of each that has not ended; a prompt ends
with its usage or with an error. An error does not say whose it is: it belongs to whoever's turn it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ._violation import Violation, shown

__all__ = ["is_last", "turns"]


def turns(events: list[Any], prompts: int | None) -> Iterator[Violation]:
    """Each way in which the events of a completion stream, `[DONE]` left out, are out of turn or too few.

    Without the number of prompts, streams with an error in them are only checked where the error could
    belong to no other prompt.
    """
    errors = sum("error" in event for event in events)
    indexes = sorted({event["choices"][0]["index"] for event in events if "error" not in event})
    if not events:
        yield Violation("events", "end", "an event of each prompt", "no event")
        return
    yield from _counts(events)
    yield from _ends(events, errors, prompts)
    if prompts is None and errors:
        return
    live = list(range(prompts if prompts is not None else len(indexes)))
    if indexes and indexes[-1] >= len(live):
        yield Violation(
            "events", "index", f"indexes below {len(live)}, the number of prompts", shown(indexes)
        )
        return
    turn = 0
    for i, event in enumerate(events):
        if not live:
            yield Violation(f"events[{i}]", "end", "nothing after every prompt has ended", shown(event))
            return
        turn %= len(live)
        if "error" not in event and event["choices"][0]["index"] != live[turn]:
            got = str(event["choices"][0]["index"])
            yield Violation(f"events[{i}].choices[0].index", "turn", f"{live[turn]}, whose turn it is", got)
            return
        if "error" in event or is_last(event):
            # The next one moves up, so that `turn` already is its place; past the last, the round is over.
            del live[turn]
        else:
            turn += 1


def is_last(event: Mapping[str, Any]) -> bool:
    """Whether an event is its prompt's last. Written down by a client, others have a usage that is null."""
    return event.get("usage") is not None


def _counts(events: list[Any]) -> Iterator[Violation]:
    tokens: dict[int, int] = {}
    created: dict[int, int] = {}
    before: dict[str, Any] | None = None
    for i, event in enumerate(events):
        if "error" in event:
            continue
        index = event["choices"][0]["index"]
        tokens[index] = tokens.get(index, 0) + 1
        if is_last(event) and event["usage"]["completion_tokens"] != tokens[index]:
            where, got = f"events[{i}].usage.completion_tokens", str(event["usage"]["completion_tokens"])
            yield Violation(where, "count", f"{tokens[index]}, the number of this prompt's tokens", got)
        for key in ("model", "system_fingerprint"):
            if before is not None and event[key] != before[key]:
                got = shown(event[key])
                yield Violation(f"events[{i}].{key}", "same", f"{shown(before[key])}, as before", got)
        # Each prompt is answered for itself, and the router takes in turn what has long been there.
        if event["created"] < created.get(index, 0):
            got = str(event["created"])
            yield Violation(f"events[{i}].created", "order", f"at least {created[index]}, as before", got)
        created[index] = event["created"]
        before = event


def _ends(events: list[Any], errors: int, prompts: int | None) -> Iterator[Violation]:
    ended: set[int] = set()
    seen: set[int] = set()
    for i, event in enumerate(events):
        if "error" in event:
            continue
        index = event["choices"][0]["index"]
        seen.add(index)
        if index in ended:
            yield Violation(f"events[{i}]", "end", f"nothing more of prompt {index}", shown(event))
        if is_last(event):
            ended.add(index)
    unfinished = len(seen - ended)
    if errors < unfinished or (prompts is not None and len(ended) + errors != prompts):
        expected = f"an end of each of {prompts if prompts is not None else len(seen)} prompts"
        got = f"{len(ended)} ends, {errors} errors"
        yield Violation(f"events[{len(events) - 1}]", "end", expected, got)
