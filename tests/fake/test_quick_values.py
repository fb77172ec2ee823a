"""Values that are defined and made quickly are the library's slotted dataclasses in every other way."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import sys
from dataclasses import FrozenInstanceError, field
from typing import Any, ClassVar

import pytest

from fake_tgi import quick_values
from fake_tgi.quick_values import dataclass, unguarded


@dataclass(frozen=True, slots=True)
class Value:
    """A value of every kind of field."""

    a: int
    b: str = "b"
    c: list[int] = field(default_factory=list)
    secret: str = field(default="s", repr=False)
    aside: int = field(default=0, compare=False)
    worked_out: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "worked_out", self.a * 2)

    @property
    def double(self) -> int:
        return self.worked_out


@dataclass(frozen=True, slots=True)
class Nothing:
    """A value without fields."""


@dataclass(frozen=True, slots=True)
class One:
    a: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    a: int = 1
    b: int


@dataclass(slots=True)
class Changing:
    a: int
    b: list[Any] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Itself:
    a: int


@dataclass(frozen=True, slots=True)
@unguarded
class Light:
    a: int
    b: str = "b"


QUICK = (Value, Nothing, One, Named, Changing, Itself)


def by_the_library(cls: type) -> Any:
    """The same class, as the standard library makes it."""
    fields = {
        each.name: field(
            **{
                name: getattr(each, name)
                for name in ("default", "default_factory", "init", "repr", "hash", "compare", "kw_only")
            }
        )
        for each in dataclasses.fields(cls)
    }
    params = cls.__dataclass_params__  # type: ignore[attr-defined]  # of any dataclass
    kept = {
        name: vars(cls)[name] for name in ("__doc__", "__post_init__", "__annotations__") if name in vars(cls)
    }
    plain = type(cls.__name__, (), {**kept, **fields})
    plain.__module__, plain.__qualname__ = cls.__module__, cls.__qualname__
    return dataclasses.dataclass(frozen=params.frozen, eq=params.eq, slots=True)(plain)


@pytest.mark.parametrize("cls", QUICK)
def test_a_class_has_what_the_standard_library_gives_it(cls: type) -> None:
    theirs = by_the_library(cls)
    assert set(vars(theirs)) - {"__weakref__"} <= set(vars(cls))  # which 3.10 leaves behind
    assert cls.__slots__ == theirs.__slots__  # type: ignore[attr-defined]  # both have them
    assert cls.__match_args__ == theirs.__match_args__  # type: ignore[attr-defined]  # both have them
    assert inspect.signature(cls) == inspect.signature(theirs)
    assert (cls.__hash__ is None) == (theirs.__hash__ is None)
    assert dataclasses.is_dataclass(cls)
    shown = [str(each) for each in dataclasses.fields(cls)]
    assert shown == [str(each) for each in dataclasses.fields(theirs)]


def test_a_value_is_made_compared_copied_and_shown_as_ever() -> None:
    value = Value(1, c=[2])
    assert (value.a, value.b, value.c, value.double) == (1, "b", [2], 2)
    assert value == Value(1, "b", [2]) == Value(1, "b", [2], aside=7) != Value(2, "b", [2])
    assert value != Value(1, "b", [2], "t")
    assert value != (1, "b", [2], "s", 2)
    assert dataclasses.replace(value, a=3) == Value(3, "b", [2])
    assert repr(value) == "Value(a=1, b='b', c=[2], aside=0, worked_out=2)"
    assert copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
    assert dataclasses.asdict(value)["c"] == [2]
    assert Nothing() == Nothing() != One(1) == One(1) != One(2)
    assert (repr(Nothing()), repr(One("a")), repr(Named(b=2))) == (
        "Nothing()",
        "One(a='a')",
        "Named(a=1, b=2)",
    )
    if sys.version_info >= (3, 13):
        assert copy.replace(value, a=3) == Value(3, "b", [2])


def test_values_are_keys() -> None:
    assert {Nothing(): 0, One(1): 1, Named(b=2): 2}[One(1)] == 1
    assert hash(Named(b=2)) == hash(Named(a=1, b=2)) == hash((1, 2))
    assert hash(One(1)) == hash((1,))
    assert len({Itself(1), Itself(1)}) == 2
    with pytest.raises(TypeError, match="unhashable type: 'Changing'"):
        hash(Changing(1))


def test_a_value_may_be_taken_apart() -> None:
    match Changing(1, [2]):
        case Changing(a, [b]):
            assert (a, b) == (1, 2)


def test_what_holds_itself_can_be_shown() -> None:
    value = Changing(1)
    value.b.append(value)
    assert repr(value) == "Changing(a=1, b=[...])"


def test_a_default_that_is_made_is_made_anew() -> None:
    assert Value(1).c is not Value(1).c


def test_a_value_cannot_be_changed() -> None:
    value = Value(1)
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'a'"):
        value.a = 2  # type: ignore[misc]  # what is tried here
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'other'"):
        value.other = 2  # type: ignore[attr-defined]  # what is tried here
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'a'"):
        del value.a
    assert value.a == 1


def test_a_value_that_may_be_changed_has_no_other_attributes() -> None:
    value = Changing(1)
    value.a = 2
    assert value == Changing(2)
    with pytest.raises(AttributeError):
        value.other = 2  # type: ignore[attr-defined]  # what is tried here


def test_a_missing_field_is_told() -> None:
    with pytest.raises(TypeError, match=r"Value.__init__\(\) missing 1 required positional argument: 'a'"):
        Value()  # type: ignore[call-arg]  # what is tried here
    with pytest.raises(TypeError, match=r"Named.__init__\(\) takes 1 positional argument but 2 were given"):
        Named(1)  # type: ignore[call-arg,misc]  # what is tried here


class Field:
    a: int = 0


class Shared:
    a: int
    all: ClassVar[int] = 0


class OwnInit:
    a: int

    def __init__(self) -> None: ...


class OwnEq:
    a: int

    def __eq__(self, other: object) -> bool:
        return True


class Below(One):
    b: int


class OneByName:
    a: int = field(kw_only=True)


@pytest.mark.parametrize("cls", [Shared, OwnInit, OwnEq, Below, OneByName])
def test_what_none_of_our_values_needs_is_refused(cls: type) -> None:
    with pytest.raises(TypeError, match=rf"{cls.__name__}: expected .*; use dataclasses.dataclass"):
        dataclass(frozen=True, slots=True)(cls)


def test_nothing_without_slots_is_made() -> None:
    with pytest.raises(TypeError, match="Field: expected slots=True"):
        dataclass(slots=False)(Field)


def test_a_definition_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(quick_values, "exec", lambda *given: compiled.append(given), raising=False)
    monkeypatch.setattr(dataclasses, "_process_class", lambda *given, **named: compiled.append(given))
    assert dataclass(frozen=True, slots=True)(Field).__name__ == "Field"
    assert compiled == []


@dataclass(frozen=True, slots=True)
@unguarded
class Unguarded:
    a: int
    b: list[int] = field(default_factory=list)


def test_an_unguarded_value_is_one_in_every_other_way() -> None:
    value = Unguarded(1, b=[2])
    assert repr(dataclasses.replace(value, a=2)) == "Unguarded(a=2, b=[2])"
    assert value == copy.copy(value) == pickle.loads(pickle.dumps(value)) != Unguarded(1)
    assert Unguarded.__hash__ is not None
    assert not hasattr(Unguarded, "_unguarded")
    with pytest.raises(AttributeError):
        value.c = 1  # type: ignore[attr-defined]  # what is tried here
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        Unguarded()  # type: ignore[call-arg]  # what is tried here


def test_type_checkers_alone_keep_an_unguarded_value() -> None:
    value = Unguarded(1)
    value.a = 2  # type: ignore[misc]  # what is tried here
    assert value.a == 2


def test_a_value_that_is_frozen_for_type_checkers_alone_is_one_like_the_others() -> None:
    value = Light(1)
    assert value == Light(1, "b") != Light(2)
    assert hash(value) == hash((1, "b"))
    assert copy.copy(value) == copy.deepcopy(value) == pickle.loads(pickle.dumps(value)) == value
    object.__setattr__(value, "a", 2)
    value.a = 3  # type: ignore[misc]  # what a type checker says, and nobody else
    assert value == Light(3)
