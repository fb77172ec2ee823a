"""Values for the members that requests share: numbers in their ranges, texts, grammars.

Whatever is drawn here is accepted by a router with the given limits. The plain values are those of an
ordinary client; the odd ones lie at the edges of what passes: the smallest and largest numbers, empty stop
sequences, texts of any characters.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from ..drawing import odd_texts, texts

__all__ = [
    "Values",
    "integers",
    "numbers",
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

U32: Final = 2**32 - 1
U64: Final = 2**64 - 1


def optional(values: Values) -> Values:
    """`values`, or null, which is the same as to leave the member out."""
    return st.one_of(values, st.none())


@cache
def integers(low: int, high: int, *, edges: tuple[int, ...] = ()) -> Values:
    """Integers of a range, `edges` more often than others."""
    return st.sampled_from(edges) | st.integers(low, high) if edges else st.integers(low, high)


@cache
def numbers(plain: tuple[float, ...], low: float, high: float, *, odd: bool) -> Values:
    """`plain` ones, or any 32-bit float of a range with its limits."""
    if not odd:
        return st.sampled_from(plain)
    return st.sampled_from((*plain, low, high)) | st.floats(low, high, width=32)


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
    return integers(0, U64, edges=(0, 2**53 + 1, 2**63, U64)) if odd else integers(0, U32)


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
    return st.lists(each, max_size=min(most, 8))


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
