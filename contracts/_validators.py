"""The judge of a value against a schema: the `jsonschema` library, with numbers as the router writes them.

Two things are stricter than in JSON Schema: `3.0` is no integer, because the router never writes one so, and
NaN and the infinities are no numbers, because JSON has none. A pattern ends where the text does. The library
is imported with the first value that is to be judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

__all__ = ["validator_of"]


def validator_of(schema: Any) -> Validator:
    """The validator of a schema without references.

    Raises ImportError if `jsonschema` is missing (it comes with `text-generation[fake]`).
    """
    made: Validator = _strict()(schema)
    return made


@cache
def _strict() -> type[Validator]:
    try:
        from jsonschema.validators import Draft202012Validator, extend
    except ImportError as error:
        message = "contracts are judged by jsonschema: pip install 'text-generation[fake]', or it alone"
        raise ImportError(message) from error

    types = Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    strict: type[Validator] = extend(  # type: ignore[no-untyped-call]  # jsonschema leaves it untyped
        Draft202012Validator, {"pattern": _pattern}, type_checker=types
    )
    return strict


def _pattern(validator: object, pattern: str, value: object, schema: object) -> Iterator[ValidationError]:
    """As JSON Schema has it: `$` is the end, and not, as for Python, the line break before it as well."""
    from jsonschema.exceptions import ValidationError

    exact = pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
    if isinstance(value, str) and not re.search(exact, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _is_integer(checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(checker: object, value: object) -> bool:
    return _is_integer(checker, value) or (isinstance(value, float) and isfinite(value))
