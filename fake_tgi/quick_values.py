"""Frozen slotted dataclasses that are made without the price of being frozen.

The standard library's frozen `__init__` goes through `object.__setattr__` for every field, which costs more
than all else about a value; the slots' own setters do the same for a quarter. Nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar

__all__ = ["quickly_made"]

T = TypeVar("T")


def quickly_made(cls: type[T]) -> type[T]:
    """`cls`, a dataclass with `frozen=True, slots=True` and nothing behind its `__init__`, made quickly.

    Raises TypeError for any other class.
    """
    params = getattr(cls, "__dataclass_params__", None)
    if params is None or not params.frozen or "__slots__" not in vars(cls) or hasattr(cls, "__post_init__"):
        raise TypeError(f"expected a frozen dataclass with slots and without __post_init__, got {cls!r}")
    names: dict[str, Any] = {"_made": MISSING}
    given: list[str] = []
    lines: list[str] = []
    for each in fields(cls):  # type: ignore[arg-type]  # a dataclass, as was just seen
        name = each.name
        names[f"_set_{name}"] = vars(cls)[name].__set__
        value = name
        if each.default_factory is not MISSING:
            names[f"_new_{name}"] = each.default_factory
            given.append(f"{name}=_made")
            value = f"_new_{name}() if {name} is _made else {name}"
        elif each.default is not MISSING:
            names[f"_default_{name}"] = each.default
            given.append(f"{name}=_default_{name}")
        else:
            given.append(name)
        lines.append(f"    _set_{name}(self, {value})")
    source = f"def __init__(self, {', '.join(given)}):\n" + "\n".join(lines)
    exec(source, names)  # noqa: S102  as the standard library does; the names are those of fields
    made: Callable[..., None] = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    type.__setattr__(cls, "__init__", made)
    return cls
