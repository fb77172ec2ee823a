"""What pytest was told, as layers of a configuration: ini file, fixture, markers, command line.

The first and the last stay the same for a whole run, and most tests of a run say the same besides: what that
comes to is worked out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from ..model_folder import find_model_folder
from .configuration import Configuration, ConfigurationError, Layer, assignments, configuration, variables
from .options import OPTIONS

__all__ = ["COMMAND_LINE", "Said"]

COMMAND_LINE = "the command line"

_Values: TypeAlias = tuple[tuple[str, type[Any], Any], ...]
"""Names and values, and the types of these, for 1 is True."""


class Said:
    """What a run was told, for the tests of it. `ini` and `flag` give what was said under a name, None if
    nothing was. Raises ConfigurationError."""

    def __init__(
        self, *, ini: Callable[[str], Any], ini_folder: Path, flag: Callable[[str], Any], shell_folder: Path
    ) -> None:
        said: dict[str, Any] = {}
        typed: dict[str, Any] = {}
        for option in OPTIONS:
            if option.ini is not None:
                said |= _read(option.name, ini(option.ini_name), f"{option.ini_name} of the ini file")
            if option.flag is not None:
                typed |= _read(option.name, flag(option.ini_name), option.flag)
        self._first = Layer("the ini file", said, ini_folder)
        self._last = Layer(COMMAND_LINE, typed, shell_folder)
        self._remembered = lru_cache(64)(self._of_values)

    def configuration(
        self, fixture: object, markers: Sequence[Mapping[str, Any]], test_folder: Path
    ) -> Configuration:
        """What a test runs with. `markers` are the arguments of each, the farthest first.

        Raises ConfigurationError.
        """
        if not isinstance(fixture, Mapping):
            raise ConfigurationError(f"fake_tgi_settings: expected a dict, got {fixture!r}")
        values = tuple(map(_values, (fixture, *markers)))
        try:
            hash(values)
        except TypeError:  # what can be changed may have been since the last test
            return self._of_values(test_folder, *values)
        made = self._remembered(test_folder, *values)
        settings = made.settings
        folder = settings.model_folder or find_model_folder(settings.tokenizer_name, settings.model_id)
        if settings.timed or folder is not None:
            return self._of_values(test_folder, *values)  # a file says more, and may say something else now
        return made

    def _of_values(self, test_folder: Path, *values: _Values) -> Configuration:
        fixture, *markers = ({name: value for name, _, value in each} for each in values)
        return configuration(
            [
                self._first,
                Layer("fake_tgi_settings", fixture, test_folder),
                *(Layer("@pytest.mark.fake_tgi", marker, test_folder) for marker in markers),
                self._last,
            ]
        )


def _values(said: Mapping[str, Any]) -> _Values:
    return tuple((name, type(value), value) for name, value in said.items())


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
