"""How Rust prints numbers and strings, where the router's answers show it.

Two printers: ryu, which serde_json uses for every float, and `{:?}` of a string. Both give the same text on
every platform. Nothing here knows of requests.
"""

from __future__ import annotations

import unicodedata

__all__ = ["debug_string", "format_f64"]

_ESCAPES = {"\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r", '"': '\\"', "\\": "\\\\"}

# Other_Grapheme_Extend of Unicode 16 (PropList.txt): Grapheme_Extend is this list and categories Mn and Me.
_OTHER_GRAPHEME_EXTEND = frozenset(
    code
    for first, last in (
        (0x09BE, 0x09BE),
        (0x09D7, 0x09D7),
        (0x0B3E, 0x0B3E),
        (0x0B57, 0x0B57),
        (0x0BBE, 0x0BBE),
        (0x0BD7, 0x0BD7),
        (0x0CC0, 0x0CC0),
        (0x0CC2, 0x0CC2),
        (0x0CC7, 0x0CC8),
        (0x0CCA, 0x0CCB),
        (0x0CD5, 0x0CD6),
        (0x0D3E, 0x0D3E),
        (0x0D57, 0x0D57),
        (0x0DCF, 0x0DCF),
        (0x0DDF, 0x0DDF),
        (0x1715, 0x1715),
        (0x1734, 0x1734),
        (0x1B35, 0x1B35),
        (0x1B3B, 0x1B3B),
        (0x1B3D, 0x1B3D),
        (0x1B43, 0x1B44),
        (0x1BAA, 0x1BAA),
        (0x1BF2, 0x1BF3),
        (0x200C, 0x200C),
        (0x302E, 0x302F),
        (0xA953, 0xA953),
        (0xA9C0, 0xA9C0),
        (0xFF9E, 0xFF9F),
        (0x111C0, 0x111C0),
        (0x11235, 0x11235),
        (0x1133E, 0x1133E),
        (0x1134D, 0x1134D),
        (0x11357, 0x11357),
        (0x113B8, 0x113B8),
        (0x113C2, 0x113C2),
        (0x113C5, 0x113C5),
        (0x113C7, 0x113C9),
        (0x113CF, 0x113CF),
        (0x114B0, 0x114B0),
        (0x114BD, 0x114BD),
        (0x115AF, 0x115AF),
        (0x116B6, 0x116B6),
        (0x11930, 0x11930),
        (0x1193D, 0x1193D),
        (0x11F41, 0x11F41),
        (0x16FF0, 0x16FF1),
        (0x1D165, 0x1D166),
        (0x1D16D, 0x1D172),
        (0xE0020, 0xE007F),
    )
    for code in range(first, last + 1)
)


def format_f64(value: float) -> str:
    """`value` (finite) as ryu prints it: shortest digits, always a point or an exponent (`1e16`)."""
    mantissa, _, exponent = repr(value).partition("e")
    whole, _, fraction = mantissa.lstrip("-").partition(".")
    digits = (whole + fraction).lstrip("0")
    sign = "-" if mantissa[0] == "-" else ""
    if not digits:
        return sign + "0.0"
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(digits) - len(fraction) + int(exponent or 0)
    digits = digits.rstrip("0")
    size = len(digits)
    if size <= point <= 16:
        return f"{sign}{digits}{'0' * (point - size)}.0"
    if 0 < point <= 16:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -5 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    tail = f".{digits[1:]}" if size > 1 else ""
    return f"{sign}{digits[0]}{tail}e{point - 1}"


def debug_string(text: str) -> str:
    """`text` in double quotes, with everything escaped that `{:?}` escapes: quotes, controls, marks that join
    the character before them, and what does not print."""
    return f'"{"".join(map(_debug_char, text))}"'


def _debug_char(char: str) -> str:
    if " " <= char <= "~" and char not in '"\\':
        return char
    if char in _ESCAPES:
        return _ESCAPES[char]
    extends = ord(char) in _OTHER_GRAPHEME_EXTEND or unicodedata.category(char) in ("Mn", "Me")
    if extends or not char.isprintable():
        return f"\\u{{{ord(char):x}}}"
    return char
