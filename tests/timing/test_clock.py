"""Clocks: real, faster than real, and virtual."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from fake_tgi.clock import ScaledClock, VirtualClock, clock_of


async def sleep_on(clock: VirtualClock, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    waiter = loop.create_future()
    clock.call_later(loop, seconds, waiter.set_result, None)
    await waiter
    return clock()


def test_a_clock_that_jumps_takes_no_time_and_wakes_in_order() -> None:
    clock = VirtualClock()
    woken: list[float] = []

    async def worker(gaps: list[float]) -> None:
        for gap in gaps:
            woken.append(await sleep_on(clock, gap))

    async def main() -> None:
        await asyncio.gather(worker([60, 60, 60]), worker([90]), worker([1, 1, 1000]))

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 1
    assert woken == [1, 2, 60, 90, 120, 180, 1002]


def test_a_clock_that_is_moved_by_hand_stands_until_then() -> None:
    clock = VirtualClock(jumps=False)

    async def main() -> None:
        task = asyncio.ensure_future(sleep_on(clock, 60))
        await asyncio.sleep(0.02)
        assert clock() == 0
        await clock.elapse(59.5)
        assert (clock(), task.done()) == (59.5, False)
        await clock.elapse(10)
        assert (clock(), task.result()) == (69.5, 60)

    asyncio.run(main())


def test_whoever_waits_again_while_time_is_moved_is_woken_at_each_time() -> None:
    clock = VirtualClock(jumps=False)

    async def ticks() -> list[float]:
        return [await sleep_on(clock, 1) for _ in range(5)]

    async def main() -> None:
        task = asyncio.ensure_future(ticks())
        await asyncio.sleep(0)
        await clock.elapse(100)
        assert task.result() == [1, 2, 3, 4, 5]
        assert clock() == 100

    asyncio.run(main())


def test_a_clock_can_be_moved_from_another_thread_which_waits_for_what_happens() -> None:
    clock, ready = VirtualClock(jumps=False), threading.Event()
    woken: list[float] = []

    async def main() -> None:
        asyncio.get_running_loop().call_soon(ready.set)
        for _ in range(3):
            woken.append(await sleep_on(clock, 20))

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    ready.wait()
    clock.advance(60)
    thread.join(5)
    assert woken == [20, 40, 60]
    clock.advance(1)
    assert clock() == 61


def test_a_call_taken_back_is_not_made_and_not_waited_for() -> None:
    clock = VirtualClock()

    async def main() -> float:
        loop = asyncio.get_running_loop()
        clock.call_later(loop, 5, pytest.fail, "was taken back").cancel()
        return await sleep_on(clock, 10)

    assert asyncio.run(main()) == 10


def test_a_clock_survives_the_loop_of_a_waiter_that_is_gone() -> None:
    clock = VirtualClock(jumps=False)

    async def leave() -> None:
        clock.call_later(asyncio.get_running_loop(), 5, print)

    asyncio.run(leave())
    clock.advance(10)
    assert clock() == 10


def test_a_fast_clock_tells_and_waits_in_its_own_seconds() -> None:
    clock = ScaledClock(100)

    async def main() -> tuple[float, float]:
        loop, began, real = asyncio.get_running_loop(), clock(), time.monotonic()
        waiter = loop.create_future()
        clock.call_later(loop, 5, waiter.set_result, None)
        await waiter
        return clock() - began, time.monotonic() - real

    passed, real = asyncio.run(main())
    assert passed == pytest.approx(real * 100, rel=0.05)
    assert 0.045 < real < 1


def test_a_clock_whose_speed_changes_does_not_jump() -> None:
    clock = ScaledClock(1)
    before = clock()
    clock.speed = 1000
    assert 0 <= clock() - before < 5
    with pytest.raises(ValueError, match="above 0"):
        clock.speed = 0


def test_settings_name_the_clock() -> None:
    assert clock_of("real", 1) is time.monotonic
    assert isinstance(clock_of("real", 2), ScaledClock)
    stepped = clock_of("stepped", 1)
    assert isinstance(stepped, VirtualClock)
    assert not stepped.jumps


def test_who_lets_time_pass_gets_it_back_when_what_was_due_at_its_end_has_happened() -> None:
    clock = VirtualClock(jumps=False)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        for _ in range(200):
            happened: list[float] = []
            set_up = threading.Event()

            def wait(happened: list[float] = happened, set_up: threading.Event = set_up) -> None:
                clock.call_later(loop, 1.0, lambda: happened.append(clock()))
                set_up.set()

            loop.call_soon_threadsafe(wait)
            assert set_up.wait(5)
            clock.advance(1.0)
            assert happened == [clock()]
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_timeout_in_passing_makes_no_time_pass_and_ends_when_time_passes_by() -> None:
    async def story() -> list[str]:
        clock, loop, told = VirtualClock(), asyncio.get_running_loop(), []
        clock.call_in_passing(loop, 5.0, told.append, "timeout")
        for _ in range(50):
            await asyncio.sleep(0)
        assert (told, clock()) == ([], 0.0)
        clock.call_later(loop, 10.0, told.append, "answer")
        while len(told) < 2:  # noqa: ASYNC110  it is the clock that is tried
            await asyncio.sleep(0)
        assert clock() == 10.0
        return told

    assert asyncio.run(story()) == ["timeout", "answer"]


def test_a_jumping_clock_waits_for_who_is_to_act_but_not_for_long() -> None:
    async def story() -> None:
        clock, loop, told = VirtualClock(), asyncio.get_running_loop(), []
        clock.hold("client")
        clock.call_later(loop, 10.0, told.append, "later")
        for _ in range(50):
            await asyncio.sleep(0)
        assert told == []
        clock.release("client")
        for _ in range(50):
            await asyncio.sleep(0)
        assert told == ["later"]
        clock.hold("one that does nothing")
        clock.call_later(loop, 10.0, told.append, "anyway")
        began = time.monotonic()
        while len(told) < 2:  # noqa: ASYNC110  it is the clock that is tried
            await asyncio.sleep(0.001)
        assert time.monotonic() - began >= 0.04

    asyncio.run(story())
