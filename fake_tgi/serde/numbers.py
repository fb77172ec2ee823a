"""Numbers in a JSON text, as serde_json reads and as it skips them.

Integers of 64 bits stay integers; -0 and everything beyond are floats. Floats come from serde_json's own
arithmetic (feature `float_roundtrip` is off in the router): at most 64 bits of digits, then a multiplication
or division, which does not always give the nearest double. A skipped number has no range.
"""

from __future__ import annotations

from .cursor import EOF_VALUE, INVALID_NUMBER, OUT_OF_RANGE, JsonCursor

__all__ = ["read_number", "skip_number"]

_U64_MAX = 2**64 - 1
_I64_MIN = -(2**63)
_I32_MAX = 2**31 - 1
_POW10 = tuple(float(f"1e{exponent}") for exponent in range(309))


def read_number(cursor: JsonCursor) -> int | float:
    """The number that begins at `cursor` with a digit or a minus sign."""
    negative = cursor.following() == b"-"
    if negative:
        cursor.pos += 1
    if cursor.pos == cursor.size:
        raise cursor.here(EOF_VALUE)
    digits = cursor.digits()
    if not digits:
        cursor.pos += 1
        raise cursor.here(INVALID_NUMBER)
    if len(digits) > 1 and digits[0] == 0x30:
        cursor.pos -= len(digits) - 1
        raise cursor.ahead(INVALID_NUMBER)
    significand, used = _significand(0, digits)
    exponent = len(digits) - used
    following = cursor.following()
    if following == b".":
        significand, exponent = _fraction(cursor, significand, exponent)
        following = cursor.following()
    elif exponent == 0 and following not in (b"e", b"E"):
        return _integer(significand, negative)
    if following in (b"e", b"E"):
        return _with_exponent(cursor, negative, significand, exponent)
    return _float(cursor, negative, significand, exponent)


def _integer(significand: int, negative: bool) -> int | float:
    if not negative:
        return significand
    if significand == 0 or -significand < _I64_MIN:
        return -float(significand)
    return -significand


def _fraction(cursor: JsonCursor, significand: int, exponent: int) -> tuple[int, int]:
    cursor.pos += 1
    digits = cursor.digits()
    if not digits:
        raise cursor.ahead(EOF_VALUE if cursor.pos == cursor.size else INVALID_NUMBER)
    # Digits that 64 bits cannot hold are dropped.
    significand, used = _significand(significand, digits)
    return significand, exponent - used


def _with_exponent(cursor: JsonCursor, negative: bool, significand: int, exponent: int) -> float:
    cursor.pos += 1
    sign = cursor.following()
    if sign in (b"+", b"-"):
        cursor.pos += 1
    if cursor.pos == cursor.size:
        raise cursor.here(EOF_VALUE)
    digits = cursor.digits()
    if not digits:
        cursor.pos += 1
        raise cursor.here(INVALID_NUMBER)
    significant = digits.lstrip(b"0") or b"0"
    if len(significant) > 10 or int(significant) > _I32_MAX:
        if significand and sign != b"-":
            # Reported at the digit that no longer fits 32 bits.
            fitting = 9 if int(significant[:10]) > _I32_MAX else 10
            cursor.pos -= len(significant) - fitting - 1
            raise cursor.here(OUT_OF_RANGE)
        return -0.0 if negative else 0.0
    step = int(significant)
    return _float(cursor, negative, significand, exponent + (-step if sign == b"-" else step))


def _float(cursor: JsonCursor, negative: bool, significand: int, exponent: int) -> float:
    """`significand` times ten to the `exponent`, in serde_json's steps, each of them rounded."""
    value = float(significand)
    while abs(exponent) > 308 and value != 0.0:
        if exponent > 0:
            raise cursor.here(OUT_OF_RANGE)
        value /= 1e308
        exponent += 308
    if value == 0.0:
        pass
    elif exponent < 0:
        value /= _POW10[-exponent]
    else:
        value *= _POW10[exponent]
        if value == float("inf"):
            raise cursor.here(OUT_OF_RANGE)
    return -value if negative else value


def _significand(start: int, digits: bytes) -> tuple[int, int]:
    """`start` followed by as many `digits` as 64 bits hold, and how many that was."""
    used = len(digits) - len(digits.lstrip(b"0")) if start == 0 else 0
    for byte in digits[used : used + 20]:
        longer = start * 10 + byte - 0x30
        if longer > _U64_MAX:
            break
        start = longer
        used += 1
    return start, used


def skip_number(cursor: JsonCursor) -> None:
    """Step over the number that begins at `cursor`, checking its syntax only."""
    if cursor.following() == b"-":
        cursor.pos += 1
    digits = _skip_digits(cursor)
    if len(digits) > 1 and digits[0] == 0x30:
        cursor.pos -= len(digits) - 1
        raise cursor.ahead(INVALID_NUMBER)
    if cursor.following() == b".":
        cursor.pos += 1
        if not cursor.digits():
            raise cursor.ahead(INVALID_NUMBER)
    if cursor.following() in (b"e", b"E"):
        cursor.pos += 1
        if cursor.following() in (b"+", b"-"):
            cursor.pos += 1
        _skip_digits(cursor)


def _skip_digits(cursor: JsonCursor) -> bytes:
    digits = cursor.digits()
    if not digits:
        cursor.pos = min(cursor.size, cursor.pos + 1)
        raise cursor.here(INVALID_NUMBER)
    return digits
