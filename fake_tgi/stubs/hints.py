"""What to try where a form is broken: the name that was meant, or what to write for a member that is missing.

The schemas tell both: which names a place allows, and which value is the only one. What is missing because
its name is misspelt is told once, by the misspelt name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from ..matching.differences import Difference, shown, step

if TYPE_CHECKING:
    from tgi_contracts import Violation

__all__ = ["told"]

_Members: TypeAlias = dict[str, list[dict[str, Any]]]
"""Names of members, each with the schemas that hold for it."""

_INDEX = re.compile(r"\[\d+\]")
_QUOTED = re.compile(r"\['([^']*)'\]")
_STEPS = re.compile(r"[^.\[\]]+")
_MISSING = re.compile(r"'([^']+)'")
_BESIDE = ("then", "else")
_EACH = ("allOf", "anyOf", "oneOf")


def told(violations: Iterable[Violation], name: str) -> list[Difference]:
    """What breaks the schema of that name, with what to try: unknown members first, missing ones last."""

    @cache  # a file may have the same mistake in each of its stubs
    def members(place: str) -> _Members:
        return _members(name, place)

    violations = list(violations)
    of_another_type = {each.where for each in violations if each.rule == "type"}
    violations = [each for each in violations if each.rule == "type" or each.where not in of_another_type]
    meant: set[tuple[str, str]] = set()
    unknown, wrong, missing = [], [], []
    for each in sorted(violations, key=lambda each: _in_order(each.where)):
        if each.rule == "additionalProperties":
            inside, _, member = each.where.rpartition(".")
            hint, near = _names(member, members(_INDEX.sub("[0]", inside)))
            meant.add((inside, near))
            unknown.append(_difference(step(_place(inside), member), each.expected + hint, each.got))
        elif each.rule == "required":
            missing.append(each)
        else:
            wrong.append(_difference(_place(each.where), each.expected, each.got))
    lacking = []
    for each in missing:
        lacked = _MISSING.findall(each.expected)
        if not any((each.where, member) in meant for member in lacked):
            hint = _value(lacked, members(_INDEX.sub("[0]", each.where)))
            lacking.append(_difference(_place(each.where), each.expected + hint, each.got))
    return [*unknown, *wrong, *lacking]


def _names(member: str, known: Iterable[str]) -> tuple[str, str]:
    """A hint for a name that is unknown, and the one that was meant: empty if none comes close."""
    from difflib import get_close_matches  # only a mistake pays for it

    known = list(known)
    for near in get_close_matches(member, known, n=1):
        return f" (did you mean `{near}`?)", near
    return f" (there are {', '.join(known)})" if known else "", ""


def _value(missing: Iterable[str], there: _Members) -> str:
    """What to write for a missing member, where there is only one value."""
    for member in missing:
        only = {shown(found["const"]) for found in there.get(member, ()) if "const" in found}
        if len(only) == 1:
            return f" (write `{member}: {only.pop()}`)"
    return ""


def _members(name: str, where: str) -> _Members:
    """The members that a place allows, each with its schemas."""
    from tgi_contracts import schema

    at = list(_all(schema(name)))
    for name_or_index in _STEPS.findall(where.removeprefix("$")):
        inner = [part for each in at for part in _inside(each, name_or_index)]
        at = [found for each in inner for found in _all(each)]
    members: _Members = {}
    for each in at:
        for member, value in each.get("properties", {}).items():
            members.setdefault(member, []).append(value)
    return members


def _inside(schema: dict[str, Any], at: str) -> Iterator[Any]:
    if at in schema.get("properties", {}):
        yield schema["properties"][at]
    elif "items" in schema and at.isdigit():
        yield schema["items"]
    else:
        yield schema.get("additionalProperties")


def _all(schema: Any) -> Iterator[dict[str, Any]]:
    """A schema and those that hold for the same value, if they are objects."""
    from tgi_contracts import schema as schema_of

    if not isinstance(schema, dict):
        return
    yield schema
    if "$ref" in schema:
        yield from _all(schema_of(schema["$ref"].removesuffix(".json")))
    for beside in _BESIDE:
        yield from _all(schema.get(beside))
    for several in _EACH:
        for each in schema.get(several, ()):
            yield from _all(each)


def _difference(where: str, expected: str, got: str) -> Difference:
    """In texts that can be sent: a name may have half a surrogate pair in it."""
    return Difference(*(text.encode("utf-8", "backslashreplace").decode() for text in (where, expected, got)))


def _place(where: str) -> str:
    """`$.stubs[0].when['x-a']` of the contracts is `stubs[0].when.x-a` here."""
    return _QUOTED.sub(lambda name: step("$", name[1])[1:], where).removeprefix("$").removeprefix(".")


def _in_order(where: str) -> list[tuple[int, str]]:
    """So that `[2]` comes before `[10]`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", where)]
