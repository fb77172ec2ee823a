"""The functions that templates find: minijinja's own, and the two that TGI adds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from .arguments import Converter, Keywords, integer_of, optional, printed, take, value
from .clock import format_time
from .display import pretty
from .errors import Failure, Panic, invalid_operation
from .maps import map_of
from .values import UNDEFINED, Function, Iterable, MapLike, Namespace, Value, kind

__all__ = ["functions"]

_BUILTINS = "minijinja::functions::builtins::"
_TGI = "text_generation_router::infer::chat_template::"
_MAX_RANGE = 100_000


def _function(
    name: str, call: Callable[..., Value], *converters: Converter, keywords: bool = False
) -> Function:
    return Function(name, lambda given: call(*take(given, *converters, keywords=keywords)))


def _range(first: int, last: int | None, step: int | None) -> Value:
    if step == 0:
        raise invalid_operation("cannot create range with step of 0")
    numbers = range(0, first, step or 1) if last is None else range(first, last, step or 1)
    if len(numbers) > _MAX_RANGE:
        raise invalid_operation("range has too many elements")
    return Iterable.over(numbers)


def _dict(given: Value, keywords: Keywords) -> Value:
    if given is None or given is UNDEFINED:
        pairs: list[tuple[Value, Value]] = []
    elif isinstance(given, MapLike):
        pairs = list(given.pairs())
    else:
        raise Failure("invalid operation")
    return map_of([*pairs, *keywords.pairs()])


def _namespace(defaults: Value) -> Value:
    namespace = Namespace()
    if defaults is None:
        return namespace
    if not isinstance(defaults, MapLike):
        raise invalid_operation(f"expected object or keyword arguments, got {kind(defaults)}")
    for key, item in defaults.pairs():
        if isinstance(key, str):
            namespace.values[key] = item
    return namespace


def _debug(given: Sequence[Value]) -> Value:
    return pretty(given[0] if len(given) == 1 else list(given))


def _raise(message: str) -> Value:
    raise Failure("syntax error", message)


def _time(now: Callable[[], datetime], pattern: str) -> Value:
    try:
        return format_time(now(), pattern)
    except ValueError as error:
        raise Panic("invalid operation", str(error)) from None


def functions(now: Callable[[], datetime]) -> Mapping[str, Value]:
    """All of them by name. `now` gives the local time, with its offset from UTC."""
    u32 = integer_of("u32")
    return {
        "range": _function(f"{_BUILTINS}range", _range, u32, optional(u32), optional(u32)),
        "dict": _function(f"{_BUILTINS}dict", _dict, optional(value), keywords=True),
        "debug": Function(f"{_BUILTINS}debug", _debug),
        "namespace": _function(f"{_BUILTINS}namespace", _namespace, optional(value)),
        "raise_exception": _function(f"{_TGI}raise_exception", _raise, printed),
        "strftime_now": _function(f"{_TGI}strftime_now", lambda pattern: _time(now, pattern), printed),
    }
