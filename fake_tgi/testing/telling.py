"""A call as a person reads it: one line, the timeline of its answer, and a command line that asks again.

No secret is shown: the journal keeps none, and what is left is redacted as recordings are.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

from ..journal import ServeEvent
from ..matching import Asked
from ..recordings.redaction import PLACEHOLDER, Redactor
from ..secret_names import is_secret_header

__all__ = ["call_line", "curl_line", "hidden", "timeline"]

_WIDEST: Final = 100
_HEAD: Final = 12
_TAIL: Final = 6
_LONGEST_COMMAND: Final = 4000

# The client's library sends its own, and the body says how long it is.
_LEFT_OUT: Final = frozenset(
    (
        b"host",
        b"content-length",
        b"accept-encoding",
        b"connection",
        b"user-agent",
        b"accept",
        b"transfer-encoding",
    )
)


def call_line(event: ServeEvent) -> str:
    """What was asked and what came of it, in one line."""
    call, asked = event.call, Asked(event.call)
    said = asked.inputs if asked.inputs is not None else call.body.decode("utf-8", "replace")
    words = [f"{call.method} {hidden(_target(event))}"]
    if said:
        words.append(_short(hidden(json.dumps(said, ensure_ascii=False))))
    came = "no answer" if event.status is None else str(event.status)
    ending = "" if event.ended == "complete" else f", {event.ended}"
    who = f" by {event.stub!r}" if event.stub is not None else ""
    return f"{' '.join(words)} -> {came}{who}{ending}"


def timeline(event: ServeEvent) -> list[str]:
    """The answer as it went out, a line for each thing: milliseconds since the call came, and what.

    A long stream is told by its beginning and its end.
    """
    lines = list(_lines(event))
    if len(lines) > _HEAD + _TAIL + 1:
        left_out = len(lines) - _HEAD - _TAIL
        lines[_HEAD:-_TAIL] = [f"{'':>11}  … {left_out} more"]
    return lines


def curl_line(event: ServeEvent, base_url: str) -> str:
    """One line for a POSIX shell that sends the same request; keys are named, never written."""
    call = event.call
    words = ["curl", "-sS", "-i"]
    if Asked(call).streaming:
        words.append("-N")
    if call.method == "HEAD":
        words.append("--head")
    elif call.method != ("POST" if call.body else "GET"):
        words += ["-X", call.method]
    words.append(shlex.quote(base_url + hidden(_target(event))))
    named = False
    for name, value in call.headers:
        key = name.decode("latin-1")
        named = named or key == "content-type"
        if name in _LEFT_OUT:
            continue
        if key == "authorization":
            words += ["-H", '"Authorization: Bearer $HF_TOKEN"']
        else:
            text = PLACEHOLDER if is_secret_header(key) else hidden(value.decode("latin-1"))
            words += ["-H", shlex.quote(f"{key}: {text}")]
    if call.body:
        if not named:
            words += ["-H", "'Content-Type:'"]  # curl would send one of its own
        body = hidden(call.body.decode("utf-8", "replace"))
        if len(body) > _LONGEST_COMMAND:
            return f"{' '.join(words)} --data-binary @-   # a body of {len(call.body)} bytes"
        words += ["--data-binary", shlex.quote(body)]
    return " ".join(words)


def _lines(event: ServeEvent) -> Iterator[str]:
    if event.status is None:
        yield _at(event.seconds, event.ended)
        return
    kind = dict(event.headers).get(b"content-type", b"").decode("latin-1").partition(";")[0]
    first = event.sent[0][0] if event.sent else event.seconds
    yield _at(first, f"{event.status} {kind}".rstrip())
    if kind == "text/event-stream":
        yield from _events(event)
    elif event.sent:
        whole = b"".join(data for _, data in event.sent).decode("utf-8", "replace")
        yield _at(event.sent[-1][0], _short(hidden(whole)))
    for fault in event.faults:
        yield f"{'fault':>11}  {fault}"
    why = (event.error or "").partition("\n")[0]
    told = f"{event.ended}: {why}" if why else event.ended
    yield _at(event.seconds, told)


def _events(event: ServeEvent) -> Iterator[str]:
    """A line for each event, wherever its bytes were cut."""
    rest = b""
    for seconds, data in event.sent:
        rest += data
        *whole, rest = re.split(rb"\n\n|\r\n\r\n", rest)
        for part in whole:
            yield _at(seconds, _event(part.decode("utf-8", "replace")))
    if rest:
        last = event.sent[-1][0]
        yield _at(last, f"half an event: {_short(rest.decode('utf-8', 'replace'))}")


def _event(part: str) -> str:
    if part.startswith(":"):
        return "comment " + _short(part[1:].strip()) if part[1:].strip() else "comment"
    data = "\n".join(line[5:].removeprefix(" ") for line in part.splitlines() if line.startswith("data:"))
    try:
        value = json.loads(data)
    except ValueError:
        return _short(hidden(data or part))
    return _told(value) if isinstance(value, dict) else _short(hidden(data))


def _told(value: dict[str, Any]) -> str:
    """An event of a stream by what matters in it: its text, how it ended, what went wrong."""
    if "error" in value:
        return _short(hidden(f"error {json.dumps(value, ensure_ascii=False)}"))
    words = []
    token = value.get("token")
    if isinstance(token, dict):
        words.append(f"token {json.dumps(token.get('text'), ensure_ascii=False)}")
        details = value.get("details")
        if isinstance(details, dict):
            words.append(f"finish_reason {details.get('finish_reason')}")
    choices = value.get("choices")
    for choice in choices if isinstance(choices, list) else []:
        delta = choice.get("delta", choice) if isinstance(choice, dict) else {}
        said = {key: delta[key] for key in ("content", "text", "tool_calls") if delta.get(key)}
        words += [f"{key} {json.dumps(each, ensure_ascii=False)}" for key, each in said.items()]
        if isinstance(choice, dict) and choice.get("finish_reason"):
            words.append(f"finish_reason {choice['finish_reason']}")
    if value.get("usage"):
        words.append("usage")
    return _short(hidden(", ".join(words) or json.dumps(value, ensure_ascii=False)))


def _at(seconds: float, what: str) -> str:
    return f"{seconds * 1000:8.1f} ms  {what}"


def _target(event: ServeEvent) -> str:
    call = event.call
    return f"{call.path}?{call.query}" if call.query else call.path


def hidden(text: str) -> str:
    """A text without its secrets."""
    return Redactor().text(text.encode("utf-8", "replace")).decode()


def _short(text: str) -> str:
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
