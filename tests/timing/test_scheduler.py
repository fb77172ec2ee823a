"""The simulated batch, step by step, by TGI's own knobs."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_tgi.timing import BatchScheduler, Constant, Entry, Knobs, Latencies

# A prefill step takes 1 s and 10 ms a prompt token, a decode step 100 ms.
LATENCIES = Latencies(
    time_to_first_token=Constant(1.0),
    prefill_time_per_token=Constant(0.01),
    inter_token_latency=Constant(0.1),
)


def knobs(**given: Any) -> Knobs:
    known: dict[str, Any] = {
        "max_batch_prefill_tokens": 100,
        "max_batch_total_tokens": 1000,
        "waiting_served_ratio": 0.0,
        "max_waiting_tokens": 20,
        "max_batch_size": None,
        "support_chunking": False,
        "full": 128,
    }
    return Knobs(**{**known, **given})


def entry(prompt: int, tokens: int, arrived: float = 0.0) -> Entry:
    return Entry(prompt, tokens, tokens, Random(0), arrived)


def times(made: Entry) -> list[float]:
    return [round(time, 6) for time in made.times]


def test_one_request_has_its_prefill_and_then_a_token_a_step() -> None:
    batch, one = BatchScheduler(LATENCIES, knobs()), entry(10, 4)
    batch.enter(one)
    batch.advance(100)
    assert one.started == 0
    assert times(one) == [1.1, 1.2, 1.3, 1.4]


def test_who_comes_during_a_step_waits_for_its_end_and_interrupts_the_others() -> None:
    batch, one, two = BatchScheduler(LATENCIES, knobs()), entry(10, 4), entry(10, 2, arrived=0.5)
    batch.enter(one)
    batch.enter(two)
    assert (batch.queued, batch.running) == (1, 1)
    batch.advance(100)
    assert two.started == pytest.approx(1.1)
    # the second prefill holds the first request up for its 1.1 s
    assert times(one) == [1.1, 2.3, 2.4, 2.5]
    assert times(two) == [2.2, 2.3]


def test_with_chunking_running_requests_get_a_token_in_the_prefill_of_others() -> None:
    batch = BatchScheduler(LATENCIES, knobs(support_chunking=True))
    one, two = entry(10, 4), entry(10, 2, arrived=0.5)
    batch.enter(one)
    batch.enter(two)
    batch.advance(100)
    assert times(one) == [1.1, 2.2, 2.3, 2.4]


def test_with_chunking_a_long_prompt_is_read_over_several_steps() -> None:
    batch = BatchScheduler(LATENCIES, knobs(support_chunking=True))
    long = entry(250, 2)
    batch.enter(long)
    batch.advance(100)
    # 100 tokens, 99 and 51 beside the decode steps
    assert times(long) == [
        round(1 + 1.0 + 0.1 + 0.99 + 0.1 + 0.51, 6),
        round(1 + 1.0 + 0.1 + 0.99 + 0.1 + 0.51 + 0.1, 6),
    ]


def test_max_batch_total_tokens_keeps_the_queue_waiting_until_somebody_leaves() -> None:
    batch = BatchScheduler(LATENCIES, knobs(max_batch_total_tokens=40))
    one, two = entry(10, 20), entry(10, 20, arrived=0.1)
    batch.enter(one)
    batch.enter(two)
    batch.advance(100)
    assert two.started == pytest.approx(one.times[-1])


def test_a_client_that_leaves_makes_room() -> None:
    batch = BatchScheduler(LATENCIES, knobs(max_batch_total_tokens=40))
    one, two = entry(10, 20), entry(10, 20, arrived=0.1)
    batch.enter(one)
    batch.enter(two)
    batch.advance(1.5)
    one.left = True
    batch.advance(100)
    assert two.started is not None
    assert two.started < 1.7


def test_max_batch_prefill_tokens_bounds_what_joins_at_once() -> None:
    batch = BatchScheduler(LATENCIES, knobs())
    batch.enter(entry(10, 50))
    later = [entry(60, 2, arrived=0.1 + index / 100) for index in range(3)]
    for made in later:
        batch.enter(made)
    batch.advance(100)
    started = [made.started for made in later]
    assert len(set(started)) == 3


def test_waiting_served_ratio_holds_small_arrivals_back_for_max_waiting_tokens() -> None:
    held = knobs(waiting_served_ratio=2.0, max_waiting_tokens=5)
    batch, one, two = BatchScheduler(LATENCIES, held), entry(10, 50), entry(10, 2, arrived=1.15)
    batch.enter(one)
    batch.enter(two)
    batch.advance(100)
    # one prefill and four decodes count as five tokens waited
    assert two.started == pytest.approx(1.1 + 4 * 0.1)


def test_max_batch_size_bounds_the_batch() -> None:
    batch = BatchScheduler(LATENCIES, knobs(max_batch_size=2))
    all_of_them = [entry(10, 5, arrived=index / 1000) for index in range(4)]
    for made in all_of_them:
        batch.enter(made)
    batch.advance(1.5)
    assert batch.running <= 2
    batch.advance(100)
    assert all(len(made.times) == 5 for made in all_of_them)


def test_a_full_batch_decodes_slower_by_the_load_factor() -> None:
    slow = Latencies(time_to_first_token=Constant(1.0), inter_token_latency=Constant(0.1), load_factor=3.0)
    batch = BatchScheduler(slow, knobs(full=2, max_batch_prefill_tokens=1000))
    one, two = entry(10, 3), entry(10, 3)
    batch.enter(one)
    batch.enter(two)
    batch.advance(100)
    assert times(one) == [1.0, 2.3, 2.6]
    assert times(two) == [2.0, 2.3, 2.6]


def test_an_idle_batch_starts_when_somebody_comes() -> None:
    batch, one, two = BatchScheduler(LATENCIES, knobs()), entry(10, 1), entry(10, 1, arrived=50)
    batch.enter(one)
    batch.enter(two)
    batch.advance(100)
    assert two.started == 50


@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.integers(1, 30), st.floats(0, 20), st.booleans()),
        min_size=1,
        max_size=30,
    ),
    st.booleans(),
    st.floats(0, 3),
    st.sampled_from([None, 1, 4]),
)
def test_everybody_who_stays_gets_every_token_once_and_in_order(
    asked: list[tuple[int, int, float, bool]], chunking: bool, ratio: float, size: int | None
) -> None:
    rules = knobs(support_chunking=chunking, waiting_served_ratio=ratio, max_batch_size=size)
    batch = BatchScheduler(LATENCIES, rules)
    made = []
    for prompt, tokens, arrived, leaves in sorted(asked, key=lambda item: item[2]):
        request = entry(prompt, tokens, arrived)
        batch.enter(request)
        request.left = leaves and batch.queued % 2 == 1
        made.append(request)
    batch.advance(1e9)
    for request in made:
        if not request.left:
            assert len(request.times) == request.tokens
            assert request.started is not None
            assert request.arrived <= request.started <= request.times[0]
            assert request.times == sorted(request.times)
    assert (batch.queued, batch.running) == (0, 0)
