"""JSON scalars and free JSON as serde_json 1.0.140 prints them: compact, UTF-8, escaped where it must be.

A 32-bit float is printed with the fewest digits that read back as the same 32-bit float, in ryu's layout
(`1.0`, `0.00001`, `1e-7`, `1.5e20`); not a number and the infinities are `null`. Object keys keep their
order. Router specification 2.2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring
from math import isfinite

from ..rust_text import format_f64

__all__ = ["boolean", "f32", "string", "value"]

_F32 = struct.Struct("<f")
_pack: Callable[[float], bytes] = _F32.pack
_NULL = b"null"
_TOKEN_LENGTH = 32


def string(text: str) -> bytes:
    """`text` as a JSON string. A lone surrogate, which no Rust string can hold, becomes U+FFFD."""
    return _remembered(text) if len(text) <= _TOKEN_LENGTH else _quoted(text)


def _quoted(text: str) -> bytes:
    quoted = encode_basestring(text)
    try:
        return quoted.encode()
    except UnicodeEncodeError:
        return quoted.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


# The texts of tokens come again and again; whole answers do not, and would only fill the memory.
_remembered = lru_cache(maxsize=16384)(_quoted)


def boolean(flag: bool) -> bytes:
    """`true` or `false`."""
    return b"true" if flag else b"false"


def f32(number: float | None) -> bytes:
    """`number`, rounded to a 32-bit float, as serde_json prints an `f32`. None stands for NaN: `null`."""
    if number is None:
        return _NULL
    try:
        packed = _pack(number)
    except OverflowError:  # rounds to an infinity
        return _NULL
    single: float = _F32.unpack(packed)[0]
    # Log probabilities lie here, and Python's own layout is then ryu's. A power of two needs more care.
    if 1e-4 <= single < 1e6 or -1e6 < single <= -1e-4:
        if packed[0] or packed[1] or packed[2] & 0x7F:
            text = _fewest_digits(single, packed, "g", 1)
            if "e" not in text:
                return (text if "." in text else text + ".0").encode()
    elif not isfinite(single):
        return _NULL
    elif single == 0.0:
        return b"-0.0" if packed[3] & 0x80 else b"0.0"
    return _layout(_scientific(single, packed)).encode()


def _fewest_digits(single: float, packed: bytes, style: str, leading: int) -> str:
    """`single` with the fewest digits that read back as `packed`, in Python's format `style`.

    `leading` is 1 when the style's precision counts the leading digit. Eight or nine digits are by far
    the most frequent, so the search starts there.
    """
    best = f"{single:.{7 + leading}{style}}"
    if _pack(float(best)) != packed:
        return f"{single:.{8 + leading}{style}}"
    for precision in range(6 + leading, leading - 1, -1):
        shorter = f"{single:.{precision}{style}}"
        if _pack(float(shorter)) != packed:
            break
        best = shorter
    return best


def _scientific(single: float, packed: bytes) -> str:
    """`single` in scientific notation with the fewest digits that read back as the same 32-bit float."""
    if packed[0] or packed[1] or packed[2] & 0x7F:
        return _fewest_digits(single, packed, "e", 0)
    return _shortest_power(single, packed)


def _shortest_power(single: float, packed: bytes) -> str:
    """The same for a power of two, whose neighbour below is nearer than the one above.

    There the nearest decimal may fall outside while one further up still reads back: both are tried.
    """
    for digits in range(9):
        nearest = f"{single:.{digits}e}"
        step = 10.0 ** (int(nearest.partition("e")[2]) - digits)
        further = f"{float(nearest) + (step if single > 0 else -step):.{digits}e}"
        for candidate in (nearest, further):
            if _pack(float(candidate)) == packed:
                return candidate
    return f"{single:.8e}"


def _layout(scientific: str) -> str:
    """ryu's layout of a 32-bit float: plain while the decimal point is near enough, else an exponent."""
    significand, _, exponent = scientific.partition("e")
    sign = "-" if significand[0] == "-" else ""
    digits = significand.lstrip("-").replace(".", "").rstrip("0")
    point = int(exponent) + 1
    if 0 < point <= 13:
        if point >= len(digits):
            return f"{sign}{digits}{'0' * (point - len(digits))}.0"
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1}"


def value(free: object) -> bytes:
    """Free JSON (dict, list, str, int, float, bool, None) in compact form, keys in their own order.

    Integers that fit no 64-bit type were read as floats by serde_json, and are printed as such. Raises
    TypeError for anything that is not JSON.
    """
    if isinstance(free, str):
        return string(free)
    if free is None:
        return _NULL
    if isinstance(free, bool):
        return b"true" if free else b"false"
    if isinstance(free, int):
        return b"%d" % free if -(2**63) <= free < 2**64 else format_f64(float(free)).encode()
    if isinstance(free, float):
        return format_f64(free).encode() if isfinite(free) else _NULL
    if isinstance(free, dict):
        return b"{" + b",".join(string(key) + b":" + value(item) for key, item in free.items()) + b"}"
    if isinstance(free, (list, tuple)):
        return b"[" + b",".join(map(value, free)) + b"]"
    raise TypeError(f"expected JSON (dict, list, str, int, float, bool or None), got {type(free).__name__}")
