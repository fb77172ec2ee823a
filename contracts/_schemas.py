"""A value against one schema: nothing if it holds, else each way in which it does not.

Of several alternatives (`anyOf`) the one the value came closest to is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any

from ._files import schema_file, schema_names
from ._resolved import resolved
from ._validators import validator_of
from ._violation import Violation, shown

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

__all__ = ["is_valid", "names", "schema", "violations"]


def names() -> list[str]:
    """Names of all schemas, sorted. Each is a file `schemas/NAME.json` of this package."""
    return list(schema_names())


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of that name, as it stands in its file.

    A `$ref` in it is the file name of another schema (`Token.json`). The dictionary is the caller's own.

    Raises LookupError, with the closest names, for an unknown name.
    """
    return deepcopy(schema_file(name))


def is_valid(value: Any, name: str) -> bool:
    """Whether a value, as `json.loads` gives it, satisfies the schema of that name. Raises as violations."""
    return _validator(name).is_valid(value)


def violations(value: Any, name: str) -> list[Violation]:
    """Each way in which a value, as `json.loads` gives it, breaks the schema of that name; [] if none.

    Two things are stricter than in JSON Schema: `3.0` is no integer, and NaN and the infinities are no
    numbers. The router writes neither.

    Raises LookupError, with the closest names, for an unknown name; ImportError if the `jsonschema` library
    is missing (it comes with `text-generation[fake]`).
    """
    found = [v for error in _validator(name).iter_errors(value) for v in _told(error)]
    found.sort(key=lambda violation: violation.where)
    return found


@cache
def _validator(name: str) -> Validator:
    return validator_of(resolved(name))


def _told(error: ValidationError) -> Iterator[Violation]:
    where = error.json_path
    rule = str(error.validator)
    wanted: Any = error.validator_value
    if rule == "anyOf":
        yield from _closest(error)
    elif rule == "required":
        there = sorted(error.instance) if isinstance(error.instance, dict) else []
        yield Violation(where, rule, f"a member {_missing(error)!r}", f"only {shown(there)}")
    elif rule == "dependentRequired":
        there = sorted(error.instance) if isinstance(error.instance, dict) else []
        yield Violation(where, "required", f"a member {_dependency(error)}", f"only {shown(there)}")
    elif rule == "oneOf" and isinstance(error.instance, dict) and (either := _either(wanted)):
        there = [name for name in either if name in error.instance]
        if there:
            yield Violation(where, rule, f"only one of {', '.join(either)}", " and ".join(there))
        else:
            listed = " or ".join(filter(None, (", ".join(map(repr, either[:-1])), repr(either[-1]))))
            yield Violation(where, "required", f"a member {listed}", f"only {shown(sorted(error.instance))}")
    elif rule == "additionalProperties":
        known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
        members = error.instance if isinstance(error.instance, dict) else {}
        for name in sorted(members.keys() - set(known)):
            yield Violation(f"{where}.{name}", rule, "no such member", shown(members[name]))
    else:
        yield Violation(
            where, rule, _WORDS.get(rule, lambda w: f"{rule} {shown(w)}")(wanted), shown(error.instance)
        )


def _closest(error: ValidationError) -> list[Violation]:
    branches: dict[object, list[ValidationError]] = {}
    for each in error.context or ():
        branches.setdefault(each.schema_path[0], []).append(each)

    def distance(errors: list[ValidationError]) -> tuple[bool, int]:
        return any(not e.path and e.validator in ("type", "const", "enum") for e in errors), len(errors)

    least = min(map(distance, branches.values()))
    nearest = [errors for errors in branches.values() if distance(errors) == least]
    told = [[v for each in errors for v in _told(each)] for errors in nearest]
    if len(told) == 1 or len({(v.where, v.got) for branch in told for v in branch}) > 1:
        return told[0]
    first = told[0][0]
    return [
        Violation(first.where, first.rule, " or ".join(dict.fromkeys(b[0].expected for b in told)), first.got)
    ]


def _either(branches: list[Any]) -> list[str]:
    """The members of which exactly one must be there, where that is all that the branches say."""
    named = [each["required"] for each in branches if isinstance(each, dict) and list(each) == ["required"]]
    return [name for names in named for name in names] if len(named) == len(branches) else []


def _dependency(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    pairs = ((needed, name) for name, all_of_them in wanted.items() for needed in all_of_them)
    return next(
        f"{needed!r} beside {name!r}"
        for needed, name in pairs
        if error.message == f"{needed!r} is a dependency of {name!r}"
    )


def _missing(error: ValidationError) -> str:
    wanted: Any = error.validator_value
    return next((name for name in wanted if error.message.startswith(repr(name))), str(wanted))


_WORDS = {
    "type": lambda w: w if isinstance(w, str) else " or ".join(w),
    "const": lambda w: shown(w),
    "enum": lambda w: "one of " + ", ".join(map(shown, w)),
    "minimum": lambda w: f"at least {w}",
    "maximum": lambda w: f"at most {w}",
    "exclusiveMinimum": lambda w: f"more than {w}",
    "exclusiveMaximum": lambda w: f"less than {w}",
    "minItems": lambda w: f"at least {w} item{'s' * (w != 1)}",
    "maxItems": lambda w: f"at most {w} item{'s' * (w != 1)}",
    "minLength": lambda w: f"at least {w} character{'s' * (w != 1)}",
    "pattern": lambda w: f"a text like {w}",
    "not": lambda w: f"a value unlike {shown(w)}",
}
