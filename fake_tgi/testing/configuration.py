"""What a test's fake runs with: the ini file, the configuration fixture, markers, and the command line.

Each says some things and leaves the others; of those that say the same thing the later one in that order
counts, and of markers the one closest to the test. A relative path is meant from where it was written: the
ini file, the test, the shell. In CI nothing but the command line lets a test reach another server.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

from ..flags import FLAGS, refused, switch
from ..library.arguments import ALIASES, as_setting
from ..mistakes import Mistake
from ..settings import Settings, SettingsError
from .options import MODES, RECORDINGS

__all__ = [
    "Configuration",
    "ConfigurationError",
    "Layer",
    "assignments",
    "configuration",
    "recording_mode",
    "variables",
]

# What belongs to the server, which is that of all tests, and not to the fake of one.
_NOT_HERE: Final = frozenset(("hostname", "port", "upstream", "workers", "coalesce"))
_PATHS: Final = frozenset(("stubs", "replay", "tokenizer_config_path"))
_OWN: Final = (
    "environment", "openai", "allow_unused_stubs", "allow_unexpected_calls", "allow_answer_errors",
    "record", "upstream", "recordings",
)  # fmt: skip
_FLAGS: Final = ("openai", "allow_unused_stubs", "allow_unexpected_calls", "allow_answer_errors")
_RECORDING: Final = ("record", "upstream", "recordings")


class ConfigurationError(Mistake, ValueError):
    """Somebody asked for what there is not: who, what, and what there is."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one place says. `where` is for people, `folder` what its relative paths start from."""

    where: str
    values: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """All of it, put together.

    `environment` None leaves the environment alone. `record_where` and `upstream_where` say who asked.
    """

    settings: Settings
    environment: Mapping[str, str] | None = field(default_factory=dict)
    openai: bool = False
    allow_unused_stubs: bool = False
    allow_unexpected_calls: bool = False
    allow_answer_errors: bool = False
    record: str = "none"
    record_where: str = ""
    upstream: str | None = None
    upstream_where: str = ""
    recordings: str = RECORDINGS


def configuration(layers: Sequence[Layer]) -> Configuration:
    """What `layers` come to, the weakest first. Raises ConfigurationError."""
    known = _known()
    settings: dict[str, Any] = {}
    own: dict[str, Any] = {}
    places: dict[str, str] = {}
    for layer in layers:
        for given, value in layer.values.items():
            name = ALIASES.get(given, given)
            if name in _OWN:
                if name == "environment":
                    own[name] = _environment(own.get(name), value, layer.where)
                else:
                    own[name] = _checked(name, value, layer.where)
            elif name in known:
                settings[name] = _setting(name, value, layer)
            else:
                raise ConfigurationError(_unknown(given, layer.where, known))
            places[name] = layer.where
    try:
        made = Settings(**settings)
    except (SettingsError, TypeError) as error:
        raise ConfigurationError(f"{_blamed(str(error), places)}: {error}") from None
    return Configuration(
        settings=made,
        record_where=places.get("record", ""),
        upstream_where=places.get("upstream", ""),
        **own,
    )


def recording_mode(asked: str, where: str, *, ci: bool) -> str:
    """How a test is recorded, when `where` has `asked` for it; `ci` says whether this is a CI run.

    Raises ConfigurationError.
    """
    _checked("record", asked, where)
    return asked if where == "the command line" or not ci else "none"


def assignments(lines: Sequence[str], where: str) -> dict[str, Any]:
    """Settings written NAME=VALUE, their values as `fake-tgi serve` reads them. Raises ConfigurationError."""
    flags = {flag.name: flag for flag in FLAGS}
    found: dict[str, Any] = {}
    for line in lines:
        written, equals, value = (part.strip() for part in line.partition("="))
        name = ALIASES.get(written, written).replace("-", "_")
        if not equals:
            raise ConfigurationError(f"{where}: expected NAME=VALUE, got {line!r}")
        if name not in _known():
            raise ConfigurationError(_unknown(written, where, _known()))
        flag = flags.get(name)
        if flag is None:
            raise ConfigurationError(f"{where}: {written} can be set in Python alone: marker or fixture")
        try:
            read = (flag.read or switch)(value)
        except ValueError as error:
            raise ConfigurationError(f"{where}: {written}: {refused(error, value)}") from None
        found[name] = (*found.get(name, ()), read) if flag.repeats else read
    return found


def variables(lines: Sequence[str], where: str) -> dict[str, str]:
    """Variables written NAME=VALUE. Raises ConfigurationError."""
    found = {}
    for line in lines:
        name, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not name:
            raise ConfigurationError(f"{where}: expected such as LLM_URL={{base_url}}, got {line!r}")
        found[name] = value
    return found


@cache
def _known() -> frozenset[str]:
    return frozenset(spec.name for spec in fields(Settings) if spec.init) - _NOT_HERE


def _setting(name: str, value: Any, layer: Layer) -> Any:
    if name in _PATHS and isinstance(value, (str, Path)):
        return str(layer.folder / value)
    if name == "on_miss" and value in ("proxy", "record"):
        raise ConfigurationError(
            f"{layer.where}: on_miss: expected seeded or fail, got {value!r}; "
            f"a test that reaches another server is marked fake_tgi_recording"
        )
    return as_setting(name, value)


def _checked(name: str, value: Any, where: str) -> Any:
    if name in _FLAGS and not isinstance(value, bool):
        raise ConfigurationError(f"{where}: {name}: expected True or False, got {value!r}")
    if name == "record" and value not in MODES:
        raise ConfigurationError(f"{where}: record: expected one of {', '.join(MODES)}, got {value!r}")
    if name in ("upstream", "recordings") and not isinstance(value, str):
        raise ConfigurationError(f"{where}: {name}: expected a text, got {value!r}")
    return value


def _environment(before: Any, value: Any, where: str) -> Mapping[str, str] | None:
    """None where the environment is to be left alone, as `environment=False` says."""
    if value is False:
        return None
    if value is True:
        return before or {}
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()):
        raise ConfigurationError(
            f'{where}: environment: expected names with texts such as {{"LLM_URL": "{{base_url}}"}}, '
            f"or False for none at all; got {value!r}"
        )
    return {**(before or {}), **value}


def _unknown(name: str, where: str, known: frozenset[str]) -> str:
    if name in _NOT_HERE:
        return f"{where}: {name} is not for one test's fake: the server is that of all tests"
    names = sorted((*known, *_OWN, *ALIASES))
    near = get_close_matches(name, names, 3) or names
    return f"{where}: there is no {name}; there is: {', '.join(near)}"


def _blamed(error: str, places: Mapping[str, str]) -> str:
    """Who is to blame for what Settings refuse: whoever gave the field that they name."""
    named = (where for name, where in places.items() if re.search(rf"\b{name}\b", error))
    return next(named, "fake_tgi")
