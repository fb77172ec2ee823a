"""Slotted dataclasses that cost a tenth to define and a quarter to make: `dataclass`, as the library's own.

The standard library writes and compiles up to nine methods for each class, which at a start takes longer than
all else that our modules do; and its frozen `__init__` goes through `object.__setattr__` for every field.
Here methods are shared, and `__init__` is compiled when a value is first made and uses the slots' own
setters. What `fields`, `replace` and `inspect.signature` want, the standard library makes when they want it.
Type checkers see nothing but its decorator. What none of our values needs is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, field
from dataclasses import dataclass as by_the_library
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Final, TypeVar

__all__ = ["dataclass", "unguarded"]

T = TypeVar("T")
Method = Callable[..., Any]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, slots, frozen=False, eq=True, kw_only=False):
        """As `dataclasses.dataclass`, with these options. Raises TypeError for a class that needs others."""
        return lambda cls: _slotted(cls, slots=slots, frozen=frozen, eq=eq, kw_only=kw_only)


# Annotations that make no field, and methods that would take the place of ours.
_NO_FIELDS = ("ClassVar", "InitVar", "KW_ONLY", "typing.", "dataclasses.")
_OURS = frozenset(
    ("__init__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__getstate__", "__slots__")
)


def unguarded(cls: type[T]) -> type[T]:
    """Stands between `dataclass(frozen=True, slots=True)` and a class whose values every request makes: that
    they stay as they are is then for type checkers to say, and to make one costs a third."""
    cls._unguarded = True  # type: ignore[attr-defined]  # read and dropped below
    return cls


def _slotted(cls: type[T], *, slots: bool, frozen: bool, eq: bool, kw_only: bool) -> type[T]:
    """`cls` made anew, with slots and the methods of a dataclass."""
    own = dict(vars(cls))
    guarded = not own.pop("_unguarded", False)
    written: Mapping[str, str] = own.get("__annotations__", {})
    fields = {name: _as_field(own.get(name, MISSING)) for name in written}
    _check(cls, slots, fields)
    body = {name: value for name, value in own.items() if name not in (*fields, "__dict__", "__weakref__")}
    names = tuple(fields)
    copied = {name: own[name] for name in ("__module__", "__annotations__", *fields) if name in own}
    copied["__qualname__"] = cls.__qualname__
    twin = _Twin(cls.__name__, copied, {"slots": slots, "frozen": frozen, "eq": eq, "kw_only": kw_only})
    body |= {name: _ByTheLibrary(twin, name) for name in _Twin.HAS}
    body["__slots__"] = names
    body["__match_args__"] = () if kw_only else tuple(name for name in names if fields[name].init)
    body.setdefault("__repr__", _repr(tuple(name for name in names if fields[name].repr)))
    if eq:
        of = _values_of(tuple(name for name in names if fields[name].compare))
        body["__eq__"] = _eq(of)
        body["__hash__"] = _hash(of) if frozen else None
    remake: Any = type(cls)
    made: type[T] = remake(cls.__name__, cls.__bases__, body)
    type.__setattr__(made, "__init__", _init_later(made, fields, kw_only, guarded))
    if frozen and guarded:
        for name, method in _frozen(made, names).items():
            type.__setattr__(made, name, method)
    return made


def _as_field(given: Any) -> Field[Any]:
    return given if isinstance(given, Field) else field(default=given)


def _check(cls: type, slots: bool, fields: Mapping[str, Field[Any]]) -> None:
    kinds = [str(kind) for kind in vars(cls).get("__annotations__", {}).values()]
    if (
        not slots
        or not _OURS.isdisjoint(vars(cls))
        or any(hasattr(base, "__dataclass_fields__") for base in cls.__bases__)
        or any(kind.startswith(_NO_FIELDS) for kind in kinds)
        or any(each.hash is not None or each.kw_only is True for each in fields.values())
    ):
        raise TypeError(
            f"{cls.__qualname__}: expected slots=True, fields of the class itself and no other kinds, "
            "and methods that a dataclass does not have; use dataclasses.dataclass"
        )


def _init_later(cls: type, fields: Mapping[str, Field[Any]], kw_only: bool, guarded: bool) -> Method:
    def __init__(self: Any, *args: Any, **named: Any) -> None:
        made = _init(cls, fields, kw_only, guarded)
        cls.__init__ = made  # type: ignore[misc]  # in place of this one, before any subclass is
        made(self, *args, **named)

    return __init__


def _init(cls: type, fields: Mapping[str, Field[Any]], kw_only: bool, guarded: bool) -> Method:
    names: dict[str, Any] = {"_made": MISSING}
    given = ["self", "*"] if kw_only else ["self"]
    lines = ["    pass"]
    for name, each in fields.items():
        names[f"_set_{name}"] = vars(cls)[name].__set__
        value, default = name, ""
        if each.default_factory is not MISSING:
            names[f"_new_{name}"] = each.default_factory
            default = "=_made"
            value = f"_new_{name}() if {name} is _made else {name}" if each.init else f"_new_{name}()"
        elif each.default is not MISSING:
            names[f"_default_{name}"] = each.default
            default = f"=_default_{name}"
            value = name if each.init else f"_default_{name}"
        elif not each.init:
            continue  # `__post_init__` sets it
        if each.init:
            given.append(name + default)
        lines.append(f"    _set_{name}(self, {value})" if guarded else f"    self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        lines.append("    self.__post_init__()")
    exec(f"def __init__({', '.join(given)}):\n" + "\n".join(lines), names)  # noqa: S102  the names are of fields
    made: Method = names["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _values_of(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What a value has under `names`, as a tuple."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple([getattr(value, name) for name in names])


def _eq(of: Callable[[Any], tuple[Any, ...]]) -> Method:
    def __eq__(self: Any, other: Any) -> bool:
        return of(self) == of(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(of: Callable[[Any], tuple[Any, ...]]) -> Method:
    def __hash__(self: Any) -> int:
        return hash(of(self))

    return __hash__


def _repr(names: tuple[str, ...]) -> Method:
    @recursive_repr()
    def __repr__(self: Any) -> str:
        return (
            f"{type(self).__qualname__}({', '.join([f'{name}={getattr(self, name)!r}' for name in names])})"
        )

    return __repr__


def _frozen(cls: Any, names: tuple[str, ...]) -> dict[str, Method]:
    """What keeps a value as it is, and lets it be copied and pickled all the same."""

    def __setattr__(self: Any, name: str, value: Any) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot assign to field {name!r}")
        super(cls, self).__setattr__(name, value)

    def __delattr__(self: Any, name: str) -> None:
        if type(self) is cls or name in names:
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        super(cls, self).__delattr__(name)

    def __getstate__(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def __setstate__(self: Any, state: list[Any]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    return {each.__name__: each for each in (__setattr__, __delattr__, __getstate__, __setstate__)}


class _Twin:
    """The same fields in a class of the standard library's making, made when somebody wants to know of it."""

    HAS: Final = ("__dataclass_fields__", "__dataclass_params__", "__signature__", "__replace__")

    def __init__(self, name: str, body: dict[str, Any], options: dict[str, bool]) -> None:
        self._name = name
        self._body = body
        self._options = options
        self._made: type | None = None

    def get(self, name: str) -> Any:
        """What the class has under that name of HAS. Raises AttributeError."""
        if self._made is None:
            plain = type(self._name, (), dict(self._body))
            self._made = by_the_library(**self._options)(plain)
        if name == "__signature__":
            from inspect import signature

            return signature(self._made)
        return getattr(self._made, name)


class _ByTheLibrary:
    """An attribute of a class that its twin has."""

    __slots__ = ("_name", "_twin")

    def __init__(self, twin: _Twin, name: str) -> None:
        self._twin = twin
        self._name = name

    def __get__(self, value: Any, owner: type) -> Any:
        found = self._twin.get(self._name)
        return found if value is None or self._name != "__replace__" else found.__get__(value)
