"""A limit that is missed is told; it fails a check where nobody knows of it, or where it has become worse."""

from __future__ import annotations

from .limits import KNOWN, Judged, Known, Limit, verdict

COST = Limit("the cost", 1.25)
RATE = Limit("the rate", 2.0, at_least=True)
TIME = Limit("the time", 3.0, unit="ms")
SEEN = {"the cost": Known(2.2, "it does more"), "the rate": Known(1.5, "it waits")}


def test_what_keeps_its_limit_is_not_told() -> None:
    told = verdict([Judged(COST, 1.25), Judged(RATE, 2.0), Judged(TIME, 3.0)], {})
    assert (told.known, told.regressions, told.met) == ((), (), ())


def test_an_unknown_miss_is_a_regression() -> None:
    told = verdict([Judged(COST, 1.26), Judged(RATE, 1.9), Judged(TIME, 3.1)], {})
    assert told.regressions == (
        "the cost: 1.26×, limit ≤ 1.25×",
        "the rate: 1.90×, limit ≥ 2.00×",
        "the time: 3.1 ms, limit ≤ 3.0 ms",
    )


def test_a_known_miss_is_told_with_its_reason() -> None:
    told = verdict([Judged(COST, 2.2), Judged(RATE, 1.5)], SEEN)
    assert told.known == (
        "the cost: 2.20×, limit ≤ 1.25×: it does more",
        "the rate: 1.50×, limit ≥ 2.00×: it waits",
    )
    assert not told.regressions


def test_a_known_miss_that_has_grown_is_a_regression() -> None:
    told = verdict([Judged(COST, 2.21), Judged(RATE, 1.4)], SEEN)
    assert not told.known
    assert [line.rpartition(", ")[2] for line in told.regressions] == [
        "known only up to 2.20×",
        "known only up to 1.50×",
    ]


def test_a_time_that_the_machine_makes_longer_is_no_regression() -> None:
    told = verdict([Judged(TIME, 30.0, 25.0), Judged(TIME, 30.0, 2.0), Judged(TIME, 30.0, 19.0)], {})
    assert told.known == ("the time: 30.0 ms, limit ≤ 3.0 ms; the floor of the same run: 25.0 ms",)
    assert len(told.regressions) == 2  # the floor keeps the limit, or misses it by much less


def test_a_known_miss_that_is_gone_is_to_be_taken_off_the_list() -> None:
    told = verdict([Judged(COST, 1.0)], SEEN)
    assert (told.known, told.regressions) == ((), ())
    assert told.met == ("the cost: 1.00×, limit ≤ 1.25×: met, so take it from the list of known misses",)


def test_a_column_of_limits_marks_what_is_missed() -> None:
    assert COST.shown(2.0) == "≤ 1.25× (missed)"
    assert COST.shown(1.0) == COST.shown() == "≤ 1.25×"
    assert RATE.shown(1.0) == "≥ 2.00× (missed)"


def test_every_known_miss_says_why() -> None:
    assert all(entry.why for entry in KNOWN.values())
