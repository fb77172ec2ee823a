"""What a value must be: equality, a part, a regular expression, a subset, a schema, a function's yes.

Each condition gives the differences of a value from it; a pattern is all of its conditions. A value that is
missing is None, and so is null, because to the router they are one thing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from .differences import Difference, FormError, differences, hidden, shown, step, within
from .json_values import unlike_json

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

__all__ = [
    "Absent",
    "Condition",
    "Contains",
    "Equals",
    "Matches",
    "Satisfies",
    "Schema",
    "Subset",
    "ValuePattern",
    "name_of",
    "value_pattern",
]

__tracebackhide__ = hidden

_FLAGS: Final = {"a": re.ASCII, "i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL, "x": re.VERBOSE}
_OWN_FLAGS: Final = re.compile(r"\(\?([aimsux]+)\)")


class Condition(Protocol):
    """One thing that a value must be."""

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        """Each way in which it is not; nothing if it is."""
        ...

    def as_json(self) -> tuple[str, Any]:
        """Its name and operand in a stub file."""
        ...


@dataclass(frozen=True, slots=True)
class Equals:
    """This very value. None: missing, or null. Raises FormError for what JSON cannot say."""

    value: Any

    def __post_init__(self) -> None:
        _check_json(self.value, "equals")

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        return differences(self.value, value, where)

    def as_json(self) -> tuple[str, Any]:
        return "equals", self.value


@dataclass(frozen=True, slots=True)
class Contains:
    """A text with this text in it, or a list with this among its items. Raises FormError as Equals does."""

    part: Any

    def __post_init__(self) -> None:
        _check_json(self.part, "contains")

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        if isinstance(value, str):
            if not (isinstance(self.part, str) and self.part in value):
                yield Difference(where, partial(self._words, "a text"), partial(shown, value))
        elif isinstance(value, (list, tuple)):
            if not any(next(differences(self.part, item, ""), None) is None for item in value):
                yield Difference(where, partial(self._words, "a list"), partial(shown, value))
        else:
            yield Difference(where, partial(self._words, "a text or a list"), partial(shown, value))

    def _words(self, kind: str) -> str:
        return f"{kind} with {shown(self.part)} in it"

    def as_json(self) -> tuple[str, Any]:
        return "contains", self.part


@dataclass(frozen=True, slots=True)
class Matches:
    """A text in which this regular expression (Python's) is found. Raises FormError for what is none."""

    regex: str | re.Pattern[str]
    _compiled: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        written = self.regex.pattern if isinstance(self.regex, re.Pattern) else self.regex
        if not isinstance(written, str):
            raise FormError(Difference("matches", "a regular expression, as a text", shown(written)))
        _check_json(written, "matches")
        try:
            object.__setattr__(self, "_compiled", re.compile(self.regex))
        except (re.error, OverflowError, RecursionError) as error:
            wrong = Difference("matches", "a regular expression", f"{shown(written)}: {error}")
            raise FormError(wrong) from error

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        if not isinstance(value, str) or self._compiled.search(value) is None:
            yield Difference(where, f"a text like /{self._compiled.pattern}/", partial(shown, value))

    def as_json(self) -> tuple[str, Any]:
        return "matches", _with_flags(self._compiled)


@dataclass(frozen=True, slots=True)
class Subset:
    """An object with at least these members; theirs may have more as well. Lists are compared whole.

    Raises FormError for what is none, or has a part that JSON cannot say.
    """

    members: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not isinstance(self.members, Mapping):
            raise FormError(Difference("subset", "an object with members", shown(self.members)))
        _check_json(dict(self.members), "subset")

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        if not isinstance(value, dict):
            yield Difference(where, f"an object with {shown(dict(self.members))}", shown(value))
        else:
            yield from differences(dict(self.members), value, where, subset=True)

    def as_json(self) -> tuple[str, Any]:
        return "subset", dict(self.members)


@dataclass(frozen=True, slots=True)
class Schema:
    """A value that satisfies this JSON Schema (2020-12 unless it says otherwise; nothing is fetched).

    Raises FormError for what is no schema, or refers to one that is not in it.
    """

    schema: Mapping[str, Any] | bool
    _validator: Validator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        from jsonschema.exceptions import SchemaError
        from jsonschema.validators import Draft202012Validator, validator_for
        from jsonschema_specifications import REGISTRY

        from .references import check_references

        if not isinstance(self.schema, (Mapping, bool)):
            raise FormError(
                Difference("schema", "a JSON Schema: an object, true or false", shown(self.schema))
            )
        schema = self._schema
        _check_json(schema, "schema")
        kind = validator_for(schema, default=Draft202012Validator)
        try:
            kind.check_schema(schema)
            check_references(schema, kind, "schema")
        except SchemaError as error:
            place = _inside("schema", error.absolute_path)
            wrong = Difference(place, "a JSON Schema", f"{shown(error.instance)}: {error.message}")
            raise FormError(wrong) from error
        except RecursionError as error:
            raise FormError(Difference("schema", "a JSON Schema", "one that is nested too deep")) from error
        object.__setattr__(self, "_validator", kind(schema, registry=REGISTRY))

    @property
    def _schema(self) -> Any:
        return self.schema if isinstance(self.schema, bool) else dict(self.schema)

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        try:
            yield from self._differences(value, where)
        except RecursionError:  # a schema may refer to itself, and so go as deep as the value, or for ever
            got = "one that it cannot be held against: both go too deep"
            yield Difference(where, f"a value of the schema {shown(self._schema)}", got)

    def _differences(self, value: Any, where: str) -> Iterator[Difference]:
        if value is None and not self._validator.is_valid(None):
            yield Difference(where, f"a value of the schema {shown(self._schema)}", "nothing")
            return
        for error in self._validator.iter_errors(value):
            wanted = f"{error.validator} {shown(error.validator_value)}"
            yield Difference(_inside(where, error.absolute_path), wanted, shown(error.instance))

    def as_json(self) -> tuple[str, Any]:
        return "schema", self._schema


@dataclass(frozen=True, slots=True)
class Absent:
    """Whether the value is missing (or null)."""

    absent: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.absent, bool):
            raise FormError(Difference("absent", "true or false", shown(self.absent)))

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        if self.absent and value is not None:
            yield Difference(where, "nothing", partial(shown, value))
        elif not self.absent and value is None:
            yield Difference(where, "something", "nothing")

    def as_json(self) -> tuple[str, Any]:
        return "absent", self.absent


@dataclass(frozen=True, slots=True)
class Satisfies:
    """A value that this function says yes to. It gets None for a missing one; what it raises is raised."""

    predicate: Callable[[Any], object]

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        if not self.predicate(value):
            yield Difference(where, f"what {name_of(self.predicate)} accepts", partial(shown, value))

    def as_json(self) -> tuple[str, Any]:
        return "satisfies", name_of(self.predicate)


@dataclass(frozen=True, slots=True)
class ValuePattern:
    """All of some conditions, at least one."""

    conditions: tuple[Condition, ...]

    def differences(self, value: Any, where: str) -> Iterator[Difference]:
        for condition in self.conditions:
            yield from condition.differences(value, where)

    def as_json(self) -> Any:
        """As a stub file writes it; a predicate shows as its name."""
        first = self.conditions[0]
        if len(self.conditions) == 1 and isinstance(first, Equals) and not isinstance(first.value, dict):
            return first.value
        return dict(condition.as_json() for condition in self.conditions)


_BY_NAME: dict[str, Callable[[Any], Condition]] = {
    "equals": Equals,
    "contains": Contains,
    "matches": Matches,
    "subset": Subset,
    "schema": Schema,
    "absent": Absent,
}


def value_pattern(value: Any, where: str = "pattern") -> ValuePattern:
    """The pattern that `value` means. Raises FormError.

    A condition or a pattern is itself, a compiled regular expression must be found, a function is a
    predicate, an object holds conditions by name as in a stub file, and anything else means equality.
    """
    if isinstance(value, ValuePattern):
        return value
    if hasattr(value, "differences") and hasattr(value, "as_json"):
        return ValuePattern((value,))
    if isinstance(value, re.Pattern):
        return ValuePattern((Matches(value),))
    if callable(value):
        return ValuePattern((Satisfies(value),))
    if not isinstance(value, Mapping):
        _check_json(value, where)
        return ValuePattern((Equals(list(value) if isinstance(value, tuple) else value),))
    if not value:
        raise FormError(Difference(where, f"one or more of {', '.join(_BY_NAME)}", "{}"))
    conditions = []
    for name, operand in value.items():
        make = _BY_NAME.get(name)
        if make is None:
            hint = f"one of {', '.join(_BY_NAME)}; for an object as a whole, equals or subset"
            raise FormError(Difference(step(where, str(name)), hint, "no such condition"))
        with within(where):
            conditions.append(make(operand))
    return ValuePattern(tuple(conditions))


def _with_flags(compiled: re.Pattern[str]) -> str:
    """A regular expression as a text that means the same, flags with which it was compiled and all."""
    own = _OWN_FLAGS.match(compiled.pattern)
    said = compiled.flags & ~re.compile(compiled.pattern).flags
    letters = "".join(letter for letter, flag in _FLAGS.items() if said & flag)
    if not letters:
        return compiled.pattern
    # flags of the whole must stand at its very beginning, all in one place
    return f"(?{letters}{own[1] if own else ''}){compiled.pattern[own.end() if own else 0 :]}"


def _check_json(value: Any, where: str) -> None:
    """Raises FormError for a value that JSON cannot say: no request has it, and no listing can show it."""
    what = "a value that JSON has (for others: a function of the value that says yes or no)"
    if (wrong := unlike_json(value, where, expected=what)) is not None:
        raise FormError(wrong)


def _inside(where: str, path: Iterable[str | int]) -> str:
    for each in path:
        where = f"{where}[{each}]" if isinstance(each, int) else step(where, each)
    return where


def name_of(function: Callable[..., object]) -> str:
    """A function's name, for people."""
    return str(getattr(function, "__name__", None) or repr(function))
