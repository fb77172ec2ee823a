"""What a recorded exchange answered, as values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tgi_contracts import Exchange

__all__ = ["answered"]


def answered(exchange: Exchange) -> Iterator[tuple[Any, bool]]:
    """The body as a value, or each event's data; and whether it is an event."""
    response = exchange["response"]
    body = "".join(response["chunks"])
    kind = dict(map(tuple, response["headers"])).get("content-type")
    if kind == "text/event-stream":
        for block in body.split("\n\n")[:-1]:
            data = block.removeprefix("data: ")
            yield (data if data == "[DONE]" else json.loads(data)), True
    else:
        yield (json.loads(body) if kind == "application/json" and body else body), False
