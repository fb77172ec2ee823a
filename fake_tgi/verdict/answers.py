"""What an answer was to its client: good, a refusal, an overload, a break; and the text that was in it.

Read from the bytes that were sent, as any client could read them, and never from what the server meant.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from ..journal import ServeEvent

__all__ = ["CUT", "Answer", "Outcome"]

Outcome = Literal["good", "overloaded", "unavailable", "refused", "failed", "cut", "left", "open"]
"""`overloaded`: too much is asked. `unavailable`: not ready, or a proxy that gets no answer. `refused`: no
later attempt can succeed. `failed`: the server's own failure. `cut`: broken off. `left`: the client left."""

CUT: Final = ("cut by a fault", "hung up", "failed", "server stopped")
"""The endings of answers that were broken off."""

_OF_STATUS: Final[dict[int, Outcome]] = {
    408: "unavailable", 409: "failed", 423: "failed", 424: "failed", 425: "unavailable", 429: "overloaded",
    502: "unavailable", 503: "unavailable", 504: "unavailable", 529: "overloaded",
}  # fmt: skip

# Of native streams; those of the OpenAI routes say 422 for every class, and only the words tell.
_OF_TYPE: Final[dict[str, Outcome]] = {
    "overloaded": "overloaded", "validation": "refused", "template_error": "refused", "tool_error": "refused",
}  # fmt: skip
_OF_WORDS: Final[tuple[tuple[str, Outcome], ...]] = (
    ("model is overloaded", "overloaded"),
    ("input validation error", "refused"),
    ("template error", "refused"),
    ("tool error", "refused"),
)


@dataclass
class Answer:
    """The answer of one serve event."""

    event: ServeEvent

    @cached_property
    def items(self) -> list[Any]:
        """The events of a stream as JSON, or the body of a whole answer; None for what is no JSON."""
        return [_parsed(data) for data in self._data]

    @cached_property
    def _data(self) -> list[bytes]:
        if not self.streamed:
            return [self.event.text]
        return [data for data in self.event.events if data != b"[DONE]"]

    @cached_property
    def streamed(self) -> bool:
        """Whether it was a stream of events."""
        text = self.event.text
        return self.event.streamed and (not text or text.startswith((b"data:", b":")))

    @cached_property
    def error(self) -> str | None:
        """What an error inside an answer with a good status says."""
        return next((said for said, _ in self._errors()), None)

    @cached_property
    def outcome(self) -> Outcome:
        event = self.event
        if event.ended == "in flight":
            return "open"
        if event.ended == "client left":
            return "left"
        status = event.status
        if status is not None and status >= 400:
            return _OF_STATUS.get(status, "refused" if status < 500 else "failed")
        found = next((outcome for _, outcome in self._errors()), None)
        if found is not None:
            return found
        return "cut" if event.ended in CUT else "good"

    @property
    def damaged(self) -> bool:
        """Whether an event, or the body, is no JSON."""
        return self.outcome in ("good", "left") and any(item is None for item in self.items)

    @property
    def retry_after(self) -> str | None:
        """The header Retry-After."""
        for name, value in self.event.headers:
            if name == b"retry-after":
                return value.decode("latin-1").strip()
        return None

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The text that was sent, in each of the ways in which it can be read.

        From the tokens, with special ones and without; from the last event; without a prompt before it.
        """
        whole = plain = ""
        final: list[str] = []
        for text, special, last in _pieces(self.items):
            whole += text
            plain += "" if special else text
            if last is not None:
                final.append(last)
        return tuple(dict.fromkeys((*final, plain, whole)))

    @cached_property
    def text(self) -> str:
        """The text that was sent, as most would read it."""
        return self.texts[0] if self.texts else ""

    @property
    def split(self) -> bool:
        """Whether a piece of the body ended in the middle of a character."""
        cut = False
        for _, data in self.event.sent[:-1]:
            at = len(data) - 1
            while at >= 0 and len(data) - at < 4 and data[at] & 0xC0 == 0x80:
                at -= 1
            if at >= 0 and data[at] >= 0xC0:
                length = 2 if data[at] < 0xE0 else 3 if data[at] < 0xF0 else 4
                cut = cut or len(data) - at < length
        return cut

    def has(self, text: str) -> bool:
        """Whether that is the text that was sent; white space around it is no matter."""
        return any(text.strip() == sent.strip() for sent in self.texts)

    def _errors(self) -> Iterator[tuple[str, Outcome]]:
        for data in self._data:
            item = _parsed(data) if b'"error"' in data else None
            error = item.get("error") if isinstance(item, dict) else None
            if isinstance(error, dict):
                error, kind = error.get("message"), None
            else:
                kind = item.get("error_type") if isinstance(item, dict) else None
            if isinstance(error, str):
                outcome = _OF_TYPE.get(str(kind))
                for words, meant in () if outcome is not None else _OF_WORDS:
                    if error.lower().startswith(words):
                        outcome = meant
                yield error, outcome or "failed"


def _parsed(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _pieces(items: list[Any]) -> Iterator[tuple[str, bool, str | None]]:
    """Text, whether it is special, and the whole text where it is told; of all items in their order."""
    for item in items:
        for each in item if isinstance(item, list) else [item]:
            if not isinstance(each, dict):
                continue
            token, whole = each.get("token"), each.get("generated_text")
            told = whole if isinstance(whole, str) else None
            if isinstance(token, dict):
                yield str(token.get("text") or ""), bool(token.get("special")), told
            elif told is not None:
                yield "", False, told
            choices = each.get("choices")
            for choice in choices if isinstance(choices, list) else ():
                if isinstance(choice, dict):
                    yield _of_choice(choice), False, None


def _of_choice(choice: dict[str, Any]) -> str:
    if isinstance(choice.get("text"), str):
        return str(choice["text"])
    for name in ("delta", "message"):
        part = choice.get(name)
        if isinstance(part, dict) and isinstance(part.get("content"), str):
            return str(part["content"])
    return ""
