"""What a call tells while it happens: a hook for the user, `traceparent` for the server. No dependency.

A hook is any function that takes a TraceEvent. It runs on the caller's thread or event loop and must be
quick; what it raises is logged and dropped, for watching a call must not change it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["Trace", "TraceEvent", "traceparent"]

_log = logging.getLogger("text_generation")


@dataclass(frozen=True, slots=True)
class TraceEvent:
    """One moment of a call. `at` is monotonic seconds; `call` is the same for all moments of one call."""

    kind: Literal["request", "response", "first_token", "retry", "end", "error"]
    operation: str
    call: int
    at: float
    facts: Mapping[str, Any] = field(default_factory=dict)


Trace = Callable[[TraceEvent], None]


def tell(trace: Trace, event: TraceEvent) -> None:
    """Call the hook."""
    try:
        trace(event)
    except Exception:
        _log.exception("A tracing hook failed at %s of %s", event.kind, event.operation)


def traceparent() -> str | None:
    """The W3C header of the current OpenTelemetry span; None when OpenTelemetry is not in use here."""
    api = sys.modules.get("opentelemetry.trace")
    if api is None:
        return None
    try:
        context = api.get_current_span().get_span_context()
        if not context.is_valid:
            return None
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"
    except Exception:  # another library's module under that name: no reason to fail a call
        return None
