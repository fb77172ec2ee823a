"""Every number of a request is drawn from the whole range that the router accepts, its ends among them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from hypothesis import strategies as st

from fake_tgi.drawing import draw
from fake_tgi.settings import Settings
from fake_tgi.strategies import parameters, requests
from tgi_contracts import violations

# How much is drawn at a time, and how often, before a number counts as never drawn.
AT_ONCE = 300
ROUNDS = 12

LEAST = 2.0**-149
MOST = (2 - 2.0**-23) * 2.0**127
BELOW_ONE = 1 - 2.0**-24
U32, U64 = 2**32 - 1, 2**64 - 1

# The ends of each range, and between which numbers others are drawn (both not among them).
Range = tuple[float, float, tuple[tuple[float, float], ...]]
TEMPERATURES: Range = (LEAST, MOST, ((0, 0.2), (0.2, 0.7), (1.3, 2), (2, 1e6), (1e6, MOST)))
NEW_TOKENS: Range = (1, U32, ((1, 7), (7, 24), (24, 1024), (1025, 2**16), (2**31, U32)))
SEEDS: Range = (0, U64, ((0, 24), (24, 2**32), (2**32, 2**53), (2**63, U64)))
SHARES: Range = (LEAST, BELOW_ONE, ((0, 0.1), (0.1, 0.5), (0.5, 0.95), (0.95, 1)))
FREQUENCIES: Range = (-2, 2, ((-2, -1), (-1, -0.5), (0.1, 1), (1, 2)))

GENERATE: dict[str, Range] = {
    "best_of": (1, 2, ()),
    "temperature": TEMPERATURES,
    "repetition_penalty": TEMPERATURES,
    "frequency_penalty": FREQUENCIES,
    "top_k": (1, 2**31 - 1, ((1, 24), (24, 50), (50, 1000), (2**30, 2**31 - 1))),
    "top_p": SHARES,
    "typical_p": SHARES,
    "max_new_tokens": NEW_TOKENS,
    "stop": (0, 4, ((0, 2), (1, 3), (2, 4))),
    "truncate": (1, 4095, ((1, 24), (24, 1000), (1000, 3000), (3000, 4094))),
    "seed": SEEDS,
    "top_n_tokens": (0, 5, ((0, 2), (1, 3), (2, 4), (3, 5))),
}
CHAT: dict[str, Range] = {
    "frequency_penalty": FREQUENCIES,
    "presence_penalty": (-2 + 2.0**-23, MOST, ((-2, -0.5), (0.1, 1), (1, 2), (2, MOST))),
    "top_logprobs": (0, 5, ((0, 2), (1, 3), (2, 4), (3, 5))),
    "max_tokens": NEW_TOKENS,
    "max_completion_tokens": NEW_TOKENS,
    "n": (0, U32, ((0, 24), (24, 2**16), (2**31, U32))),
    "stop": (0, 4, ((0, 2), (1, 3), (2, 4))),
    "seed": SEEDS,
    "temperature": (0, *TEMPERATURES[1:]),
    "top_p": SHARES,
}
COMPLETION: dict[str, Range] = {
    "prompt": (1, 4, ((1, 3), (2, 4))),
    **{
        name: CHAT[name]
        for name in ("max_tokens", "temperature", "top_p", "seed", "frequency_penalty", "stop")
    },
    "repetition_penalty": TEMPERATURES,
}


def numbers(drawn: Iterable[Mapping[str, Any]]) -> dict[str, set[float]]:
    """By name what was drawn: numbers, and how many items lists have."""
    found: dict[str, set[float]] = defaultdict(set)
    for each in drawn:
        for name, value in each.items():
            if isinstance(value, list):
                found[name].add(len(value))
            elif isinstance(value, int | float):
                found[name].add(value)
    return found


def gaps(drawn: Iterable[Mapping[str, Any]], ranges: Mapping[str, Range]) -> list[str]:
    """What was not drawn, or should not have been."""
    missing = []
    found = numbers(drawn)
    for name, (least, most, between) in ranges.items():
        values = found[name]
        missing += [f"{name} {end}" for end in (least, most) if end not in values]
        missing += [
            f"{name} between {low} and {high}"
            for low, high in between
            if not any(low < value < high for value in values)
        ]
        missing += [f"{name} beyond its range" for value in values if not least <= value <= most]
    return missing


def drawn_until_complete(strategy: st.SearchStrategy[Any], ranges: Mapping[str, Range]) -> list[Any]:
    """As much as it takes, and where there are gaps all that may be drawn."""
    drawn: list[Any] = []
    for start in range(ROUNDS):
        drawn += draw(strategy, AT_ONCE, start=start)
        if not gaps(drawn, ranges):
            break
    return drawn


def payloads(route: str) -> st.SearchStrategy[Any]:
    return requests(route).map(lambda request: request.payload)


DRAWN: dict[str, tuple[Callable[[], st.SearchStrategy[Any]], dict[str, Range]]] = {
    "parameters": (parameters, GENERATE),
    "chat requests": (lambda: payloads("/v1/chat/completions"), CHAT),
    "completion requests": (lambda: payloads("/v1/completions"), COMPLETION),
}


@pytest.mark.sweep
@pytest.mark.parametrize("what", DRAWN)
def test_plain_numbers_come_from_the_whole_of_what_passes(what: str) -> None:
    strategy, ranges = DRAWN[what]
    drawn = drawn_until_complete(strategy(), ranges)
    assert gaps(drawn, ranges) == []
    untold = {name for name, values in numbers(drawn).items() if values - {False, True}} - ranges.keys()
    assert untold <= {"messages", "tools", "logit_bias"}  # and how long these are is nobody's rule


@pytest.mark.sweep
def test_small_numbers_are_drawn_often() -> None:
    given = [each["max_new_tokens"] for each in draw(parameters(), 2 * AT_ONCE) if each.get("max_new_tokens")]
    assert len(given) / 5 < sum(number <= 24 for number in given) < len(given)


@pytest.mark.sweep
def test_odd_numbers_have_the_same_ends() -> None:
    ends: dict[str, Range] = {name: (least, most, ()) for name, (least, most, _) in GENERATE.items()}
    ends["best_of"] = (0, 2, ())
    assert gaps(drawn_until_complete(parameters(adversarial=True), ends), ends) == []


GENEROUS = Settings(
    max_best_of=40, max_stop_sequences=100, max_top_n_tokens=500, max_input_tokens=8000, max_total_tokens=9000
)
NARROW = Settings(max_input_tokens=800, max_total_tokens=1400, max_best_of=1, max_top_n_tokens=0)


@pytest.mark.sweep
@pytest.mark.parametrize(
    ("settings", "ranges"),
    [
        (
            GENEROUS,
            {
                "best_of": (1, 40, ((1, 5), (5, 20), (20, 40))),
                "stop": (0, 100, ((0, 4), (4, 24), (24, 100))),
                "top_n_tokens": (0, 500, ((0, 24), (24, 250), (250, 500))),
                "truncate": (1, 8000, ((1, 24), (24, 4000), (4000, 8000))),
                "max_new_tokens": NEW_TOKENS,
            },
        ),
        (
            NARROW,  # 512 tokens of a prompt leave room for 888
            {
                "best_of": (1, 1, ()),
                "top_n_tokens": (0, 0, ()),
                "truncate": (1, 800, ((1, 24), (24, 400), (400, 800))),
                "max_new_tokens": (1, 888, ((1, 24), (24, 400), (400, 888))),
            },
        ),
    ],
    ids=["generous", "narrow"],
)
def test_a_routers_own_limits_are_the_ends(settings: Settings, ranges: dict[str, Range]) -> None:
    drawn = drawn_until_complete(parameters(settings=settings), ranges)
    assert gaps(drawn, ranges) == []
    assert [
        each for each in drawn[:200] if violations({"inputs": "a", "parameters": each}, "GenerateRequest")
    ] == []
