"""Values for the members that requests share: numbers in their ranges, texts, grammars.

Whatever is drawn here is accepted by a router with the given limits. Plain numbers come from the whole of
what passes: often those of an ordinary client, now and then the smallest, the largest and any in between. Odd
ones mostly lie at the edges, and odd texts are of any characters.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from itertools import cycle, islice
from operator import itemgetter
from typing import Any, Final

from hypothesis import strategies as st

from ..drawing import odd_texts, texts
from ..settings import Settings
from ..validation import CHUNK

__all__ = [
    "LONGEST_PROMPT",
    "Values",
    "integers",
    "new_tokens",
    "numbers",
    "objects",
    "optional",
    "penalties",
    "prompts",
    "seeds",
    "shares",
    "some_text",
    "stops",
    "temperatures",
]

Values = st.SearchStrategy[Any]

SMALLEST: Final = 1.401298464324817e-45
LARGEST: Final = 3.4028234663852886e38
BELOW_ONE: Final = 0.9999999403953552
"""The 32-bit floats nearest to zero, to infinity and to one."""

I32: Final = 2**31 - 1
U32: Final = 2**32 - 1
U64: Final = 2**64 - 1


LONGEST_PROMPT: Final = 512
"""Tokens of the longest prompt that new tokens must leave room for."""

_SMALL: Final = 23
"""So far above the smallest number lie those that are drawn often."""
_NEAR: Final = 8.0
"""Up to here, on both sides of zero, lie the floats that are drawn often."""
_MANY: Final = 1000
"""Items of the longest list; a router may be told to take more than fit into a body."""


def optional(values: Values) -> Values:
    """`values`, or null, which is the same as to leave the member out."""
    return st.one_of(values, st.none())


def objects(
    required: Mapping[str, Values], members: Mapping[str, Values]
) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with all `required` members and some of the others, in any order.

    A member's name and value are drawn together, so that one that does not matter can go by itself: objects
    shrink to the members that matter (those of `st.fixed_dictionaries` often do not).
    """
    pairs = st.one_of([st.tuples(st.just(name), values) for name, values in members.items()])
    # Lists are short where nothing says otherwise, and much shows only with several members together.
    few, many = (
        st.lists(pairs, unique_by=itemgetter(0), min_size=least, max_size=len(members))
        for least in (0, len(members) // 3)
    )
    some = few | many
    if not required:
        return some.map(dict)
    return st.builds(
        lambda all_of, rest: {**all_of, **dict(rest)}, st.fixed_dictionaries(dict(required)), some
    )


@cache
def integers(low: int, high: int, *, edges: tuple[int, ...] = (), odd: bool = False) -> Values:
    """Integers of a range: of plain ones many are small, odd ones lie at its `edges`; all of it is drawn."""
    if high <= low:
        return st.just(low)
    if odd:
        return st.sampled_from((low, *edges, high)) | st.integers(low, high)
    if high - low <= _SMALL:
        return st.integers(low, high)
    return st.one_of(
        st.integers(low, low + _SMALL), st.integers(low, high), st.sampled_from((*edges, high - 1, high))
    )


@cache
def numbers(plain: tuple[float, ...], low: float, high: float, *, odd: bool) -> Values:
    """32-bit floats of a range: `plain` ones often, its limits (odd ones mostly there), and any others."""
    if odd:
        return st.sampled_from((*plain, low, high)) | st.floats(low, high, width=32)
    return st.one_of(
        st.sampled_from((*plain, *plain, low, high)),
        st.floats(max(low, -_NEAR), min(high, _NEAR), width=32),
        st.floats(low, high, width=32),
    )


def new_tokens(settings: Settings, *, odd: bool) -> Values:
    """How many tokens a request may ask for that has a prompt of `LONGEST_PROMPT` tokens at most.

    A router looks at the first `CHUNK` of them alone (validation.rs:173): one that has room for those
    accepts any number.
    """
    room = settings.max_total_tokens - min(settings.max_input_tokens, LONGEST_PROMPT)
    if room >= CHUNK:
        return integers(1, U32, edges=(CHUNK, CHUNK + 1, 4096), odd=odd)
    return integers(1, max(room, 1), odd=odd)


@cache
def temperatures(*, zero: bool, odd: bool) -> Values:
    """Temperatures; `zero` where 0 means greedy."""
    return numbers((1.0, 0.7, 0.2, 1.3, 2), 0.0 if zero else SMALLEST, LARGEST, odd=odd)


@cache
def shares(*, odd: bool) -> Values:
    """What lies above 0 and below 1: top_p, typical_p."""
    return numbers((0.95, 0.5, 0.1), SMALLEST, BELOW_ONE, odd=odd)


@cache
def penalties(*, odd: bool) -> Values:
    """Repetition penalties, above 0."""
    return numbers((1.0, 1.03, 1.2), SMALLEST, LARGEST, odd=odd)


@cache
def frequency_penalties(*, odd: bool) -> Values:
    """From -2 to 2."""
    return numbers((0.1, 0.0, 1, -0.5), -2.0, 2.0, odd=odd)


@cache
def presence_penalties(*, odd: bool) -> Values:
    """Above -2; the router adds 2 in 32 bits and wants the sum to be above 0."""
    return numbers((0.1, 0.0, 1, -0.5), -1.9999998807907104, LARGEST, odd=odd)


@cache
def seeds(*, odd: bool) -> Values:
    """Unsigned 64-bit integers."""
    return integers(0, U64, edges=(2**32, 2**53 + 1, 2**63), odd=odd)


@cache
def prompts(*, odd: bool) -> st.SearchStrategy[str]:
    """Prompts that are not empty."""
    if odd:
        return odd_texts(min_size=1)
    return st.sampled_from(("Why is the sky blue?", "What is Deep Learning?")) | texts().filter(bool)


@cache
def some_text(*, odd: bool) -> st.SearchStrategy[str]:
    """Any text, the empty one among them."""
    return odd_texts() if odd else texts()


@cache
def stops(most: int, *, odd: bool) -> st.SearchStrategy[list[str]]:
    """At most so many stop sequences; odd ones may be empty, and then stop after the first token."""
    each = odd_texts() if odd else st.sampled_from((".", "\n", "blue", " the", "\U0001f600"))
    few = st.lists(each, max_size=min(most, 8))
    if most <= 8:
        return few
    some = st.lists(each, min_size=1, max_size=8)
    return few | st.builds(_repeated, some, integers(1, min(most, _MANY)))


def _repeated(items: list[str], number: int) -> list[str]:
    return list(islice(cycle(items), number))


# Grammars that the router compiles and whose answers are short.
SCHEMAS: Final[tuple[dict[str, Any], ...]] = (
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
    {
        "properties": {"name": {"type": "string", "maxLength": 8}, "age": {"type": "integer"}},
        "required": ["name"],
    },
    {
        "type": "object",
        "properties": {
            "mood": {"enum": ["glad", "sad"]},
            "tags": {"type": "array", "items": {"type": "boolean"}},
        },
        "required": ["mood", "tags"],
    },
    {"$defs": {"n": {"type": "null"}}, "properties": {"n": {"$ref": "#/$defs/n"}}, "required": ["n"]},
    {"properties": {}},
)
PATTERNS: Final = ("yes|no", "[0-9]{3}-[0-9]{4}", "[a-z]{1,5}\\.", "(\U0001f600|caf\u00e9){1,2}")


@cache
def grammars() -> Values:
    """Grammars of every kind."""
    schemas = st.sampled_from(SCHEMAS)
    configs = st.fixed_dictionaries(
        {"schema": schemas}, optional={"name": optional(st.sampled_from(("person", "")))}
    )
    return st.one_of(
        st.fixed_dictionaries({"type": st.sampled_from(("json", "json_object")), "value": schemas}),
        st.fixed_dictionaries({"type": st.just("regex"), "value": st.sampled_from(PATTERNS)}),
        st.fixed_dictionaries({"type": st.just("json_schema"), "value": configs}),
        st.fixed_dictionaries({"type": st.just("json"), "value": schemas.map(json.dumps)}),
    )
