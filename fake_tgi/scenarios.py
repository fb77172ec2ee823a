"""Conversations that remember: named scenarios, each in a named state, moved on by the stubs that answer.

A scenario exists as soon as somebody names it, and is in the state `start` until it is moved, unless a file
or whoever adds stubs says in which one it begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["START", "Scenarios"]

START: Final = "start"
"""The state that a scenario begins in when nobody says otherwise."""


class Scenarios:
    """The states of all scenarios of one fake."""

    def __init__(self) -> None:
        self._moved: dict[str, str] = {}
        self._begun: dict[str, str] = {}
        self._added: dict[str, str] = {}

    def begin(self, states: Mapping[str, str]) -> None:
        """By name, in which state a file has scenarios begin; one that was moved stays where it is.

        Whatever it said before is forgotten.
        """
        self._begun = dict(states)

    def begin_also(self, states: Mapping[str, str], *, instead: bool = False) -> None:
        """The same for what is added while the fake runs; `instead` of all that was added before."""
        self._added = {**({} if instead else self._added), **states}

    def state(self, name: str) -> str:
        """The state that this scenario is in."""
        return self._moved.get(name) or self._added.get(name) or self._begun.get(name, START)

    def move(self, name: str, state: str) -> None:
        """Puts a scenario into a state."""
        self._moved[name] = state

    def states(self) -> dict[str, str]:
        """By name, every scenario that begins elsewhere than others or was ever moved."""
        return {**self._begun, **self._added, **self._moved}

    def clear(self) -> None:
        """Every scenario begins again."""
        self._moved.clear()
