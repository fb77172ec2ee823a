"""Conversations, and the tools in them, as chat requests hold them."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from hypothesis import strategies as st

from .members import SCHEMAS, Values, optional, some_text

__all__ = ["messages", "tool_choices", "tools"]

_NAMES: Final = ("get_weather", "send_mail", "f")
_URLS: Final = ("https://example.org/cat.png", "data:image/png;base64,iVBORw0KGgo=")

# Free JSON, as arguments of calls and tools may be.
_ANYTHING: Final[Values] = st.sampled_from(
    (None, True, 0, -1, 1.5, 2**64 - 1, "", "{}", [], {}, {"a": [None, {"b": 1e-7}]}, {"city": "Z\u00fcrich"})
)


@cache
def messages(*, odd: bool) -> Values:
    """Conversations of up to four messages; the last one may be the assistant's, which is then continued."""
    return st.lists(_message(odd), max_size=4)


@cache
def _message(odd: bool) -> Values:
    roles = st.sampled_from(("user", "assistant", "system", "tool"))
    role = roles | some_text(odd=True) if odd else roles
    name = {"name": optional(some_text(odd=odd))}
    calls = st.lists(_call(odd), max_size=2)
    contents = st.one_of(some_text(odd=odd), st.lists(_chunk(odd), max_size=3))
    # Calls beside a content are dropped, whatever they are.
    beside = {"tool_calls": optional(calls) | _ANYTHING if odd else optional(calls)}
    return st.one_of(
        st.fixed_dictionaries({"role": role, "content": some_text(odd=odd)}),
        st.fixed_dictionaries({"role": role, "content": contents}, optional={**name, **beside}),
        st.fixed_dictionaries({"role": role, "tool_calls": calls}, optional={**name, "content": st.none()}),
    )


@cache
def _chunk(odd: bool) -> Values:
    return st.one_of(
        st.fixed_dictionaries({"type": st.just("text"), "text": some_text(odd=odd)}),
        st.fixed_dictionaries(
            {
                "type": st.just("image_url"),
                "image_url": st.fixed_dictionaries({"url": st.sampled_from(_URLS)}),
            }
        ),
    )


@cache
def _call(odd: bool) -> Values:
    ids = st.integers(0, 9).map(str)
    if odd:
        ids = ids | st.sampled_from(("call_7Zk", "18446744073709551615", "+5", "", "-1"))
    function = _function(_ANYTHING if odd else st.just({"city": "Paris"}) | st.just('{"city": "Paris"}'))
    return st.fixed_dictionaries({"id": ids, "type": st.just("function"), "function": function})


def _function(arguments: Values) -> Values:
    """A function whose arguments go by either of their two names."""
    optional_members: dict[str, Values] = {"description": optional(st.sampled_from(("Forecast", "")))}
    names = st.sampled_from(_NAMES)
    return st.one_of(
        *(
            st.fixed_dictionaries({"name": names, key: arguments}, optional=optional_members)
            for key in ("parameters", "arguments")
        )
    )


@cache
def tools(*, odd: bool, least: int = 0) -> Values:
    """`least` to three tools; an odd one's arguments may be anything, which then count for nothing."""
    # Of a function's schema the router takes properties and required alone, so references would dangle.
    schemas: Values = st.sampled_from(
        [schema for schema in SCHEMAS if {"required", "$defs"} & set(schema) == {"required"}]
    )
    if odd:  # a call without arguments is streamed without its closing brace (router specification 7.4)
        schemas = schemas | st.sampled_from((None, [], "object", {}, {"properties": {}, "required": []}))
    tool = st.fixed_dictionaries({"type": st.just("function"), "function": _function(schemas)})
    if odd:  # of two tools with one name the last one counts
        return st.lists(tool, min_size=least, max_size=3)
    return st.lists(tool, min_size=least, max_size=3, unique_by=lambda item: item["function"]["name"])


def tool_choices(offered: list[dict[str, Any]], *, free: bool = True) -> Values:
    """Choices that these tools allow, in every form; unless `free`, only those that make it a call."""
    choices: list[Any] = ["auto", None, "none", "required"] if free else ["required"]
    for tool in offered:
        name = tool["function"]["name"]
        choices += [name, {"type": "function", "function": {"name": name}}]
    return st.sampled_from(choices)
