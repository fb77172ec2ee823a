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

from ..recordings.redaction import Redactor
from .asking import Heard
from .event_stream import DONE, data_of
from .question import Question

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
    question: Question, request: RecordedRequest, heard: Heard, redactor: Redactor, at: str
) -> Exchange:
    """What was sent and heard, in the format of the recordings and without secrets."""
    chunks = redactor.chunks(heard.chunks)
    length = [str(sum(map(len, each))) for each in (heard.chunks, chunks)]
    response: RecordedResponse = {
        "status": heard.status,
        "headers": [
            # A body that was redacted has another length; the header was right about the one that came.
            [name, length[1] if name == "content-length" and value == length[0] else value]
            for name, value in redactor.headers(heard.headers)
        ],
        "chunked": heard.chunked,
        "times": list(heard.times),
        "ended": "client_left" if heard.left else "upstream_died" if heard.fault else "complete",
    }
    try:
        response["chunks"] = [chunk.decode() for chunk in chunks]
    except UnicodeDecodeError:
        response["chunks_b64"] = [base64.b64encode(chunk).decode() for chunk in chunks]
    redacted: RecordedRequest = {**request, "headers": dict(redactor.headers(request["headers"].items()))}
    return {"name": question.name, "at": at, "request": redacted, "generations": [], "response": response}
