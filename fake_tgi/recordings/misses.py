"""What a call gets that nobody recorded: 501, and what keeps the nearest recordings from answering it.

TGI never sends 501. The nearest are those with the fewest differences; a difference says what was recorded
and what came.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final

from ..call import Call
from ..frames import Body, Frame, Head
from ..headers import JSON
from ..secret_names import is_secret_member
from .recording import Recording
from .redaction import PLACEHOLDER, Redactor
from .request_key import without_secret_parameters

__all__ = ["MISS", "differences", "miss"]

MISS: Final = b"x-fake-tgi-miss"
"""The header of an answer that says: nobody recorded this."""

_NEAREST: Final = 3
_MOST: Final = 6
_ABSENT: Final = object()


def miss(call: Call, recordings: Iterable[Recording]) -> Iterator[Frame]:
    """The refusal, in the form of the router's errors."""
    found = [(differences(recording, call), recording.name) for recording in recordings]
    nearest = sorted(found, key=lambda each: (len(each[0]), sum(map(len, each[0]))))[:_NEAREST]
    lines = [f"no recording answers {call.method} {call.path}"]
    lines += [f"{name} differs: {'; '.join(differing[:_MOST])}" for differing, name in nearest]
    body = json.dumps(
        {
            "error": "\n".join(lines),
            "error_type": "unrecorded",
            "near_misses": [{"recording": name, "differences": differing} for differing, name in nearest],
        }
    ).encode()
    yield Head(501, (*JSON, (MISS, b"1")), len(body))
    yield Body(body)


def differences(recording: Recording, call: Call) -> list[str]:
    """What keeps a recording from answering a call, in words; secrets are told as redacted."""
    redactor = Redactor()
    found = []
    target = redactor.target(f"{call.path}?{call.query}" if call.query else call.path)
    if recording.method != call.method:
        found.append(f"method: recorded {recording.method}, got {call.method}")
    if without_secret_parameters(recording.target) != without_secret_parameters(target):
        found.append(f"path: recorded {recording.target}, got {target}")
    recorded = next((v for k, v in recording.request_headers if k.lower() == "content-type"), None)
    given = call.header(b"content-type")
    if recorded is not None and recorded != given:
        found.append(f"content-type: recorded {recorded}, got {given}")
    was, now = redactor.text(recording.body or b""), redactor.text(call.body)
    if was != now:
        try:
            found += _between(json.loads(was), json.loads(now), "body")
        except (ValueError, RecursionError):
            found.append(f"body: recorded {_shown(was.decode('utf-8', 'replace'))}, got "
                         f"{_shown(now.decode('utf-8', 'replace'))}")  # fmt: skip
    return found


def _between(was: Any, now: Any, where: str) -> Iterator[str]:
    if isinstance(was, dict) and isinstance(now, dict):
        for key in [*was, *(key for key in now if key not in was)]:
            one, other = was.get(key, _ABSENT), now.get(key, _ABSENT)
            if PLACEHOLDER in (one, other) and is_secret_member(key):
                continue  # whether there is a secret makes no difference
            yield from _between(one, other, f"{where}.{key}")
    elif isinstance(was, list) and isinstance(now, list) and len(was) == len(now):
        for index, (one, other) in enumerate(zip(was, now, strict=True)):
            yield from _between(one, other, f"{where}[{index}]")
    elif type(was) is not type(now) or was != now:
        yield f"{where}: recorded {_shown(was)}, got {_shown(now)}"


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."
