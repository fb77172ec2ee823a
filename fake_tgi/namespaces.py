"""Many tests on one server, kept apart: `/ns/NAME` in front of any path is a fake of its own.

Its stubs, faults, seeds, journal and controls are nobody else's; settings and tokenizer are shared, because
nothing can change them. A namespace begins when it is first named. The one least lately used ends when there
are too many.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["MOST", "PREFIX", "Namespaces", "split"]

PREFIX = "/ns/"
MOST = 1000

T = TypeVar("T")


def split(path: str) -> tuple[str, str] | None:
    """Name and inner path of `/ns/NAME/…`; None for any other path. `/ns/NAME` alone is the path `/`."""
    if not path.startswith(PREFIX):
        return None
    name, slash, rest = path[len(PREFIX) :].partition("/")
    return (name, slash + rest or "/") if name else None


class Namespaces(Generic[T]):
    """What each name stands for, made by `make` when it is first asked for."""

    def __init__(self, make: Callable[[], T], most: int = MOST) -> None:
        self._make = make
        self._most = most
        self._made: OrderedDict[str, T] = OrderedDict()

    def __len__(self) -> int:
        return len(self._made)

    def get(self, name: str) -> T:
        """What `name` stands for."""
        found = self._made.get(name)
        if found is None:
            found = self._made[name] = self._make()
            if len(self._made) > self._most:
                self._made.popitem(last=False)
        else:
            self._made.move_to_end(name)
        return found
