"""Values that are made quickly are frozen dataclasses in every other way."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace

import pytest

from fake_tgi.quick_values import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True)
class Value:
    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list)


def test_a_value_is_made_compared_copied_and_shown_as_ever() -> None:
    value = Value(1, c=[2])
    assert (value.a, value.b, value.c) == (1, "b", [2])
    assert value == Value(1, "b", [2]) != Value(2)
    assert replace(value, a=3) == Value(3, "b", [2])
    assert repr(value) == "Value(a=1, b='b', c=[2])"
    assert pickle.loads(pickle.dumps(value)) == value


def test_a_default_that_is_made_is_made_anew() -> None:
    assert Value(1).c is not Value(1).c


def test_a_value_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        Value(1).a = 2  # type: ignore[misc]


def test_a_missing_field_is_told() -> None:
    with pytest.raises(TypeError, match=r"Value.__init__\(\) missing 1 required positional argument: 'a'"):
        Value()  # type: ignore[call-arg]


def test_only_frozen_slotted_dataclasses_can_be_made_so() -> None:
    @dataclass
    class Other:
        a: int

    with pytest.raises(TypeError, match="expected a frozen dataclass with slots"):
        quickly_made(Other)
