"""One recorded exchange as a value: what was asked, what came back, in which chunks and when.

Its JSON is the schema `Exchange` of the contracts. Reading one checks all of it and says where it is wrong;
writing one gives back every byte that was read.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from ..shards.scripted import FormatError, parse_generation

__all__ = ["Ended", "Pairs", "Recording", "parse_recording", "recording_json"]

Ended = Literal["complete", "client_left", "upstream_died"]
Pairs = tuple[tuple[str, str], ...]

_AT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|[+-][0-9]{2}:[0-9]{2})")
_EXCHANGE: Final = frozenset(("name", "profile", "at", "request", "generations", "response"))
_REQUEST: Final = frozenset(("method", "path", "headers", "json", "raw", "raw_b64"))
_RESPONSE: Final = frozenset(("status", "headers", "chunked", "chunks", "chunks_b64", "times", "ended"))


@dataclass(frozen=True, slots=True)
class Recording:
    """One exchange. `target` is the path with its query; header names of the answer are in lower case.

    `chunks` are the HTTP chunks of a chunked answer, or else its body as one. `times` holds seconds since
    the request was sent, one for each chunk, or is empty where nobody measured. `generations` are the
    model's calls as JSON values (schema RecordedGeneration). `body` None: there was none.
    """

    name: str
    method: str
    target: str
    request_headers: Pairs
    body: bytes | None
    status: int
    headers: Pairs
    chunked: bool
    chunks: tuple[bytes, ...]
    times: tuple[float, ...] = ()
    ended: Ended = "complete"
    generations: tuple[Mapping[str, Any], ...] = ()
    profile: str | None = None
    at: str | None = None


def recording_json(recording: Recording) -> dict[str, Any]:
    """The exchange as JSON. What was sent as Python's json writes it becomes a value, for people to read."""
    value: dict[str, Any] = {"name": recording.name}
    if recording.profile is not None:
        value["profile"] = recording.profile
    value["request"] = {
        "method": recording.method,
        "path": recording.target,
        "headers": dict(recording.request_headers),
        **_body_json(recording.body),
    }
    response: dict[str, Any] = {
        "status": recording.status,
        "headers": [list(pair) for pair in recording.headers],
        "chunked": recording.chunked,
    }
    try:
        response["chunks"] = [chunk.decode() for chunk in recording.chunks]
    except UnicodeDecodeError:
        response["chunks_b64"] = [base64.b64encode(chunk).decode() for chunk in recording.chunks]
    if recording.times:
        response["times"] = list(recording.times)
    response["ended"] = recording.ended
    value["response"] = response
    value["generations"] = [dict(generation) for generation in recording.generations]
    if recording.at is not None:
        value["at"] = recording.at
    return value


def parse_recording(value: object, where: str = "exchange") -> Recording:
    """The exchange in a JSON value. Raises `FormatError`: where, what was expected, what came."""
    fields = _object(value, where, _EXCHANGE)
    request = _object(_member(fields, "request", where), f"{where}.request", _REQUEST)
    response = _object(_member(fields, "response", where), f"{where}.response", _RESPONSE)
    inside = f"{where}.request"
    method = _text(_member(request, "method", inside), f"{inside}.method")
    target = _text(_member(request, "path", inside), f"{inside}.path")
    if re.fullmatch("[A-Z]+", method) is None:
        raise FormatError(f"{inside}.method: expected a method in capitals, got {method!r}")
    if not target.startswith("/"):
        raise FormatError(f"{inside}.path: expected a path that starts with /, got {target!r}")
    headers = _object(_member(request, "headers", inside), f"{inside}.headers")
    generations = _list(_member(fields, "generations", where), f"{where}.generations")
    for index, generation in enumerate(generations):
        parse_generation(generation, f"{where}.generations[{index}]")
    at = fields.get("at")
    if at is not None and (type(at) is not str or _AT.fullmatch(at) is None):
        raise FormatError(f"{where}.at: expected an ISO 8601 time with an offset, got {at!r}")
    profile = fields.get("profile")
    return Recording(
        name=_text(_member(fields, "name", where), f"{where}.name"),
        method=method,
        target=target,
        request_headers=tuple(
            (key, _text(each, f"{inside}.headers.{key}", empty=True)) for key, each in headers.items()
        ),
        body=_body(request, inside),
        generations=tuple(generations),
        profile=None if profile is None else _text(profile, f"{where}.profile"),
        at=at,
        **_response(response, f"{where}.response"),
    )


def _response(response: Mapping[str, Any], where: str) -> dict[str, Any]:
    status = _member(response, "status", where)
    if type(status) is not int or not 100 <= status <= 599:
        raise FormatError(f"{where}.status: expected a status from 100 to 599, got {status!r}")
    chunked = _member(response, "chunked", where)
    if type(chunked) is not bool:
        raise FormatError(f"{where}.chunked: expected true or false, got {chunked!r}")
    chunks = _chunks(response, where)
    times = _list(response.get("times", []), f"{where}.times")
    for index, time in enumerate(times):
        if type(time) not in (int, float) or not 0 <= time < float("inf"):
            raise FormatError(f"{where}.times[{index}]: expected seconds from 0, got {time!r}")
    if times and len(times) != len(chunks):
        raise FormatError(f"{where}.times: expected one for each of {len(chunks)} chunks, got {len(times)}")
    ended = response.get("ended", "complete")
    if ended not in get_args(Ended):
        raise FormatError(f"{where}.ended: expected one of {', '.join(get_args(Ended))}, got {ended!r}")
    return {
        "status": status,
        "headers": tuple(
            _pair(pair, f"{where}.headers[{index}]")
            for index, pair in enumerate(_list(_member(response, "headers", where), f"{where}.headers"))
        ),
        "chunked": chunked,
        "chunks": chunks,
        "times": tuple(map(float, times)),
        "ended": ended,
    }


def _chunks(response: Mapping[str, Any], where: str) -> tuple[bytes, ...]:
    if ("chunks" in response) == ("chunks_b64" in response):
        raise FormatError(f"{where}: expected either chunks or chunks_b64, got the keys {sorted(response)}")
    if "chunks" in response:
        texts = _list(response["chunks"], f"{where}.chunks")
        return tuple(
            _bytes(text, f"{where}.chunks[{index}]", encoded=False) for index, text in enumerate(texts)
        )
    texts = _list(response["chunks_b64"], f"{where}.chunks_b64")
    return tuple(
        _bytes(text, f"{where}.chunks_b64[{index}]", encoded=True) for index, text in enumerate(texts)
    )


def _body(request: Mapping[str, Any], where: str) -> bytes | None:
    forms = [key for key in ("json", "raw", "raw_b64") if key in request]
    if len(forms) > 1:
        raise FormatError(f"{where}: expected one of json, raw, raw_b64, got {' and '.join(forms)}")
    if not forms:
        return None
    if forms == ["json"]:
        return _written(request["json"])
    return _bytes(request[forms[0]], f"{where}.{forms[0]}", encoded=forms == ["raw_b64"])


def _body_json(body: bytes | None) -> dict[str, Any]:
    if body is None:
        return {}
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"raw_b64": base64.b64encode(body).decode()}
    try:
        value = json.loads(text)
        if _written(value) == body:
            return {"json": value}
    except (ValueError, RecursionError):
        pass
    return {"raw": text}


def _written(value: object) -> bytes:
    # A lone surrogate is no UTF-8: such a value was never sent like this.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _bytes(text: object, where: str, *, encoded: bool) -> bytes:
    if type(text) is not str:
        raise FormatError(f"{where}: expected a string, got {text!r}")
    try:
        return base64.b64decode(text, validate=True) if encoded else text.encode()
    except (binascii.Error, UnicodeEncodeError) as error:
        raise FormatError(f"{where}: expected {'base64' if encoded else 'Unicode'}: {error}") from None


def _pair(pair: object, where: str) -> tuple[str, str]:
    items = _list(pair, where)
    if len(items) != 2:
        raise FormatError(f"{where}: expected a name and a value, got {items!r}")
    name = _text(items[0], where)
    if re.fullmatch(r"[a-z0-9-]+", name) is None:
        raise FormatError(f"{where}: expected a name in lower case, got {name!r}")
    value = _text(items[1], where, empty=True)
    if re.fullmatch(r"[^\r\n\0\u0100-\U0010ffff]*", value) is None:
        raise FormatError(f"{where}: expected a value that a header can have, got {value!r}")
    return name, value


def _object(value: object, where: str, known: frozenset[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise FormatError(f"{where}: expected an object, got {_shown(value)}")
    unknown = sorted(set(value) - known) if known is not None else []
    if unknown and known is not None:
        raise FormatError(f"{where}.{unknown[0]}: expected one of {', '.join(sorted(known))}")
    return value


def _member(fields: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in fields:
        raise FormatError(f"{where}: expected the key {key!r}, got {sorted(fields)}")
    return fields[key]


def _list(value: object, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormatError(f"{where}: expected a list, got {_shown(value)}")
    return value


def _text(value: object, where: str, *, empty: bool = False) -> str:
    if type(value) is not str or not (value or empty):
        raise FormatError(f"{where}: expected a string, got {_shown(value)}")
    return value


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
