"""What is remembered of an object is found for that object alone, as long as there is room."""

from __future__ import annotations

from fake_tgi.remembered import Remembered


def test_it_is_worked_out_once_for_an_object_and_again_for_its_equal() -> None:
    asked: list[list[int]] = []

    def work_out(item: list[int]) -> int:
        asked.append(item)
        return sum(item)

    remembered = Remembered(work_out)
    one, other = [1, 2], [1, 2]
    assert [remembered(one), remembered(one), remembered(other)] == [3, 3, 3]
    assert len(asked) == 2
    assert remembered.of(iter((one, other, [4]))) == [3, 3, 4]
    assert len(asked) == 3


def test_an_object_in_the_place_of_one_that_is_gone_is_another_one() -> None:
    """Ids come back once an object is gone: what is remembered is not."""
    remembered = Remembered(lambda item: item[0], most=3)
    for number in range(1000):
        assert remembered([number]) == number
        assert remembered.of([[number], [-number]]) == [number, -number]
