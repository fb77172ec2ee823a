"""Stubs as JSON values: the form they have in a file and in the admin API, checked before anything is made.

The contracts say what may be written; what no schema can say (a cause that exists, a regular expression, a
recording that can be found) is found out when the parts are made. Both tell the place.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ..matching import Difference, FormError
from ..matching.differences import hidden, shown
from ..matching.json_values import unlike_json
from ..recordings.files import read_recordings
from ..recordings.recording import Recording, parse_recording
from ..shards.scripted import FormatError, parse_generation
from .answer import Answer
from .error_answers import Error
from .faulty import Faulty
from .hints import told
from .model_answers import Generated, Text, Tokens, ToolCall, Unscripted
from .speech import UNKNOWN, StubToken
from .wire_answers import Raw, Recorded, json_body

__all__ = ["check_form", "read_answer"]

__tracebackhide__ = hidden

_BODIES: Final = ("body", "body_b64", "chunks", "chunks_b64", "json")
"""Ways to write the bytes of a raw answer."""


def check_form(value: Any, name: str) -> None:
    """Holds a value to the contract of that name (StubFile, Stub, …). Raises FormError."""
    from tgi_contracts import violations  # the schemas are read once somebody gives a stub

    if (wrong := unlike_json(value)) is not None:
        raise FormError(wrong)
    if found := told(violations(value, name), name):
        raise FormError(*found)


def read_answer(value: Mapping[str, Any], folder: Path | None = None) -> Answer:
    """An answer in the form of StubAnswer. `folder` is where files are looked for. Raises FormError."""
    check_form(dict(value), "StubAnswer")
    answer = _read(value, folder)
    fault = value.get("fault")
    if fault is None:
        return answer
    return Faulty(answer, *([fault] if isinstance(fault, str) else fault))


def _read(value: Mapping[str, Any], folder: Path | None) -> Answer:
    reason = value.get("finish_reason", "eos_token")
    if "text" in value:
        return Text(value["text"], reason)
    if "tokens" in value:
        return Tokens([_token(each) for each in value["tokens"]], reason)
    if "tool_call" in value:
        return ToolCall(value["tool_call"]["name"], value["tool_call"].get("arguments", {}))
    if "error" in value:
        return Error(value["error"], value.get("message"), value.get("after_tokens"))
    if "exchange" in value:
        return _recorded(value["exchange"], folder)
    if "answers" in value:
        return Unscripted(value["answers"])
    if "generation" in value:
        return _generated(value["generation"])
    return _raw(value["raw"])


def _token(value: Any) -> StubToken:
    if isinstance(value, str):
        return StubToken(value)
    return StubToken(value["text"], value.get("id"), value.get("logprob", UNKNOWN), value.get("special"))


def _generated(value: Mapping[str, Any]) -> Generated:
    try:
        return Generated(parse_generation(value)[1])
    except FormatError as error:
        raise FormError(Difference("generation", "what a model can produce", str(error))) from error


def _raw(value: Mapping[str, Any]) -> Raw:
    bodies = [name for name in _BODIES if name in value]
    if len(bodies) > 1:
        one_of = f"one of {', '.join(_BODIES[:-1])} and {_BODIES[-1]}"
        raise FormError(Difference("raw", one_of, " and ".join(bodies)))
    headers = dict(value.get("headers", {}))
    body: bytes | list[bytes] = value.get("body", "").encode()
    if "json" in value:
        body = json_body(value["json"])
        if "content-type" not in map(str.lower, headers):
            headers["content-type"] = "application/json"
    elif "body_b64" in value:
        body = _of_base64(value["body_b64"], "raw.body_b64")
    elif "chunks" in value:
        body = [text.encode() for text in value["chunks"]]
    elif "chunks_b64" in value:
        body = [_of_base64(text, f"raw.chunks_b64[{at}]") for at, text in enumerate(value["chunks_b64"])]
    return Raw(body, status=value.get("status", 200), headers=headers)


def _of_base64(text: str, where: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as error:
        raise FormError(Difference(where, "base64", str(error))) from error


def _recorded(source: str, folder: Path | None) -> Recorded:
    """`FILE#NAME`, `FILE` with one exchange in it, or the `NAME` of a recording that comes with us."""
    path, hash_, name = source.rpartition("#") if "#" in source else (source, "", "")
    place = (folder or Path()) / path
    if hash_ or place.exists():
        return Recorded(_in_file(place, name), source)
    from tgi_contracts import recordings

    for exchange in recordings():
        if exchange["name"] == source:
            return Recorded(parse_recording(exchange), source)
    what = f"the name of a recorded exchange, or a file of recordings and # before the name ({place} is none)"
    raise FormError(Difference("exchange", what, shown(source)))


def _in_file(place: Path, name: str) -> Recording:
    try:
        found = read_recordings(place)
    except OSError as error:
        raise FormError(Difference("exchange", "a file of recordings", str(error))) from error
    if found.refused:
        raise FormError(Difference("exchange", "a file of recordings", str(found.refused[0])))
    fitting = [each for each in found.exchanges if name in ("", each.name)]
    if len(fitting) != 1:
        wanted = f"an exchange called {shown(name)}" if name else "one exchange, or # and the name of one"
        raise FormError(Difference("exchange", f"{wanted} in {place}", f"{len(fitting)}"))
    return fitting[0]
