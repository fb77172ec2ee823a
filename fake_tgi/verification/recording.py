"""What was seen, as a file that can be read again: one exchange a line, behind a head.

The format is that of the recordings that ship with the contracts. A file is written whole or not at all; of
a file that cannot be read, the line is told.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from tgi_contracts import Exchange, violations

from .errors import RecordingError
from .report import Report

__all__ = ["read_recording", "recording_of"]

_LONGEST: Final = 200_000
"""Characters of a request body that is worth keeping. Larger ones only show that they are too large."""


def recording_of(report: Report) -> str:
    """The text of a recording of everything that was answered. It holds no secret."""
    head = {
        "format": "tgi-recording",
        "version": 1,
        "recorded": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "upstream": report.target.url,
        "note": "made by fake-tgi verify; the names are its questions",
    }
    if report.server:
        head["server"] = report.server
    lines: list[Any] = [head]
    for outcome in report.outcomes:
        # Of a stream that was left early, less or more may have come each time.
        if outcome.seen is not None and outcome.seen.status and outcome.question.leave_after is None:
            exchange = outcome.seen.exchange
            if len(exchange["request"].get("raw", "")) <= _LONGEST:
                lines.append(exchange)
    return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def read_recording(path: Path) -> dict[str, Exchange]:
    """The exchanges of a recording by name. Raises RecordingError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8"
        raise RecordingError(f"{path}: cannot be read: {why}") from None
    found: dict[str, Exchange] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        value = _parsed(f"{path}:{number}", line)
        if "format" not in value:
            exchange: Exchange = value
            found[exchange["name"]] = exchange
    if not found:
        raise RecordingError(f"{path}: has no exchanges; expected a file that --save wrote")
    return found


def _parsed(where: str, line: str) -> Any:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise RecordingError(f"{where}: expected JSON: {error}") from None
    if not isinstance(value, dict):
        raise RecordingError(f"{where}: expected an exchange, got {type(value).__name__}")
    wrong = violations(value, "RecordingHeader" if "format" in value else "Exchange")
    if wrong:
        raise RecordingError(f"{where}: {wrong[0]}")
    return value
