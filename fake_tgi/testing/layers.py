"""What pytest was told, as layers of a configuration: ini file, fixture, markers, command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .configuration import ConfigurationError, Layer, assignments, variables
from .options import OPTIONS

__all__ = ["COMMAND_LINE", "layers_of"]

COMMAND_LINE = "the command line"


def layers_of(
    *,
    ini: Callable[[str], Any],
    ini_folder: Path,
    fixture: object,
    markers: Sequence[Mapping[str, Any]],
    test_folder: Path,
    flag: Callable[[str], Any],
    shell_folder: Path,
) -> list[Layer]:
    """The layers, the weakest first. `ini` and `flag` give what was said under a name, None if nothing was.

    `markers` are the arguments of each, the farthest first. Raises ConfigurationError.
    """
    if not isinstance(fixture, Mapping):
        raise ConfigurationError(f"fake_tgi_settings: expected a dict, got {fixture!r}")
    said: dict[str, Any] = {}
    typed: dict[str, Any] = {}
    for option in OPTIONS:
        if option.ini is not None:
            said |= _read(option.name, ini(option.ini_name), f"{option.ini_name} of the ini file")
        if option.flag is not None:
            typed |= _read(option.name, flag(option.ini_name), option.flag)
    return [
        Layer("the ini file", said, ini_folder),
        Layer("fake_tgi_settings", fixture, test_folder),
        *(Layer("@pytest.mark.fake_tgi", marker, test_folder) for marker in markers),
        Layer(COMMAND_LINE, typed, shell_folder),
    ]


def _read(name: str, value: Any, where: str) -> dict[str, Any]:
    """What one option says: nothing, one setting, or several."""
    if value is None or value in ("", []):
        return {}
    if name == "settings":
        return assignments(value, where)
    if name == "environment":
        return {name: variables(value, where)}
    if name in ("seed", "clock"):
        return assignments([f"{name}={value}"], where)
    return {name: value}
