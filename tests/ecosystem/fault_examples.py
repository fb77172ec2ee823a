"""The faults that the clients are put through: every kind, in words, and how much they are asked for each."""

from __future__ import annotations

from typing import Final

__all__ = ["EXAMPLES", "LATE", "TWICE"]

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "error": ("error(status=500)", "error(status=503)", "error(status=503) times=1"),
    "overload": ("overload", "overload times=1", "overload(retry_after=1) times=1"),
    "proxy_page": ("proxy_page(status=502)", "proxy_page(status=504)"),
    "cut": (
        "cut(place=before_headers)",
        "cut(place=before_headers, how=reset)",
        "cut(place=after_headers)",
        "cut(place=after_tokens, tokens=3)",
        "cut(place=after_tokens, tokens=3, how=reset)",
        "cut(place=in_event, tokens=0)",
        "cut(place=in_event, tokens=3)",
        "cut(place=in_character, tokens=0)",
    ),
    "end_early": ("end_early", "end_early(tokens=3)"),
    "stall": ("stall(seconds=60s)", "stall(seconds=60s, tokens=3)"),
    "drip": ("drip(size=16, seconds=25ms)",),
    "resegment": ("resegment", "resegment(segmentation=7)"),
    "damage": (
        "damage(how=no_json)",
        "damage(how=no_json, event=2)",
        "damage(how=short)",
        "damage(how=short, event=2)",
        "damage(how=no_utf8)",
        "damage(how=no_utf8, event=2)",
        "damage(how=twice, event=2)",
        "damage(how=late, event=2)",
        "damage(how=oversized, event=2)",
    ),
    "content_type": ("content_type", "content_type(content_type=none)"),
    "gzip": ("gzip",),
    "close": ("close",),
    "loading": ("loading", "loading times=2"),
    "health": ("health(healthy=false)",),
}
"""By the kind's name. A test holds them to the registry: every kind, and every word that a kind knows."""

TWICE: Final = frozenset(("close",))
"""Kinds that are about what follows: two calls through one client, the second is judged."""

LATE: Final = frozenset(("stall", "drip"))
"""Kinds that cost seconds, however quick the client."""
