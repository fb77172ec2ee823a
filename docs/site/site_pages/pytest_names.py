"""Each fixture, marker, option and setting of the pytest plugin, as pytest itself is told of them."""

from __future__ import annotations

import argparse
import inspect
import textwrap
from typing import Any, Final

from fake_tgi import pytest_plugin

from .markdown import code, heading, marked, sentence

__all__ = ["fixtures", "page"]

_INTRODUCTION: Final = """\
# Fixtures, markers, options

The pytest plugin that comes with `text-generation[fake]`; there is nothing to switch on.

"""


class _Heard:
    """Stands in for pytest's Parser, option group and Config, and keeps what they are told."""

    def __init__(self) -> None:
        self.options: list[tuple[tuple[str, ...], dict[str, Any]]] = []
        self.settings: list[tuple[str, str, Any]] = []
        self.markers: list[str] = []

    def getgroup(self, *_: object, **__: object) -> _Heard:
        return self

    def addoption(self, *names: str, **told: Any) -> None:
        self.options.append((names, told))

    def addini(self, name: str, help: str = "", type: Any = None, default: Any = None) -> None:
        self.settings.append((name, help, default))

    def addinivalue_line(self, name: str, line: str) -> None:
        if name == "markers":
            self.markers.append(line)

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: self


def fixtures() -> dict[str, Any]:
    """The functions of the plugin's public fixtures, by the name a test asks for."""
    found = {}
    for name, value in vars(pytest_plugin).items():
        if type(value).__name__ == "FixtureFunctionDefinition":
            found[value._fixture_function_marker.name or name] = value
    return {name: value for name, value in found.items() if not name.startswith("_")}


def page() -> str:
    """The whole page."""
    heard = _Heard()
    for hook in ("pytest_addoption", "pytest_configure"):
        if hasattr(pytest_plugin, hook):
            getattr(pytest_plugin, hook)(heard)
    lines = ["## Fixtures", ""]
    for name, value in fixtures().items():
        scope = value._fixture_function_marker.scope
        lines += [*heading(3, code(name), f"fixture-{name}"), f"*Scope: {scope}.*", ""]
        lines += [inspect.getdoc(value._get_wrapped_function()) or "", ""]
    if heard.markers:
        lines += ["## Markers", ""]
    for line in heard.markers:
        name, _, text = line.partition(": ")
        anchor = name.partition("(")[0]
        lines += [*heading(3, code(f"@pytest.mark.{anchor}"), f"marker-{anchor}"), sentence(marked(text)), ""]
        lines += ["```python", *_broken(f"@pytest.mark.{name}"), "```", ""]
    if heard.options:
        lines += ["## Options", ""]
    for names, told in heard.options:
        lines += heading(3, _as_typed(names[0], told), f"option-{names[0].strip('-')}")
        lines += [sentence(marked(str(told.get("help", "")).replace("%%", "%"))), ""]
    if heard.settings:
        lines += ["## Settings", "", "In `pyproject.toml`, under `[tool.pytest.ini_options]`.", ""]
    for name, text, default in heard.settings:
        shown = "" if default in (None, "", []) else f" *Default: `{default}`.*"
        lines += [*heading(3, code(name), f"setting-{name}"), sentence(marked(text)) + shown, ""]
    return _INTRODUCTION + "\n".join(lines)


def _broken(call: str) -> list[str]:
    """A long call on several lines."""
    wrapped = textwrap.wrap(call, 88, subsequent_indent="    ", break_long_words=False)
    return wrapped or [call]


def _as_typed(name: str, told: dict[str, Any]) -> str:
    if told.get("action") is argparse.BooleanOptionalAction:
        return f"{code(name)}, {code(name.replace('--', '--no-', 1))}"
    if "store_" in str(told.get("action")):
        return code(name)
    return code(f"{name}={'|'.join(told.get('choices', ())) or told.get('metavar') or 'VALUE'}")
