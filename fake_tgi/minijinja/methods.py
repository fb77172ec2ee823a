"""Python's methods of strings, maps and lists, those that minijinja's pycompat offers and as it has them.

Places in strings are counted in UTF-8 bytes. An unknown method has no detail in its message.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from ..whitespace import WHITESPACE
from .arguments import Converter, boolean, integer_of, optional, take, text, value
from .comparison import equal
from .display import display
from .errors import UNKNOWN_METHOD, Failure, invalid_operation
from .texts import capitalized, is_alphabetic, is_numeric, lines, pieces, titled
from .values import ABSENT, Iterable, MapLike, Value, iterate, kind

__all__ = ["call_method"]

Method = Callable[..., Value]


def call_method(receiver: Value, name: str, given: Sequence[Value]) -> Value:
    """`receiver.name(given…)`, for a receiver that has no such thing of its own."""
    table: dict[str, tuple[Method, tuple[Converter, ...]]]
    if isinstance(receiver, str):
        table = _STRING_METHODS
    elif isinstance(receiver, MapLike):
        table = _MAP_METHODS
    elif isinstance(receiver, list):
        table = _LIST_METHODS
    else:
        raise Failure(UNKNOWN_METHOD)
    if name not in table:
        raise Failure(UNKNOWN_METHOD)
    method, converters = table[name]
    return method(receiver, *take(given, *converters))


def _all(check: Callable[[str], bool]) -> Method:
    return lambda receiver: all(map(check, receiver))


def _replaced(receiver: str, old: str, new: str, count: int | None) -> str:
    return receiver.replace(old, new, -1 if count is None or count < 0 else count)


def _split_lines(receiver: str, keep_ends: bool | None) -> list[Value]:
    if not keep_ends:
        return list(lines(receiver))
    found: list[Value] = [line + "\n" for line in receiver.split("\n")]
    last = str(found.pop()).removesuffix("\n")
    return [*found, last] if last else found


def _place(receiver: str, index: int) -> int:
    return index if index < 0 else len(receiver[:index].encode(errors="surrogatepass"))


def _affix(name: str, check: Callable[[str, str], bool]) -> Method:
    def method(receiver: str, affixes: Value) -> bool:
        if isinstance(affixes, str):
            return check(receiver, affixes)
        if not isinstance(affixes, (list, Iterable)):
            raise invalid_operation(
                f"{name} argument must be string or a tuple of strings, not {kind(affixes)}"
            )
        for affix in iterate(affixes):
            if not isinstance(affix, str):
                raise invalid_operation(f"tuple for {name} must contain only strings, not {kind(affix)}")
            if check(receiver, affix):
                return True
        return False

    return method


def _get(receiver: MapLike, key: Value) -> Value:
    found = receiver.get(key)
    return None if found is ABSENT else found


def _through(items: Callable[[MapLike], list[Value]]) -> Method:
    return lambda receiver: Iterable(lambda: items(receiver), lambda: len(receiver.keys()))


_OPTIONAL_TEXT = optional(text)

_STRING_METHODS: Final[dict[str, tuple[Method, tuple[Converter, ...]]]] = {
    "upper": (str.upper, ()),
    "lower": (str.lower, ()),
    "islower": (_all(str.islower), ()),
    "isupper": (_all(str.isupper), ()),
    "isspace": (_all(WHITESPACE.__contains__), ()),
    "isdigit": (_all(is_numeric), ()),
    "isnumeric": (_all(is_numeric), ()),
    "isalnum": (_all(lambda char: is_alphabetic(char) or is_numeric(char)), ()),
    "isalpha": (_all(is_alphabetic), ()),
    "isascii": (str.isascii, ()),
    "strip": (
        lambda receiver, chars: receiver.strip(WHITESPACE if chars is None else chars),
        (_OPTIONAL_TEXT,),
    ),
    "lstrip": (
        lambda receiver, chars: receiver.lstrip(WHITESPACE if chars is None else chars),
        (_OPTIONAL_TEXT,),
    ),
    "rstrip": (
        lambda receiver, chars: receiver.rstrip(WHITESPACE if chars is None else chars),
        (_OPTIONAL_TEXT,),
    ),
    "replace": (_replaced, (text, text, optional(integer_of("i32")))),
    "title": (titled, ()),
    "split": (
        lambda receiver, separator, splits: list(pieces(receiver, separator, splits)),
        (_OPTIONAL_TEXT, optional(integer_of("i64"))),
    ),
    "splitlines": (_split_lines, (optional(boolean),)),
    "capitalize": (capitalized, ()),
    "count": (str.count, (text,)),
    "find": (lambda receiver, part: _place(receiver, receiver.find(part)), (text,)),
    "rfind": (lambda receiver, part: _place(receiver, receiver.rfind(part)), (text,)),
    "startswith": (_affix("startswith", str.startswith), (value,)),
    "endswith": (_affix("endswith", str.endswith), (value,)),
    "join": (lambda receiver, items: receiver.join(map(display, iterate(items))), (value,)),
}

_MAP_METHODS: Final[dict[str, tuple[Method, tuple[Converter, ...]]]] = {
    "keys": (_through(lambda receiver: list(receiver.keys())), ()),
    "values": (_through(lambda receiver: [item for _, item in receiver.pairs()]), ()),
    "items": (_through(lambda receiver: [list(pair) for pair in receiver.pairs()]), ()),
    "get": (_get, (value,)),
}

_LIST_METHODS: Final[dict[str, tuple[Method, tuple[Converter, ...]]]] = {
    "count": (lambda receiver, item: sum(equal(found, item) for found in receiver), (value,)),
}
