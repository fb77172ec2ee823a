"""Small values that a person might have put where a JSON Schema asks for one.

They follow what schemas mostly say: properties in their order, `required`, `enum`, `const`, bounds,
lengths, `$ref` into the schema itself. What is rare (`not`, `if`, dependencies between properties) is not
looked at, so whoever needs a value that satisfies the schema must check it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random
from typing import Any

from ..schemas.parts import DEEPEST, alternatives, bounds, count, kinds
from .phrases import UNTITLED

__all__ = ["Plausible"]

_DEEP = 4
_LARGEST = 2000

_WORDS = ("river", "morning", "lantern", "a quiet harbour", "blue", "seven bridges", *UNTITLED)
_BY_NAME: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("email", ("anna@example.com", "martin@example.org")),
    ("url", ("https://example.com/", "https://example.org/page")),
    ("uri", ("https://example.com/", "https://example.org/page")),
    ("country", ("France", "Norway", "Japan", "Chile")),
    ("city", ("Paris", "Oslo", "Kyoto", "Lisbon")),
    ("locat", ("Paris, France", "San Francisco, CA", "Oslo", "Kyoto, Japan")),
    ("place", ("Paris", "Oslo", "Kyoto", "Lisbon")),
    ("filename", ("notes.txt", "data.json")),
    ("file", ("notes.txt", "data.json")),
    ("path", ("/tmp/notes.txt", "docs/index.md")),  # noqa: S108 - a word, not a file
    ("name", ("Anna", "Martin", "Sofia", "Jonas")),
    ("author", ("Anna", "Martin", "Sofia", "Jonas")),
    ("unit", ("celsius", "metre")),
    ("format", ("celsius", "short")),
    ("language", ("English", "French")),
    ("lang", ("en", "fr")),
    ("currency", ("EUR", "USD")),
    ("colo", ("blue", "green", "red")),
    ("date", ("2024-05-17", "2023-11-02")),
    ("time", ("10:30:00", "18:45:00")),
    ("query", ("weather today", "history of the lighthouse")),
    ("id", ("a17", "b42")),
    ("age", (19, 34, 52)),
    ("year", (1987, 2004, 2023)),
    ("temperature", (18, 21.5, -3)),
    ("price", (4.5, 19.99, 120)),
    ("score", (0.25, 0.8)),
    ("probability", (0.25, 0.8)),
)
"""A part of a property's name, and what may stand there; the first that fits counts."""

_FORMATS: dict[str, tuple[str, ...]] = {
    "date": ("2024-05-17", "2023-11-02"),
    "time": ("10:30:00Z", "18:45:00Z"),
    "date-time": ("2024-05-17T10:30:00Z", "2023-11-02T18:45:00Z"),
    "email": ("anna@example.com", "martin@example.org"),
    "uri": ("https://example.com/", "https://example.org/page"),
    "hostname": ("example.com", "example.org"),
    "ipv4": ("192.0.2.1", "198.51.100.7"),
    "ipv6": ("2001:db8::1", "2001:db8::7"),
}


class Plausible:
    """Draws values for one schema. `matching` gives a text for a pattern, or raises ValueError."""

    def __init__(self, schema: Any, random: Random, matching: Callable[[str], str]) -> None:
        self._root = schema
        self._random = random
        self._matching = matching
        self._made = 0

    def value(self) -> Any:
        """Any JSON value. Raises ValueError if it would be too deep or too large, or if there is none."""
        return self._value(self._root, "", 0)

    def _value(self, schema: Any, name: str, depth: int) -> Any:
        self._made += 1
        if depth > DEEPEST or self._made > _LARGEST:
            raise ValueError("the schema has no end")
        random = self._random
        ways = alternatives(schema, self._root)
        if not ways:
            raise ValueError("nothing satisfies this part of the schema")
        schema = random.choice(ways)
        if "const" in schema:
            return schema["const"]
        for listed in ("enum", "examples"):
            if isinstance(schema.get(listed), list) and schema[listed]:
                return random.choice(schema[listed])
        kind = self._kind(schema)
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind == "string":
            return self._string(schema, name)
        if kind in ("integer", "number"):
            return self._number(schema, name, kind)
        return None if kind == "null" else random.random() < 0.5

    def _kind(self, schema: dict[str, Any]) -> str:
        wanted = kinds(schema) or ["string"]
        return self._random.choice([each for each in wanted if each != "null"] or wanted)

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, dict) else {}
        required = schema.get("required")
        required = required if isinstance(required, list) else []
        least = count(schema.get("minProperties"), 0)
        most = count(schema.get("maxProperties"), 1000)
        optional = [name for name in properties if name not in required]
        # Far down, only what must be there, so that a schema which goes on and on comes to an end.
        chance = 0.75 if depth < _DEEP else 0.0
        wanted = {name for name in optional if self._random.random() < chance}
        for name in optional:
            if len(wanted) + len(required) >= least:
                break
            wanted.add(name)
        made = {
            name: self._value(inner, name, depth + 1)
            for name, inner in properties.items()
            if name in required or (name in wanted and len(required) + len(wanted) <= most)
        }
        more = schema.get("additionalProperties", {})
        missing = [name for name in required if name not in made]
        if more is not False:
            extra = max(least, 1 if not properties and isinstance(more, dict) and more else 0)
            missing += [f"key{i + 1}" for i in range(extra - len(made) - len(missing))]
            made.update((name, self._value(more, name, depth + 1)) for name in missing)
        return made

    def _array(self, schema: dict[str, Any], name: str, depth: int) -> list[Any]:
        first = schema.get("prefixItems")
        made = [self._value(each, name, depth + 1) for each in first] if isinstance(first, list) else []
        items = schema.get("items", {} if not made else False)
        least = count(schema.get("minItems"), 0)
        most = count(schema.get("maxItems"), max(least, 3))
        if items is False:
            return made
        wanted = self._random.randint(
            min(max(least, 1 if depth < _DEEP else 0), most), max(min(most, 3), least)
        )
        for _ in range(4 * wanted):
            if len(made) >= wanted:
                break
            one = self._value(items, name.removesuffix("s"), depth + 1)
            if not (schema.get("uniqueItems") is True and one in made):
                made.append(one)
        return made

    def _string(self, schema: dict[str, Any], name: str) -> str:
        random, format_ = self._random, schema.get("format")
        if isinstance(schema.get("pattern"), str):
            return self._matching(schema["pattern"])
        if format_ == "uuid":
            digits = f"{random.getrandbits(128):032x}"
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        if isinstance(format_, str) and format_ in _FORMATS:
            return random.choice(_FORMATS[format_])
        text = str(random.choice([word for word in _named(name) if isinstance(word, str)] or _WORDS))
        least, most = count(schema.get("minLength"), 0), count(schema.get("maxLength"), 10_000)
        while len(text) < least:
            text += " " + random.choice(_WORDS)
        return text[: max(most, least)] if len(text) > most else text

    def _number(self, schema: dict[str, Any], name: str, kind: str) -> int | float:
        low, high = _range(schema, kind)
        fitting = [
            word
            for word in _named(name)
            if not isinstance(word, str)
            and low <= word <= high
            and (kind == "number" or isinstance(word, int))
        ]
        step = schema.get("multipleOf")
        if isinstance(step, (int, float)) and not isinstance(step, bool) and step > 0:
            first, last = math.ceil(low / step), math.floor(high / step)
            made = step * self._random.randint(first, max(first, last))
            return int(made) if kind == "integer" else made
        if fitting:
            number: int | float = self._random.choice(fitting)
            return number
        if kind == "integer" or high - low >= 10:
            whole = self._random.randint(math.ceil(low), max(math.ceil(low), math.floor(high)))
            return whole if kind == "integer" or self._random.random() < 0.5 else min(whole + 0.5, high)
        return round(low + (high - low) * self._random.randint(1, 9) / 10, 4)


def _named(name: str) -> tuple[Any, ...]:
    lowered = name.lower()
    return next((words for part, words in _BY_NAME if part in lowered), ())


def _range(schema: dict[str, Any], kind: str) -> tuple[float, float]:
    """The least and the greatest number to take: a narrow range if the schema leaves it open."""
    low, high = bounds(schema, 1 if kind == "integer" else 0.5)
    if low is None:
        low = 1 if high is None or high >= 1 else high - 99
    if high is None:
        high = low + 99
    return low, max(low, high)
