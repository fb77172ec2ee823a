"""What happens when a template calls something: a function, a macro, a method, or a loop's own body."""

from __future__ import annotations

from collections.abc import Sequence

from .errors import UNKNOWN_METHOD, Failure, invalid_operation
from .loops import Loop
from .macros import Macro
from .methods import call_method
from .state import State
from .values import ABSENT, Function, MapLike, Value, attribute, kind

__all__ = ["invoke", "invoke_method", "invoke_named", "keyword_pairs"]


def invoke(state: State, function: Value, given: Sequence[Value]) -> Value:
    """`function(given…)`. Raises `Failure` if it cannot be called."""
    if isinstance(function, Function):
        return function.call(given)
    if isinstance(function, Macro):
        return function.call(state, given)
    if isinstance(function, Loop):
        raise invalid_operation("loop recursion cannot be called this way")
    if isinstance(function, (MapLike, list)) or kind(function) in ("iterator", "plain object"):
        raise invalid_operation("object is not callable")
    raise invalid_operation(f"value of type {kind(function)} is not callable")


def recursion(state: State, loop: Loop, given: Sequence[Value]) -> Value:
    """What the loop's body prints for other items."""
    if len(given) != 1:
        raise invalid_operation("loop() takes one argument")
    if loop.recurse is None:
        raise invalid_operation("cannot recurse outside of recursive loop")
    state.begin_capture()
    loop.recurse(state, given[0])
    return state.end_capture()


def no_super(state: State) -> Failure:
    if state.block is None:
        return invalid_operation("cannot super outside of block")
    return invalid_operation("no parent block exists")


def keyword_pairs(given: Value) -> list[tuple[Value, Value]]:
    if not isinstance(given, MapLike):
        raise invalid_operation(f"attempted to apply keyword arguments from non map (got {kind(given)})")
    return list(given.pairs())


def invoke_named(state: State, name: str, given: Sequence[Value]) -> Value:
    """`name(given…)`, for whatever the variable `name` is."""
    if name == "super":
        raise invalid_operation("super() takes no arguments") if given else no_super(state)
    function = state.load(name)
    if function is ABSENT:
        raise Failure("unknown function", f"{name} is unknown")
    return recursion(state, function, given) if isinstance(function, Loop) else invoke(state, function, given)


def invoke_method(state: State, owner: Value, name: str, given: Sequence[Value]) -> Value:
    """`owner.name(given…)`: what `owner` has under that name, or else one of Python's methods."""
    if isinstance(owner, Loop):
        try:
            return owner.method(name, given)
        except Failure as failure:
            if failure.kind != UNKNOWN_METHOD:
                raise
    else:
        function = attribute(owner, name)
        if function is not ABSENT:
            return invoke(state, function, given)
    return call_method(owner, name, given)
