"""Conversations that remember: named scenarios, each in a named state, moved on by the stubs that answer.

A scenario exists as soon as somebody names it, and is in the state `start` until it is moved.
"""

from __future__ import annotations

from typing import Final

__all__ = ["START", "Scenarios"]

START: Final = "start"
"""The state that every scenario begins in."""


class Scenarios:
    """The states of all scenarios of one fake."""

    def __init__(self) -> None:
        self._moved: dict[str, str] = {}

    def state(self, name: str) -> str:
        """The state that this scenario is in."""
        return self._moved.get(name, START)

    def move(self, name: str, state: str) -> None:
        """Puts a scenario into a state."""
        self._moved[name] = state

    def states(self) -> dict[str, str]:
        """By name, every scenario that was ever moved."""
        return dict(self._moved)

    def clear(self) -> None:
        """Every scenario starts again."""
        self._moved.clear()
