"""One question, as it was sent and answered.

The exchange is in the format of the recordings and holds no secret from the start: the key stands in it as
a word in its place. Everything else here reads the exchange.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .asking import Heard
from .event_stream import DONE, data_of
from .question import Question
from .target import REDACTED, Target

if TYPE_CHECKING:
    from tgi_contracts import Exchange, RecordedRequest, RecordedResponse

__all__ = ["Seen", "exchange_from"]


@dataclass(frozen=True)  # without slots, for what is read once and kept
class Seen:
    """`exchange` as recorded; `seconds` it took; `fault`: what was wrong with how it came, or None."""

    question: Question
    exchange: Exchange
    seconds: float = 0.0
    fault: str | None = None

    @property
    def status(self) -> int:
        """Status of the answer; 0 if none was heard."""
        status: int = self.exchange["response"]["status"]
        return status

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """Of the answer, by name in lower case; of several alike the last."""
        return {name: value for name, value in self.exchange["response"]["headers"]}  # noqa: C416  pairs are lists

    @cached_property
    def text(self) -> str:
        """The body; bytes that are no UTF-8 as U+FFFD."""
        response = self.exchange["response"]
        if "chunks" in response:
            return "".join(response["chunks"])
        return b"".join(map(base64.b64decode, response["chunks_b64"])).decode("utf-8", "replace")

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.headers.get("content-type", "").startswith("text/event-stream")

    @cached_property
    def value(self) -> Any:
        """The body's JSON value; the text if it is none."""
        try:
            return json.loads(self.text)
        except ValueError:
            return self.text

    @cached_property
    def events(self) -> list[Any]:
        """Each event's data, its JSON value or else its text; `[DONE]` is left out."""
        return [event for event in data_of(self.text) if event != DONE]


def exchange_from(
    question: Question, request: RecordedRequest, heard: Heard, target: Target, at: str
) -> Exchange:
    """What was sent and heard, in the format of the recordings and without secrets."""
    response: RecordedResponse = {
        "status": heard.status,
        "headers": [
            [name, REDACTED if name == "set-cookie" else target.redacted(value)]
            for name, value in heard.headers
        ],
        "chunked": heard.chunked,
        "times": list(heard.times),
        "ended": "client_left" if heard.left else "upstream_died" if heard.fault else "complete",
    }
    try:
        response["chunks"] = _redacted([chunk.decode() for chunk in heard.chunks], target)
    except UnicodeDecodeError:
        response["chunks_b64"] = [base64.b64encode(chunk).decode() for chunk in heard.chunks]
    return {"name": question.name, "at": at, "request": request, "generations": [], "response": response}


def _redacted(chunks: list[str], target: Target) -> list[str]:
    """Chunk by chunk; as one where a key stands across the border of two."""
    each = [target.redacted(chunk) for chunk in chunks]
    whole = target.redacted("".join(chunks))
    return each if "".join(each) == whole else [whole]
