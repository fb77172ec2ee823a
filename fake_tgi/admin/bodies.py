"""Bodies in and out of the admin API: a JSON object is read, or refused with its place and what was expected.

Whoever changes something reads all of a body first, so that nothing is half-applied. A refusal is always
the contract AdminError.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from typing import Any

from starlette.responses import JSONResponse

from ..matching import Difference, FormError
from ..shards.scripted import FormatError

__all__ = ["error", "json_object", "known", "member", "refuse"]


class _UnlikeJson(FormatError):
    """A part of a body is nothing that JSON can say."""

    def __init__(self, wrong: Difference) -> None:
        super().__init__(str(wrong))
        self._wrong = wrong

    @property
    def parts(self) -> tuple[str, str, str]:
        return self._wrong.where, self._wrong.expected, self._wrong.got


def error(status: int, message: str, **more: Any) -> JSONResponse:
    """In the form of the router's errors; `more` are further members."""
    return JSONResponse({"error": message, "error_type": "admin", **more}, status_code=status)


def refuse(problem: FormatError | FormError) -> JSONResponse:
    """422: where, what was expected and what came; with each place, where the form tells several."""
    if isinstance(problem, FormatError):
        path, expected, got = problem.parts
        return error(422, str(problem), path=path, expected=expected, got=got)
    told = [{"path": each.where, "expected": each.expected, "got": each.got} for each in problem.differences]
    return error(422, str(problem), **told[0], violations=told)


def json_object(body: bytes) -> dict[str, Any]:
    """The object that a body is. Raises `FormatError`."""
    from ..matching.json_values import NESTED, unlike_json  # a fake that nobody controls needs none of it

    try:
        value = json.loads(body, parse_constant=_no_number)
        wrong = unlike_json(value)
    except RecursionError:
        wrong = Difference("", NESTED, "more")
    except ValueError as problem:
        raise FormatError(f"expected a JSON object, got no JSON: {problem}") from problem
    if wrong is not None:
        raise _UnlikeJson(wrong)
    if not isinstance(value, dict):
        raise FormatError(f"expected a JSON object, got {type(value).__name__}")
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON's")


def known(body: Iterable[str], names: Collection[str], where: str = "") -> None:
    """Refuses members, or parameters of a query, with other names than these. Raises FormatError."""
    for name in sorted(set(body).difference(names)):
        raise FormatError(f"{where}{name}: expected one of {', '.join(names)}, got {name!r}")


def member(
    body: dict[str, Any],
    key: str,
    kind: type | tuple[type, ...],
    expected: str,
    default: Any = ...,
    *,
    where: str = "",
    fits: Callable[[Any], bool] = lambda value: True,
) -> Any:
    """A member of a body; `default` if it is missing. Raises `FormatError` that says what was `expected`."""
    value = body.get(key, default)
    if value is ...:
        raise FormatError(f"{where}{key}: expected {expected}, got the keys {sorted(body)}")
    # bool is an int to Python, but not in JSON
    of_kind = isinstance(value, kind) and (not isinstance(value, bool) or kind is bool)
    if value is not default and not (of_kind and fits(value)):
        raise FormatError(f"{where}{key}: expected {expected}, got {value!r}")
    return value
