"""A tally tells how often the same thing was asked, and forgets what nobody has asked for long."""

from __future__ import annotations

from fake_tgi.tallies import LocalTally

HALF = 50_000


def key(number: int) -> bytes:
    return number.to_bytes(16, "little")


def test_the_same_key_counts_and_others_do_not() -> None:
    tally = LocalTally()
    assert [tally.next(key(number)) for number in (1, 2, 1, 1, 2)] == [0, 0, 1, 2, 1]


def test_what_is_asked_for_again_is_kept_and_what_is_not_makes_room() -> None:
    tally = LocalTally()
    for number in range(HALF + 1):
        assert tally.next(key(number)) == 0
    assert tally.next(key(0)) == 1  # from the old half, and in the young one now
    for number in range(HALF + 1, 2 * HALF + 1):
        tally.next(key(number))
    assert (tally.next(key(0)), tally.next(key(1))) == (2, 0)
    assert len(tally._young) + len(tally._old) <= 2 * HALF


def test_nothing_is_left_of_it_once_it_is_cleared() -> None:
    tally = LocalTally()
    for number in range(HALF + 2):
        tally.next(key(number))
    tally.clear()
    assert [tally.next(key(number)) for number in (1, HALF + 1)] == [0, 0]
