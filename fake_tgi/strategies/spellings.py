"""Other ways to send the same request: bytes that a router reads as one and the same value.

serde and axum are laxer than most: white space anywhere, escapes for any character, unknown members, an
array in place of an object, anything at all behind the value, and many a content type. Router specification
2.1 and 2.2.
"""

from __future__ import annotations

import json
from typing import Any, Final

from hypothesis import strategies as st

__all__ = ["CONTENT_TYPES", "compact", "spelled"]

CONTENT_TYPES: Final = (
    "application/json",
    "application/json; charset=utf-8",
    "Application/JSON",
    "application/vnd.api+json",
    "application/json;charset=UTF-8;x=y",
)

# Fields of the types that may be arrays, in the router's order; only for routes that know one type.
_IN_ORDER: Final[dict[str, tuple[str, ...]]] = {
    "/generate": ("inputs", "parameters"),
    "/generate_stream": ("inputs", "parameters"),
    "/tokenize": ("inputs", "parameters"),
    "/": ("inputs", "parameters", "stream"),
    "/vertex": ("instances",),
}
_UNKNOWN: Final = ("user", "guideline", "\u0000", "Inputs", "unknown")
_SPACES: Final = st.sampled_from(("", " ", "\n", "\t\r\n  "))
_BEHIND: Final = st.sampled_from(("", " ", "\n", "}", " trailing", "\x00", '{"inputs": 1}', "]]"))
_WAYS: Final = st.tuples(_SPACES, _SPACES, st.booleans(), _BEHIND, st.integers(0, 7))
_ODD_VALUES: Final[st.SearchStrategy[Any]] = st.sampled_from(
    (None, 0, "", [], {}, [[[]]], {"stream": [1]}, 1e308, -(2**63))
)


def compact(payload: object) -> bytes:
    """The plain spelling: what `json.dumps` gives."""
    return json.dumps(payload).encode()


@st.composite
def spelled(draw: st.DrawFn, path: str, payload: dict[str, Any]) -> bytes:
    """`payload` in some spelling that POST `path` reads as the same request."""
    between, before, escaped, behind, form = draw(_WAYS)
    value: Any = payload
    fields = _IN_ORDER.get(path)
    if form == 1 and fields is not None:
        present = [name in payload for name in fields]
        if present == sorted(present, reverse=True) and set(payload) <= set(fields):
            value = [payload[name] for name in fields[: sum(present)]]
    elif form in (2, 3):
        unknown = {draw(st.sampled_from(_UNKNOWN)): draw(_ODD_VALUES)}
        value = {**unknown, **payload} if form == 2 else {**payload, **unknown}
    text = json.dumps(value, ensure_ascii=escaped, separators=("," + between, between + ":" + before))
    return (before + text + behind).encode()
