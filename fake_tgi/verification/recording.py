"""What was seen, as a file that can be read again: one exchange a line, behind a head.

The format is that of all recordings, so that a fake can replay what was seen. A file that was changed by
hand is read if it still keeps the format, or refused with the place where it does not.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from ..recordings.files import FORMAT, VERSION, read_recordings
from ..recordings.recording import recording_json
from .errors import RecordingError
from .report import Report

if TYPE_CHECKING:
    from tgi_contracts import Exchange

__all__ = ["read_recording", "recording_of"]

_LONGEST: Final = 200_000
"""Characters of a request body that is worth keeping. Larger ones only show that they are too large."""


def recording_of(report: Report) -> str:
    """The text of a recording of everything that was answered. It holds no secret."""
    head = {
        "format": FORMAT,
        "version": VERSION,
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
    """The exchanges of a recording, a file or a folder, by name. Raises RecordingError."""
    try:
        found = read_recordings(path)
    except FileNotFoundError:
        raise RecordingError(f"{path}: no such file") from None
    if found.refused:
        raise RecordingError(str(found.refused[0]))
    if not found.exchanges:
        raise RecordingError(f"{path}: has no exchanges; expected a file that --save wrote")
    return {each.name: cast("Exchange", recording_json(each)) for each in found.exchanges}
