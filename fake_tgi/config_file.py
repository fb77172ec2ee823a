"""`--config PATH`: a file, YAML or JSON, that says what flags say, under their names with underscores.

    answers: adversarial
    seed: 7
    fault: [cut(tokens=3) rate=0.1, overload times=2]
    stubs: stubs.yaml

A flag on the command line wins over its environment variable, and that over the file. Values are read as the
flag reads them, so a mistake is the same mistake, told with file and line. Paths of stubs and recordings are
those seen from the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from .flags import FLAGS, Flag, refused
from .mistakes import Mistake

__all__ = ["ConfigFileError", "read_config", "read_lines"]

_BESIDE: Final = ("replay", "stubs")


class ConfigFileError(Mistake, ValueError):
    """A file cannot be read. The message: file, line, name, what was expected there and what came."""

    exit_status = 2


def read_config(path: str | Path) -> dict[str, Any]:
    """By the names of flags, the values in the file at `path`. Raises ConfigFileError."""
    return {name: value for name, (value, _) in read_lines(path).items()}


def read_lines(path: str | Path) -> dict[str, tuple[Any, int]]:
    """The same, each value with its line, from 1."""
    from .located.value import UnreadableError  # only who gives a file pays for reading one

    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise ConfigFileError(f"{path}: expected a file of flags (UTF-8), but {said}") from error
    try:
        located = _parsed(path, text)
    except UnreadableError as error:
        raise ConfigFileError(f"{path}, line {error.line}: {error}") from error
    if located.value is None:  # nothing but comments
        return {}
    if not isinstance(located.value, dict):
        raise ConfigFileError(f"{path}: expected names of flags with values, got {located.value!r}")
    found: dict[str, Any] = {}
    for name, value in located.value.items():
        try:
            found[name] = _value(name, value)
        except ValueError as error:
            raise ConfigFileError(f"{path}, line {located.line(name)}: {name}: {error}") from None
    for name in _BESIDE:
        if name in found:
            found[name] = str(path.parent / found[name])
    return {name: (value, located.line(name)) for name, value in found.items() if value is not None}


def _parsed(path: Path, text: str) -> Any:
    if path.suffix.lower() == ".json":
        from .located.json_lines import read_json

        return read_json(text)
    from .located.yaml_lines import read_yaml

    return read_yaml(text)


def _value(name: str, value: object) -> Any:
    """What a flag makes of a value in a file; None: as if it were not there. Raises ValueError."""
    flag = _flags().get(name)
    if flag is None:
        import difflib  # only a mistake pays for it

        close = difflib.get_close_matches(name.replace("-", "_"), _flags(), n=1)
        hint = f"did you mean {close[0]}?" if close else "fake-tgi serve --help lists the flags"
        raise ValueError(f"expected the name of a flag, with underscores: {hint}")
    if value is None:
        return None
    if flag.repeats:
        return tuple(_read(flag, each) for each in (value if isinstance(value, list) else [value]))
    return _read(flag, value)


def _read(flag: Flag, value: object) -> Any:
    if flag.read is None:
        if not isinstance(value, bool):
            raise ValueError(f"expected true or false, got {value!r}")
        return value
    if isinstance(value, bool):
        value = "true" if value else "false"
    if not isinstance(value, (str, int, float)):
        raise ValueError(f"expected a text or a number, got {value!r}")
    try:
        return flag.read(str(value))
    except ValueError as error:
        raise ValueError(refused(error, value)) from None


def _flags() -> Mapping[str, Flag]:
    return {flag.name: flag for flag in FLAGS if flag.name != "config"}
