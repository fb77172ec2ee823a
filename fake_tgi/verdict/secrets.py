"""Rules on what a client gives away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .finding import Rule, Sighting
from .seen import Seen

__all__ = ["RULES"]

# What the journal shows in the place of a secret (recordings/redaction.py).
_PLACEHOLDER: Final = "REDACTED"


def _in_url(seen: Seen) -> Iterator[Sighting]:
    for event in seen.events:
        for pair in event.call.query.split("&"):
            name, _, value = pair.partition("=")
            if _PLACEHOLDER in value:
                yield Sighting((event,), f"the parameter {name} of {event.call.path} holds a secret")


RULES: Final = (
    Rule(
        "secret-in-url",
        "error",
        "A secret is sent in the URL.",
        "URLs are kept in the logs of every proxy on the way, in histories and in traces.",
        "Send it in a header: `Authorization: Bearer ...`.",
        _in_url,
    ),
)
