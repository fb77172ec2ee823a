"""Packages whose parts are imported when they are first asked for, by names that the package has of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazily"]


def lazily(
    package: str, names: dict[str, Any], parts: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's `__getattr__` and `__dir__` (PEP 562).

    `package` is its `__name__`, `names` its `globals()`; `parts` has each name with its module, as in an
    import: `{"Stub": ".stub"}`. What was asked for once is among the package's names.
    """

    def get(name: str) -> Any:
        if name not in parts:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = names[name] = getattr(import_module(parts[name], package), name)
        return value

    def listed() -> list[str]:
        return sorted({*names, *parts})

    return get, listed
