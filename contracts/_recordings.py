"""What the real router said: the recordings that ship with this package.

Read from the files each time they are asked for, so that nobody's changes reach anybody else.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, TypedDict

from ._files import folder

__all__ = [
    "Exchange",
    "RecordedRequest",
    "RecordedResponse",
    "body_of",
    "exchange_of",
    "profiles",
    "recordings",
]


class _Request(TypedDict):
    method: str
    path: str
    headers: dict[str, str]


class RecordedRequest(_Request, total=False):
    """A request as it was sent; its body as a value, a text or base64, or none. Schema RecordedRequest."""

    json: Any
    raw: str
    raw_b64: str


class _Response(TypedDict):
    status: int
    headers: list[list[str]]
    chunked: bool


class RecordedResponse(_Response, total=False):
    """An answer as it was received. Schema RecordedResponse."""

    chunks: list[str]
    chunks_b64: list[str]
    times: list[float]
    ended: Literal["complete", "client_left", "upstream_died"]


class _Exchange(TypedDict):
    name: str
    request: RecordedRequest
    generations: list[dict[str, Any]]
    response: RecordedResponse


class Exchange(_Exchange, total=False):
    """A request, what the model made of it, and the answer. Schema Exchange."""

    profile: str
    at: str


def recordings(*, profile: str | None = None) -> Iterator[Exchange]:
    """The exchanges recorded from the real router, those of one profile or all, in the order recorded.

    `recordings/PROVENANCE.md` tells where they come from, `profiles()` how the router ran for each.

    Raises LookupError for a profile that does not exist.
    """
    known = profiles()
    if profile is not None and profile not in known:
        raise LookupError(f"no profile is called {profile!r}; there are {', '.join(known)}")
    return (exchange for name in known if profile in (None, name) for exchange in _lines(name))


def profiles() -> dict[str, dict[str, Any]]:
    """By name: the flags that the router ran with and the model folder that it served. Schema Profiles.

    `tokenizer` names a folder inside this package's `recordings/`.
    """
    value: dict[str, dict[str, Any]] = json.loads(
        (folder() / "recordings" / "profiles.json").read_text(encoding="utf-8")
    )
    return value


def body_of(request: Mapping[str, Any]) -> bytes | None:
    """The bytes of a recorded request's body; None if it has none.

    A body recorded as a value (`json`) is written as Python's json writes it, with no escapes but the
    needed ones: that is how it was sent.
    """
    if "json" in request:
        return json.dumps(request["json"], ensure_ascii=False).encode()
    if "raw" in request:
        text: str = request["raw"]
        return text.encode()
    if "raw_b64" in request:
        return base64.b64decode(request["raw_b64"])
    return None


def exchange_of(
    method: str,
    path: str,
    body: bytes | None,
    status: int,
    headers: Iterable[tuple[str, str]],
    answer: bytes,
    *,
    name: str = "seen",
) -> Exchange:
    """An exchange in the format of the recordings, from what went over the wire; for `check_exchange`.

    `body` is the request's, None if it has none; `headers` are the answer's, names in any case; `answer` is
    its body, decoded from chunks if it came in some.
    """
    request: RecordedRequest = {"method": method.upper(), "path": path, "headers": {}}
    if body is not None:
        try:
            request["raw"] = body.decode()
        except UnicodeDecodeError:
            request["raw_b64"] = base64.b64encode(body).decode()
    pairs = [[key.lower(), value] for key, value in headers]
    chunked = any(key == "transfer-encoding" for key, _ in pairs)
    response: RecordedResponse = {"status": status, "headers": pairs, "chunked": chunked}
    try:
        response["chunks"] = [answer.decode()]
    except UnicodeDecodeError:
        response["chunks_b64"] = [base64.b64encode(answer).decode()]
    return {"name": name, "request": request, "generations": [], "response": response}


def _lines(profile: str) -> Iterator[Exchange]:
    with (folder() / "recordings" / f"{profile}.jsonl").open(encoding="utf-8") as file:
        for line in file:
            exchange: Exchange = json.loads(line)
            yield exchange
