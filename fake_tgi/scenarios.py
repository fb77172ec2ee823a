"""Conversations that remember: named scenarios, each in a named state, moved on by the stubs that answer.

A scenario exists as soon as somebody names it, and is in the state `start` until it is moved, unless a file
says in which one it begins.
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

    def begin(self, states: Mapping[str, str]) -> None:
        """By name, the states in which scenarios begin; those that were moved stay where they are."""
        self._begun = dict(states)

    def state(self, name: str) -> str:
        """The state that this scenario is in."""
        return self._moved.get(name) or self._begun.get(name, START)

    def move(self, name: str, state: str) -> None:
        """Puts a scenario into a state."""
        self._moved[name] = state

    def states(self) -> dict[str, str]:
        """By name, every scenario that begins elsewhere than others or was ever moved."""
        return {**self._begun, **self._moved}

    def clear(self) -> None:
        """Every scenario begins again."""
        self._moved.clear()
