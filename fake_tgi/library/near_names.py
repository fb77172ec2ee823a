"""Handles that say what was meant: a name that there is not is an error with those that are near.

That holds for members and for the names of arguments. Some names are near because other libraries have them,
not because they read alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar, Final

__all__ = ["NearNames", "meant"]

_ELSEWHERE: Final[dict[str, tuple[str, ...]]] = {
    "count": ("times", "call_count"),
    "n": ("times",),
    "prompt": ("inputs",),
    "prompts": ("inputs",),
    "text": ("inputs",),
    "params": ("parameters",),
    "streaming": ("stream",),
    "predicate": ("where",),
    "path": ("route",),
    "url": ("route", "base_url"),
    "calls": ("requests",),
    "call_args": ("calls",),
    "called_with": ("calls",),
    "returns": ("reply",),
    "respond": ("reply",),
    "respond_with": ("reply",),
    "return_value": ("reply",),
    "side_effect": ("run",),
}
"""What others call something, with what it may be here."""

_MANY: Final = 20
_VARIOUS: Final = 0x08  # of code: it takes any name
_COROUTINE: Final = 0x80


class NearNames:
    """A handle whose class is told of as `_what`."""

    _what: ClassVar[str] = "this"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name, method in tuple(vars(cls).items()):
            if name.startswith("_") or not isinstance(method, FunctionType):
                continue
            if not method.__code__.co_flags & (_VARIOUS | _COROUTINE):
                setattr(cls, name, _checked(method))

    def _used(self) -> None:
        """Something is asked of it, whatever comes of that."""

    if not TYPE_CHECKING:  # or a checker would take any name

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_"):
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
            if hasattr(type(self), name):  # a property has raised this: once more, for its own words
                return object.__getattribute__(self, name)
            self._used()
            there = [each for each in dir(type(self)) if not each.startswith("_")]
            raise AttributeError(f"{self._what} has no {name}: {meant(name, there)}")


def meant(name: str, there: Iterable[str]) -> str:
    """What to try instead of a name, out of those that there are."""
    from difflib import get_close_matches  # only a mistake pays for it

    names = sorted(there)
    near = [each for each in _ELSEWHERE.get(name, ()) if each in names]
    near += [each for each in get_close_matches(name, names, 3, 0.7) if each not in near]
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there is {', '.join(names)}" if 0 < len(names) <= _MANY else "nothing like that is there"


def _checked(method: FunctionType) -> Callable[..., Any]:
    code = method.__code__
    known = frozenset(code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount])

    @wraps(method)
    def checked(self: NearNames, *given: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        self._used()
        if not named.keys() <= known:
            name = next(each for each in named if each not in known)
            took = f"it takes {', '.join(sorted(known))}" if known else "it takes none"
            hint = meant(name, known)
            raise TypeError(
                f"{method.__name__} has no argument {name}: {hint if hint.startswith('did') else took}"
            )
        return method(self, *given, **named)

    return checked
