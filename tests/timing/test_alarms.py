"""Many calls at later times, with one timer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest
import uvloop

from fake_tgi.alarms import Alarms


@pytest.mark.parametrize("kind", [asyncio, uvloop], ids=["asyncio", "uvloop"])
def test_calls_come_in_order_and_never_early(kind: Any) -> None:
    loop = kind.new_event_loop()
    alarms, called = Alarms(), list[tuple[float, float]]()

    async def main() -> None:
        done, began = asyncio.Event(), time.monotonic()
        for delay in (0.05, 0.01, 0.0305, 0.0, 0.02, 0.0207):
            alarms.call_later(
                loop, delay, lambda delay=delay: called.append((delay, time.monotonic() - began))
            )
        alarms.call_later(loop, 0.06, done.set)
        await done.wait()

    loop.run_until_complete(main())
    loop.close()
    assert [delay for delay, _ in called] == [0.0, 0.01, 0.02, 0.0207, 0.0305, 0.05]
    assert all(at >= delay for delay, at in called)


def test_a_call_taken_back_is_not_made() -> None:
    async def main() -> None:
        alarms, loop = Alarms(), asyncio.get_running_loop()
        done = asyncio.Event()
        alarms.call_later(loop, 0.005, pytest.fail, "was taken back").cancel()
        alarms.call_later(loop, 0.01, done.set)
        await done.wait()

    asyncio.run(main())


def test_who_is_called_may_ask_to_be_called_again_and_sooner_than_others() -> None:
    async def main() -> list[int]:
        alarms, loop, done = Alarms(), asyncio.get_running_loop(), asyncio.Event()
        called: list[int] = []

        def again(left: int) -> None:
            called.append(left)
            if left:
                alarms.call_later(loop, 0.001, again, left - 1)

        alarms.call_later(loop, 0.2, done.set)
        alarms.call_later(loop, 0.001, again, 5)
        await done.wait()
        return called

    assert asyncio.run(main()) == [5, 4, 3, 2, 1, 0]


def test_one_who_fails_keeps_nobody_else_from_being_called() -> None:
    async def main() -> None:
        alarms, loop, done = Alarms(), asyncio.get_running_loop(), asyncio.Event()
        loop.set_exception_handler(lambda *_: None)
        alarms.call_later(loop, 0.001, lambda: 1 / 0)
        alarms.call_later(loop, 0.002, done.set)
        await asyncio.wait_for(done.wait(), 2)

    asyncio.run(main())


@pytest.mark.parametrize("kind", [asyncio, uvloop], ids=["asyncio", "uvloop"])
def test_who_says_when_is_called_again_until_they_say_nothing(kind: Any) -> None:
    loop = kind.new_event_loop()
    alarms, called = Alarms(), list[float]()

    async def main() -> None:
        done, began = asyncio.Event(), time.monotonic()

        def again() -> float | None:
            called.append(time.monotonic() - began)
            if len(called) == 4:
                done.set()
                return None
            return began + 0.01 * (len(called) + 1) - time.monotonic()

        alarms.call_again(loop, 0.01, again)
        await asyncio.wait_for(done.wait(), 2)
        await asyncio.sleep(0.02)

    loop.run_until_complete(main())
    loop.close()
    assert len(called) == 4
    assert all(at >= 0.01 * number for number, at in enumerate(called, 1))


def test_who_takes_back_its_own_call_while_it_is_made_is_not_called_again() -> None:
    async def main() -> int:
        alarms, loop, made = Alarms(), asyncio.get_running_loop(), list[Any]()

        def once() -> float:
            made[0].cancel()
            made.append(None)
            return 0.0

        made.append(alarms.call_again(loop, 0.001, once))
        await asyncio.sleep(0.02)
        return len(made)

    assert asyncio.run(main()) == 2


def test_who_is_late_is_called_once_a_turn_and_all_who_are_in_turn() -> None:
    """Three whose five calls are overdue: none gets its second before all have had their first."""

    async def main() -> str:
        alarms, loop, done = Alarms(), asyncio.get_running_loop(), asyncio.Event()
        called: list[str] = []

        def late(name: str) -> Callable[[], float | None]:
            def call() -> float | None:
                called.append(name)
                return None if called.count(name) == 5 else -1.0

            return call

        for name in "abc":
            alarms.call_again(loop, 0.001, late(name))
        alarms.call_later(loop, 0.05, done.set)
        time.sleep(0.005)  # noqa: ASYNC251  the loop is busy with something else
        await done.wait()
        return "".join(called)

    assert asyncio.run(main()) == "abc" * 5


def test_calls_that_are_due_are_made_at_once_for_who_asks_and_no_others() -> None:
    async def main() -> list[str]:
        alarms, loop, called = Alarms(), asyncio.get_running_loop(), list[str]()
        alarms.catch_up()
        alarms.call_later(loop, 0.001, called.append, "due")
        alarms.call_later(loop, 3600, called.append, "far")
        time.sleep(0.003)  # noqa: ASYNC251  the loop is busy
        alarms.catch_up()
        return called

    assert asyncio.run(main()) == ["due"]


def test_alarms_move_from_one_loop_to_the_next() -> None:
    alarms = Alarms()

    async def once() -> None:
        done = asyncio.Event()
        alarms.call_later(asyncio.get_running_loop(), 3600, print)
        alarms.call_later(asyncio.get_running_loop(), 0.001, done.set)
        await asyncio.wait_for(done.wait(), 2)

    asyncio.run(once())
    asyncio.run(once())


def test_what_is_due_already_is_called_in_the_next_turn_of_the_loop() -> None:
    async def main() -> list[int]:
        alarms, loop = Alarms(), asyncio.get_running_loop()
        called: list[int] = []
        alarms.call_later(loop, 5, called.append, 5)
        alarms.call_later(loop, 0, called.append, 0)
        alarms.call_later(loop, -1, called.append, -1)
        await asyncio.sleep(0)
        return called

    assert asyncio.run(main()) == [0, -1]


def test_ahead_of_other_work_so_many_are_called_and_the_others_behind_it() -> None:
    async def main() -> list[int]:
        alarms, loop = Alarms(), asyncio.get_running_loop()
        called: list[int] = []
        for number in range(100):
            alarms.call_later(loop, 0, called.append, number)
        alarms.catch_up()
        ahead = len(called)
        await asyncio.sleep(0)
        assert called == list(range(100))
        return [ahead]

    assert asyncio.run(main()) == [64]
