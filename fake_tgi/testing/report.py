"""What a failing test shows of its fake: what is wrong, and the calls that came, as they went.

Of tracebacks only the user's own lines are shown, from where the fake has called them.
"""

from __future__ import annotations

from collections.abc import Sequence
from traceback import format_exception
from types import TracebackType
from typing import TYPE_CHECKING, Final

from .telling import call_line, curl_line, timeline

if TYPE_CHECKING:
    from ..journal import ServeEvent
    from .finding import Finding

__all__ = ["calls_told", "errors_told", "findings_told", "user_traceback"]

_SHOWN: Final = 5


def findings_told(found: Sequence[Finding]) -> str:
    """Each finding, one below the other."""
    return "\n".join("\n".join(finding.told) for finding in found)


def calls_told(events: Sequence[ServeEvent], base_url: str, dropped: int = 0) -> str:
    """The last calls, each with the timeline of its answer and a command that repeats it."""
    count = len(events) + dropped
    if not count:
        return "no call has come"
    shown = events[-_SHOWN:]
    lines = [
        f"{count} call{'s' * (count != 1)}" + (f", the last {len(shown)}:" if count > len(shown) else ":")
    ]
    for event in shown:
        lines.append(f"{event.id}. {call_line(event)}")
        lines += [f"   {line}" for line in timeline(event)]
        lines.append(f"   {curl_line(event, base_url)}")
    return "\n".join(lines)


def errors_told(found: Sequence[Finding]) -> str:
    """What was raised, with its traceback."""
    raised = [each.error for each in found if each.error is not None]
    return "".join(
        line for error in raised for line in format_exception(type(error), error, user_traceback(error))
    )


def user_traceback(error: BaseException) -> TracebackType | None:
    """The traceback from the first line that is not the fake's."""
    whole = part = error.__traceback__
    while part is not None and _is_between(part.tb_frame.f_globals.get("__name__", "")):
        part = part.tb_next
    return part or whole


def _is_between(module: str) -> bool:
    return module.partition(".")[0] in ("fake_tgi", "asyncio", "concurrent")
