"""The fast way through JSON text that is plainly well-formed: the standard library's scanner, kept exact.

What comes out is what `JsonReader.anything` would have read. Where the two might differ (depth, unpaired
surrogates, NaN, integers beyond 64 bits, -0, floats that the library rounds otherwise, bytes that are not
UTF-8, any error at all) nothing comes out, and the text must be read the exact way.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn, cast

from .cursor import JsonCursor
from .numbers import read_number
from .reader import MAX_DEPTH, Content, DecodeError

__all__ = ["scan"]

_ESCAPED_BACKSLASH_OR_PAIR = re.compile(
    r"\\\\|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}",
)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def scan(body: bytes) -> Content:
    """The first value of `body`, which must begin at once. Raises DecodeError where that is not plain."""
    try:
        text = body.decode()
        if "\\u" in text and _has_lone_surrogate(text):
            raise DecodeError("a surrogate without its other half")
        found, end = _raw_decode(text)
        value = cast(Content, found)
        if end != len(text) and type(value) in (int, float):
            raise DecodeError("a number that goes on as serde would not have it")
    except (ValueError, RecursionError) as error:
        raise DecodeError("not plain JSON") from error
    # Every level takes two bytes at least, so that most texts need not be looked at.
    if len(body) > 2 * MAX_DEPTH and body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        _check_depth(value, MAX_DEPTH)
    return value


def _has_lone_surrogate(text: str) -> bool:
    if _SURROGATE.search(text) is None:
        return False
    return _SURROGATE.search(_ESCAPED_BACKSLASH_OR_PAIR.sub("", text)) is not None


def _check_depth(value: Content, levels: int) -> None:
    if not isinstance(value, (list, tuple)):
        return
    if levels == 0:
        raise DecodeError("nested too deep")
    if isinstance(value, list):
        for element in value:
            _check_depth(element, levels - 1)
    else:
        for _, content in value:
            _check_depth(content, levels - 1)


def _integer(digits: str) -> int:
    value = int(digits)
    if -(2**63) <= value < 2**64 and (value or digits == "0"):
        return value
    raise DecodeError("an integer that is read as a float")


def _float(digits: str) -> float:
    # Up to fifteen digits and no exponent, both ways give the double nearest to the number.
    if len(digits) <= 16 and "e" not in digits and "E" not in digits:
        return float(digits)
    return read_number(JsonCursor(digits.encode()))


def _constant(name: str) -> NoReturn:
    raise DecodeError(f"{name} is not JSON")


_raw_decode = json.JSONDecoder(
    object_pairs_hook=tuple, parse_int=_integer, parse_float=_float, parse_constant=_constant
).raw_decode
