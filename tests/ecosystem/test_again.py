"""What is measured a second time is told, and is never much."""

from __future__ import annotations

from collections.abc import Callable

from .again import MOST_AGAIN, all_of_them

Place = tuple[str, str, str]


def jobs(number: int, *said: str) -> tuple[dict[Place, Callable[[], str]], dict[Place, int]]:
    """So many clients that say this, one after the other; and how often each was asked."""
    asked: dict[Place, int] = {}

    def job(where: Place) -> Callable[[], str]:
        def once() -> str:
            asked[where] = asked.get(where, 0) + 1
            return said[min(asked[where], len(said)) - 1]

        return once

    places = [(f"client {at}", "stall", "whole") for at in range(number)]
    return {where: job(where) for where in places}, asked


def test_what_is_as_written_or_not_written_yet_is_measured_once_and_nothing_is_told() -> None:
    made, asked = jobs(3, "right answer", "another")
    told: list[str] = []
    written = dict.fromkeys(list(made)[:2], "right answer")
    assert set(all_of_them(made, written, 2, told.append).values()) == {"right answer"}
    assert (set(asked.values()), told) == ({1}, [])


def test_what_is_not_as_written_is_measured_again_and_told() -> None:
    made, _ = jobs(1, "times out", "right answer")
    told: list[str] = []
    (where,) = made
    assert all_of_them(made, {where: "right answer"}, 2, told.append) == {where: "right answer"}
    assert told == ["measured again: client 0 | stall | whole: first 'times out', then 'right answer'"]


def test_where_much_is_not_as_written_nothing_is_measured_again() -> None:
    made, asked = jobs(MOST_AGAIN + 1, "times out", "right answer")
    told: list[str] = []
    cells = all_of_them(made, dict.fromkeys(made, "right answer"), 2, told.append)
    assert (set(cells.values()), set(asked.values())) == ({"times out"}, {1})
    assert told == ["51 cells are not as written, more than 50: none is measured again"]
