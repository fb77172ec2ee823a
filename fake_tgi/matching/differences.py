"""How two values differ, place by place: nothing where they are the same.

Values are compared as the router reads them. A member that is null is a member that is missing, `true` is not
1, and 1 is 1.0. Every place is told, not only the first one, and each in words that fit on a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

__all__ = ["Difference", "FormError", "differences", "hidden", "sendable", "shown", "step", "within"]

_SHOWN = 120
_NAME = re.compile(r"[A-Za-z_][\w-]*", re.ASCII).fullmatch


Words = str | Callable[[], str]
"""A text, or what makes it: most differences only say that a stub is not the one, and nobody reads them."""


class Difference:
    """One way in which something is not what it was expected to be.

    `where` is the place, such as `inputs` or `body.messages[0].content`; `expected` and `got` are for people.
    """

    __slots__ = ("_expected", "_got", "where")

    def __init__(self, where: str, expected: Words, got: Words) -> None:
        self.where = where
        self._expected = expected
        self._got = got

    @property
    def expected(self) -> str:
        """What was expected, in words."""
        return self._expected if isinstance(self._expected, str) else self._expected()

    @property
    def got(self) -> str:
        """What came, in words."""
        return self._got if isinstance(self._got, str) else self._got()

    def through(self, clean: Callable[[str], str]) -> Difference:
        """The same, with whole texts made clean before they are cut to fit a line, and its words after."""
        expected, got = _through(clean, self._expected), _through(clean, self._got)
        return Difference(self.where, expected, f"{got}, but with another secret" if got == expected else got)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Difference) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        return f"Difference{self._parts()}"

    def _parts(self) -> tuple[str, str, str]:
        return self.where, self.expected, self.got

    def __str__(self) -> str:
        return f"{self.where}{self.where and ': '}expected {self.expected}, got {self.got}"


class FormError(ValueError):
    """What somebody wrote (a pattern, an answer, a stub) is not of the form it must have.

    `differences` has each place, what was expected there and what came; at least one.
    """

    def __init__(self, first: Difference, *more: Difference) -> None:
        self.differences = (first, *more)
        super().__init__("; ".join(map(str, self.differences)))


def hidden(excinfo: Any) -> bool:
    """For pytest, as `__tracebackhide__`: where a user's form is wrong, our own code is of no interest."""
    return isinstance(excinfo.value, FormError)


@contextmanager
def within(where: str) -> Iterator[None]:
    """What is wrong in this block is wrong inside `where`."""
    try:
        yield
    except FormError as error:
        if not where:
            raise
        moved = (
            Difference(_joined(where, each.where), each.expected, each.got) for each in error.differences
        )
        raise FormError(*moved) from error


def differences(expected: object, got: object, where: str, *, subset: bool = False) -> Iterator[Difference]:
    """Each difference between two JSON values; with `subset`, objects may have more than expected."""
    if isinstance(expected, str) and isinstance(got, str):
        if expected != got:
            yield Difference(where, partial(_apart, expected, got), partial(_apart, got, expected))
    elif isinstance(expected, dict) and isinstance(got, dict):
        yield from _in_object(expected, got, where, subset)
    elif isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(expected) != len(got):
            yield Difference(where, _items(expected), partial(_whole, got))
        else:
            for index, (wanted, found) in enumerate(zip(expected, got, strict=True)):
                yield from differences(wanted, found, f"{where}[{index}]", subset=subset)
    elif isinstance(expected, bool) or isinstance(got, bool):
        if expected is not got:
            yield Difference(where, partial(shown, expected), partial(shown, got))
    elif expected != got:
        yield Difference(where, partial(shown, expected), partial(shown, got))


def shown(value: object) -> str:
    """A value as JSON on one line, cut if long; None is `nothing`; what JSON has not is as in Python."""
    if value is None:
        return "nothing"
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    # Half a surrogate pair, which a body may have, can be sent nowhere.
    return text.encode("utf-8", "backslashreplace").decode()


def sendable(text: str) -> bool:
    """Whether UTF-8 can write a text: Python's may hold half a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def step(where: str, name: str) -> str:
    """The place of a member."""
    if _NAME(name) is None:
        return f"{where}[{json.dumps(name, ensure_ascii=False)}]"
    return f"{where}.{name}" if where else name


def _through(clean: Callable[[str], str], words: Words) -> str:
    if isinstance(words, str):
        return clean(words)
    if isinstance(words, partial) and words.func is _apart:
        words = partial(_apart, *map(clean, words.args))
    return clean(words())


def _joined(outer: str, inner: str) -> str:
    return outer + inner if not inner or inner.startswith("[") else f"{outer}.{inner}"


def _in_object(
    expected: dict[str, object], got: dict[str, object], where: str, subset: bool
) -> Iterator[Difference]:
    for name, wanted in expected.items():
        yield from differences(wanted, got.get(name), step(where, name), subset=subset)
    if not subset:
        for name, found in got.items():
            if found is not None and name not in expected:
                yield Difference(step(where, name), "nothing", partial(shown, found))


def _items(value: Sequence[object]) -> str:
    return f"{len(value)} item{'s' * (len(value) != 1)}"


def _whole(value: Sequence[object]) -> str:
    return f"{_items(value)}: {shown(value)}"


def _apart(text: str, other: str) -> str:
    """A text, from a little before it parts from another one where they are too long to be shown whole."""
    start = 0
    if text != other and max(len(text), len(other)) > _SHOWN - 2:
        pairs = enumerate(zip(text, other, strict=False))
        parted = next((at for at, (one, two) in pairs if one != two), min(len(text), len(other)))
        start = max(parted - 30, 0)
    return f"…{shown(text[start:])} (from character {start})" if start else shown(text)
