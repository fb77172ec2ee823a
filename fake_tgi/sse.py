"""Wire values become event-stream bytes: `data: ` + compact JSON + a blank line, and never anything else.

TGI sends no event names, ids or retry lines (axum response/sse.rs). Each event is one HTTP chunk.
"""

from __future__ import annotations

__all__ = ["DONE", "KEEP_ALIVE", "event"]

DONE = b"data: [DONE]\n\n"
KEEP_ALIVE = b":\n\n"  # sent after 15 s without an event


def event(data: bytes) -> bytes:
    """One stream event that carries `data`, which holds no line break."""
    return b"data: %b\n\n" % data
