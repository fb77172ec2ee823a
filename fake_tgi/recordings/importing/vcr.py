"""Cassettes of vcrpy, format 1, as YAML or JSON. Nothing in a cassette is executed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from .foreign import Foreign, ImportFailure, Pairs, expect, foreign

__all__ = ["read_cassette"]


def read_cassette(file: Path) -> tuple[list[Foreign], list[str]]:
    """The exchanges of a file, and what was left out and why. Raises ImportFailure, OSError."""
    value = _value(file)
    if not isinstance(value, dict) or "interactions" not in value:
        raise ImportFailure("expected a HAR file (*.har) or a cassette of vcrpy, with `interactions`")
    if value.get("version") != 1:
        raise ImportFailure(f"version: expected 1, got {value.get('version')!r}; try vcr.migration")
    found: list[Foreign] = []
    skipped: list[str] = []
    for index, item in enumerate(expect(value["interactions"], list, "interactions", "a list")):
        where = f"interactions[{index}]"
        try:
            found.append(_interaction(expect(item, dict, where, "a mapping"), where))
        except ImportFailure as failure:
            skipped.append(f"{where} is left out: {failure}")
    return found, skipped


def _value(file: Path) -> Any:
    text = file.read_text(encoding="utf-8")
    if file.suffix.lower() == ".json":
        try:
            return json.loads(text)
        except ValueError as error:
            raise ImportFailure(f"expected JSON: {error}") from None
    import yaml  # only cassettes need it

    try:
        return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe
    except yaml.YAMLError as error:
        raise ImportFailure(f"expected YAML: {error}") from None


def _interaction(item: dict[str, Any], where: str) -> Foreign:
    request = expect(item.get("request"), dict, f"{where}.request", "a mapping")
    response = expect(item.get("response"), dict, f"{where}.response", "a mapping")
    status = expect(response.get("status"), dict, f"{where}.response.status", "a mapping")
    body = request.get("body")
    return foreign(
        expect(request.get("method"), str, f"{where}.request.method", "a method"),
        expect(request.get("uri"), str, f"{where}.request.uri", "a URL"),
        _pairs(request.get("headers"), f"{where}.request.headers"),
        None if body is None else _bytes(body, f"{where}.request.body"),
        expect(status.get("code"), int, f"{where}.response.status.code", "a status"),
        _pairs(response.get("headers"), f"{where}.response.headers"),
        _bytes(response.get("body"), f"{where}.response.body"),
    )


def _pairs(value: Any, where: str) -> Pairs:
    pairs: Pairs = []
    for name, given in expect(value or {}, dict, where, "a mapping").items():
        for each in given if isinstance(given, list) else [given]:
            text = each.decode("latin-1") if isinstance(each, bytes) else each
            pairs.append((str(name), expect(text, str, f"{where}.{name}", "a string")))
    return pairs


def _bytes(value: Any, where: str) -> bytes:
    if isinstance(value, dict):
        if "base64_string" in value:
            return base64.b64decode(value["base64_string"])
        value = value.get("string")
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    return bytes(expect(value, bytes, where, "a text or bytes"))
