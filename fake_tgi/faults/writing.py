"""Faults as people write them, in words and in JSON, and back.

In words: `cut(in_event, tokens=3) rate=0.1 first=2 times=1 route=/generate`, several with `;` between them.
What stands in the parentheses are the fields of the fault, in their order or by name; what follows says
when. Times carry a unit. In JSON: `{"fault": "cut", "tokens": 3, "when": {"rate": 0.1}}`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, Final

from ..fault_plans import (
    Close,
    Cut,
    Damage,
    Drip,
    EndEarly,
    ErrorStatus,
    Fault,
    FaultRule,
    Gzip,
    HealthLies,
    Loading,
    Overload,
    ProxyPage,
    Resegment,
    Stall,
    When,
    WrongContentType,
)
from ..segmentation import Segmentation
from ..timing.durations import TimingError, duration, written

__all__ = ["FAULTS", "FaultError", "as_json", "read_faults", "read_rule", "rules_of", "spelled"]


class FaultError(ValueError):
    """A fault that cannot be read: what was expected, what came."""


FAULTS: Final[dict[str, type[Any]]] = {
    "error": ErrorStatus,
    "overload": Overload,
    "proxy_page": ProxyPage,
    "cut": Cut,
    "end_early": EndEarly,
    "stall": Stall,
    "drip": Drip,
    "resegment": Resegment,
    "damage": Damage,
    "content_type": WrongContentType,
    "gzip": Gzip,
    "close": Close,
    "loading": Loading,
    "health": HealthLies,
}
"""What each fault is called."""

_NAMES: Final = {kind: name for name, kind in FAULTS.items()}

Reader = Callable[[Any], Any]


def _number(value: Any) -> int:
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]+", value):
        return int(value)
    raise FaultError(f"expected a whole number, got {value!r}")


def _share(value: Any) -> float:
    try:
        if type(value) in (int, float, str):
            return float(value)
    except ValueError:
        pass
    raise FaultError(f"expected a number from 0 to 1, got {value!r}")


def _seconds(value: Any) -> float:
    if type(value) in (int, float):
        return float(value)
    if isinstance(value, str):
        try:
            return duration(value)
        except TimingError as error:
            raise FaultError(str(error)) from None
    raise FaultError(f"expected a duration such as 20ms, or seconds, got {value!r}")


def _whole_seconds(value: Any) -> int:
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+", value):
        return int(_seconds(value))
    return _number(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or any(ord(letter) < 32 for letter in value):
        raise FaultError(f"expected a line of text, got {value!r}")
    return value


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise FaultError(f"expected true or false, got {value!r}")


def _word(*words: str) -> Reader:
    def read(value: Any) -> str:
        if value not in words:
            raise FaultError(f"expected one of {', '.join(words)}, got {value!r}")
        return str(value)

    return read


def _sizes(value: Any) -> Segmentation:
    """`3|1|7`, or a list: pieces of so many bytes, again and again."""
    sizes = value.split("|") if isinstance(value, str) else value if isinstance(value, list) else [value]
    return Segmentation(tuple(map(_number, sizes)), again=True)


_FIELDS: Final[dict[str, Reader]] = {
    "status": _number,
    "error": _text,
    "error_type": _text,
    "retry_after": _whole_seconds,
    "place": _word("before_headers", "after_headers", "after_tokens", "in_event", "in_character"),
    "tokens": _number,
    "seconds": _seconds,
    "size": _number,
    "event": _number,
    "content_type": _text,
    "healthy": _truth,
    "segmentation": _sizes,
    "rate": _share,
    "first": _number,
    "times": _number,
    "route": _text,
}
_HOW: Final[dict[type, Reader]] = {
    Cut: _word("close", "reset"),
    Damage: _word("no_json", "short", "no_utf8", "twice", "late", "oversized"),
}


def _reader(kind: type[Any], name: str) -> Reader:
    return _HOW[kind] if name == "how" else _FIELDS[name]


def _build(kind: type[Any], given: Mapping[str, Any], what: str) -> Any:
    names = [spec.name for spec in fields(kind)]
    values = {}
    for name, value in given.items():
        if name not in names:
            raise FaultError(f"{what} has no {name!r}: expected {', '.join(names) or 'nothing'}")
        try:
            values[name] = None if value is None and _optional(kind, name) else _reader(kind, name)(value)
        except ValueError as error:
            raise FaultError(f"{what}: {name}: {error}") from None
    missing = [spec.name for spec in fields(kind) if _required(spec) and spec.name not in values]
    if missing:
        raise FaultError(f"{what}: {missing[0]} is missing: say it")
    try:
        return kind(**values)
    except ValueError as error:
        raise FaultError(f"{what}: {error}") from None


def _required(spec: Field[Any]) -> bool:
    return spec.default is MISSING and spec.default_factory is MISSING


def _optional(kind: type[Any], name: str) -> bool:
    return any(spec.name == name and "None" in str(spec.type) for spec in fields(kind))


_RULE = re.compile(r"\s*([a-z_0-9]+)\s*(?:\(((?:[^()\"]|\"[^\"]*\")*)\))?\s*((?:[a-z]+=\S+\s*)*)")
_ARGUMENT = re.compile(r"\s*(?:([a-z_]+)\s*=\s*)?(\"[^\"]*\"|[^,\"]*?)\s*(?:,|$)")


def read_faults(text: str) -> list[FaultRule]:
    """Reads rules with `;` between them; none from blank text. Raises FaultError."""
    rules = []
    for piece in re.split(r";(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", text):
        if piece.strip():
            rules.append(_read_words(piece.strip()))
    return rules


def rules_of(texts: Iterable[str]) -> tuple[FaultRule, ...]:
    """All rules of several texts. Raises FaultError."""
    return tuple(rule for text in texts for rule in read_faults(text))


def _read_words(text: str) -> FaultRule:
    found = _RULE.fullmatch(text)
    if found is None:
        raise FaultError(f"expected a fault such as cut(tokens=3) rate=0.5, got {text!r}")
    name, inside, after = found[1], found[2] or "", found[3]
    kind = _kind(name)
    given: dict[str, Any] = {}
    order = [spec.name for spec in fields(kind)]
    for argument in _arguments(inside):
        key, value = argument
        if key is None:
            free = [field for field in order if field not in given]
            if not free:
                raise FaultError(
                    f"{name}: {value!r} is one too many: it takes {', '.join(order) or 'nothing'}"
                )
            key = free[0]
        if key in given:
            raise FaultError(f"{name}: {key} is given twice")
        given[key] = value
    conditions: dict[str, Any] = {}
    for word in after.split():
        key, _, value = word.partition("=")
        if key in conditions:
            raise FaultError(f"{name}: {key} is given twice")
        conditions[key] = value
    return FaultRule(_build(kind, given, name), _build(When, conditions, f"{name}: when"))


def _arguments(inside: str) -> list[tuple[str | None, str]]:
    found: list[tuple[str | None, str]] = []
    at = 0
    while at < len(inside) and inside.strip():
        argument = _ARGUMENT.match(inside, at)
        if argument is None:
            raise FaultError(f"expected values with commas between them, got {inside!r}")
        value = argument[2]
        found.append((argument[1], value[1:-1] if value.startswith('"') else value))
        at = argument.end()
    return found


def _kind(name: object) -> type[Any]:
    kind = FAULTS.get(name) if isinstance(name, str) else None
    if kind is None:
        close = difflib.get_close_matches(str(name), FAULTS, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(FAULTS)}"
        raise FaultError(f"unknown fault {name!r}: {hint}")
    return kind


def read_rule(value: object) -> FaultRule:
    """Reads one rule from words, or from the JSON form. Raises FaultError."""
    if isinstance(value, str):
        rules = read_faults(value)
        if len(rules) != 1:
            raise FaultError(f"expected one fault, got {len(rules)} in {value!r}")
        return rules[0]
    if not isinstance(value, dict) or "fault" not in value:
        raise FaultError(f'expected words, or an object with "fault" in it, got {value!r}')
    name, when = value["fault"], value.get("when", {})
    kind = _kind(name)
    if not isinstance(when, dict):
        raise FaultError(f"{name}: when: expected an object, got {when!r}")
    given = {key: item for key, item in value.items() if key not in ("fault", "when")}
    return FaultRule(_build(kind, given, name), _build(When, when, f"{name}: when"))


def as_json(rule: FaultRule) -> dict[str, Any]:
    """A rule as `read_rule` reads it, with all that is not left to its default."""
    shown: dict[str, Any] = {"fault": _NAMES[type(rule.fault)], **_changed(rule.fault)}
    if isinstance(rule.fault, Resegment):
        shown["segmentation"] = list(rule.fault.segmentation.sizes)
    if when := _changed(rule.when):
        shown["when"] = when
    return shown


def _changed(value: Any) -> dict[str, Any]:
    return {
        spec.name: getattr(value, spec.name)
        for spec in fields(value)
        if _required(spec) or getattr(value, spec.name) != spec.default
    }


def spelled(fault: Fault) -> str:
    """A fault in words, with all that is not left to its default."""
    shown = []
    for name, value in _changed(fault).items():
        if isinstance(value, Segmentation):
            text = "|".join(map(str, value.sizes))
        elif name == "seconds" and value is not None:
            text = written(value)
        elif isinstance(value, bool):
            text = "true" if value else "false"
        else:
            text = str(value)
            text = f'"{text}"' if isinstance(value, str) and re.search(r"[^\w/.-]", text) else text
        shown.append(f"{name}={text}")
    name = _NAMES[type(fault)]
    return f"{name}({', '.join(shown)})" if shown else name
