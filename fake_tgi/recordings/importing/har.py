"""HAR 1.2, as browsers and proxies export it. Bodies in it are decoded already (compression and chunks)."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from .foreign import Foreign, ImportFailure, Pairs, expect, foreign

__all__ = ["read_har"]


def read_har(file: Path) -> tuple[list[Foreign], list[str]]:
    """The exchanges of a file, and what was left out and why. Raises ImportFailure, OSError."""
    try:
        value = json.loads(file.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise ImportFailure(f"expected JSON: {error}") from None
    log = expect(value, dict, "HAR", "an object").get("log")
    entries = expect(expect(log, dict, "log", "an object").get("entries"), list, "log.entries", "a list")
    found: list[Foreign] = []
    skipped: list[str] = []
    for index, entry in enumerate(entries):
        where = f"log.entries[{index}]"
        try:
            found.append(_entry(expect(entry, dict, where, "an object"), where))
        except ImportFailure as failure:
            skipped.append(f"{where} is left out: {failure}")
    return found, skipped


def _entry(entry: dict[str, Any], where: str) -> Foreign:
    request = expect(entry.get("request"), dict, f"{where}.request", "an object")
    response = expect(entry.get("response"), dict, f"{where}.response", "an object")
    content = expect(response.get("content") or {}, dict, f"{where}.response.content", "an object")
    posted = request.get("postData")
    took = entry.get("time")
    headers = [
        pair
        for pair in _pairs(response.get("headers"), f"{where}.response.headers")
        if pair[0].lower() != "content-encoding"
    ]
    return foreign(
        expect(request.get("method"), str, f"{where}.request.method", "a method"),
        expect(request.get("url"), str, f"{where}.request.url", "a URL"),
        _pairs(request.get("headers"), f"{where}.request.headers"),
        None if posted is None else _posted(posted, f"{where}.request.postData"),
        expect(response.get("status"), int, f"{where}.response.status", "a status"),
        headers,
        _bytes(content, f"{where}.response.content"),
        seconds=took / 1000 if isinstance(took, (int, float)) and took >= 0 else None,
        at=_moment(entry.get("startedDateTime")),
    )


def _pairs(value: Any, where: str) -> Pairs:
    pairs: Pairs = []
    for index, item in enumerate(expect(value or [], list, where, "a list")):
        inside = f"{where}[{index}]"
        header = expect(item, dict, inside, "an object with a name and a value")
        pairs.append(
            (
                expect(header.get("name"), str, f"{inside}.name", "a string"),
                expect(header.get("value"), str, f"{inside}.value", "a string"),
            )
        )
    return pairs


def _posted(value: Any, where: str) -> bytes:
    """What was sent. A form may be told by its fields alone, and what a browser makes of those is known."""
    posted = expect(value, dict, where, "an object")
    fields = expect(posted.get("params") or [], list, f"{where}.params", "a list")
    if posted.get("text") or not fields:
        return _bytes(posted, where)
    if str(posted.get("mimeType")).lower().startswith("multipart/"):
        raise ImportFailure(f"{where}: expected the text of a multipart form, got its fields alone")
    return urlencode(_pairs([_filled(field) for field in fields], f"{where}.params")).encode()


def _filled(field: Any) -> Any:
    """A field of a form; one without a value is an empty one."""
    return {**field, "value": field.get("value") or ""} if isinstance(field, dict) else field


def _bytes(content: dict[str, Any], where: str) -> bytes:
    text = expect(content.get("text") or "", str, f"{where}.text", "a string")
    if content.get("encoding") != "base64":
        return str(text).encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ImportFailure(f"{where}.text: expected base64: {error}") from None


def _moment(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(str(value).replace("Z", "+00:00")).timestamp()
    except ValueError:
        return None
