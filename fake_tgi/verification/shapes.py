"""How two JSON values of the same kind differ in form and in what they say.

Several samples of each are compared at once, as the items of a list are: a member is gone when no sample has
it any more. Where one side has no sample, nothing can be said. Values that change from call to call (times,
random names, likelihoods) are compared in form only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .telling import shown

__all__ = ["Change", "ShapeChange", "changes"]

ShapeChange = Literal[
    "removed field", "changed type", "changed word", "changed limit", "new field", "changed order",
    "changed text",
]  # fmt: skip

_WORDS: Final = ("error_type", "finish_reason", "object", "type", "role", "name", "function")
_LIMITS: Final = ("max_", "validation_workers")
_VARIES: Final = ("created", "logprob", "times")
_NAMES_THAT_VARY: Final = ("body.id", "events[].id")


@dataclass(frozen=True, slots=True)
class Change:
    """One difference in form or content. `where` is the member, lists as `[]`."""

    kind: ShapeChange
    where: str
    before: str
    after: str


def changes(before: Sequence[Any], after: Sequence[Any], where: str, *, values: bool) -> Iterator[Change]:
    """Each way in which the samples `after` are unlike those `before`; what they say only with `values`."""
    if not before or not after:
        return
    kinds = _kinds(before), _kinds(after)
    if kinds[0] != kinds[1]:
        yield Change("changed type", where, " or ".join(kinds[0]), " or ".join(kinds[1]))
    objects = [[each for each in side if isinstance(each, dict)] for side in (before, after)]
    if all(objects):
        yield from _members(objects[0], objects[1], where, values=values)
    lists = [[each for each in side if isinstance(each, list)] for side in (before, after)]
    if all(lists):
        items = [[item for each in side for item in each] for side in lists]
        yield from changes(items[0], items[1], f"{where}[]", values=values)
        sizes = [[len(each) for each in side] for side in lists]
        if values and sizes[0] != sizes[1]:
            yield Change("changed text", where, *(f"{_listed(side)} items" for side in sizes))
    if values and kinds[0] == kinds[1] and not _varies(where, before):
        yield from _said(before, after, where)


def _members(
    before: list[dict[str, Any]], after: list[dict[str, Any]], where: str, *, values: bool
) -> Iterator[Change]:
    names = list(dict.fromkeys(name for each in (*before, *after) for name in each))
    for name in names:
        had, has = ([each[name] for each in side if name in each] for side in (before, after))
        place = f"{where}.{name}"
        if not has:
            yield Change("removed field", place, shown(had[0], 80), "nothing")
        elif not had:
            yield Change("new field", place, "nothing", shown(has[0], 80))
        else:
            if len(had) == len(before) and len(has) < len(after):
                yield Change("removed field", place, "always there", f"in {len(has)} of {len(after)}")
            yield from changes(had, has, place, values=values)
    common = [[name for name in each[0] if all(name in one for one in (before[0], after[0]))]
              for each in (before, after)]  # fmt: skip
    if common[0] != common[1]:
        yield Change("changed order", where, ", ".join(common[0]), ", ".join(common[1]))


def _said(before: Sequence[Any], after: Sequence[Any], where: str) -> Iterator[Change]:
    scalars = [[each for each in side if not isinstance(each, (dict, list))] for side in (before, after)]
    # That one side has more of them is told where they are counted.
    pair = next(((a, b) for a, b in zip(*scalars, strict=False) if a != b), None)
    if pair is None:
        return
    name = where.rpartition(".")[2].removesuffix("[]")
    kind: ShapeChange = "changed text"
    if name in _WORDS:
        kind = "changed word"
    elif name.startswith(_LIMITS):
        kind = "changed limit"
    yield Change(kind, where, shown(pair[0], 80), shown(pair[1], 80))


def _varies(where: str, samples: Sequence[Any]) -> bool:
    name = where.rpartition(".")[2].removesuffix("[]")
    # The name of an answer is made up each time; the number of a token is not.
    made_up = where in _NAMES_THAT_VARY or (where.endswith("tool_calls[].id"))
    return name in _VARIES or (made_up and isinstance(samples[0], str) and bool(samples[0]))


def _kinds(samples: Sequence[Any]) -> list[str]:
    return sorted({_kind(each) for each in samples})


def _kind(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) else "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"


def _listed(sizes: Sequence[int]) -> str:
    return ", ".join(map(str, sizes[:5])) + (", …" if len(sizes) > 5 else "")
