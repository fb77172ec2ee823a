"""Reads the event stream of TGI's `/generate_stream` as it comes, in pieces of any size."""

from __future__ import annotations

import json


class StreamError(Exception):
    """The server said that it failed."""


class TokenStream:
    """`feed` bytes as they come; it returns the texts of the tokens that are complete by then.

    `text` is the whole answer once it is there, None until then.
    """

    def __init__(self) -> None:
        self.text: str | None = None
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Raises StreamError."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        found = []
        for line in lines:
            if not line.startswith(b"data:"):
                continue  # comments, and the lines between events
            event = json.loads(line[5:])
            if "error" in event:
                raise StreamError(event["error"])
            found.append(event["token"]["text"])
            if event["generated_text"] is not None:
                self.text = event["generated_text"]
        return found
