"""Which calls are meant: those that differ from a pattern in nothing.

A pattern without a part says nothing of it, and an empty one means every call. Each part is looked at, so
that a miss can be told whole; `matches` stops at the first difference.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..call import Call
from .asked import Asked
from .differences import Difference, FormError, hidden, sendable, shown, step
from .values import ValuePattern, name_of, value_pattern

__all__ = ["RequestPattern"]

__tracebackhide__ = hidden

_VALUES: Final = ("model", "inputs", "messages", "body")
_MEMBERS: Final = ("route", "streaming", *_VALUES, "parameters", "headers")


@dataclass(frozen=True, init=False, slots=True)
class RequestPattern:
    """What a call must be. Raises FormError for a part that is no pattern.

    `route` is a path, or several. `model`, `inputs` (the prompt, or the text of the last message), `messages`
    and `body` are patterns of a value, anything that `value_pattern` takes: a bare value means equality, an
    object conditions by name, a function a predicate. `parameters` and `headers` (names in any case) have
    such a pattern by name. `predicate` gets what the call asks for and says yes or no.
    """

    routes: tuple[str, ...] | None
    model: ValuePattern | None
    streaming: bool | None
    inputs: ValuePattern | None
    messages: ValuePattern | None
    parameters: tuple[tuple[str, ValuePattern], ...]
    headers: tuple[tuple[str, ValuePattern], ...]
    body: ValuePattern | None
    predicate: Callable[[Asked], object] | None

    def __init__(
        self,
        route: str | Sequence[str] | None = None,
        *,
        model: Any = None,
        streaming: bool | None = None,
        inputs: Any = None,
        messages: Any = None,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
        body: Any = None,
        predicate: Callable[[Asked], object] | None = None,
    ) -> None:
        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        if streaming is not None and not isinstance(streaming, bool):
            raise FormError(Difference("streaming", "true or false", shown(streaming)))
        if predicate is not None and not callable(predicate):
            raise FormError(Difference("predicate", "a function of what is asked", shown(predicate)))
        put("routes", _routes(route))
        put("streaming", streaming)
        put("predicate", predicate)
        for name, value in zip(_VALUES, (model, inputs, messages, body), strict=True):
            put(name, None if value is None else value_pattern(value, name))
        named = _named(parameters or {}, "parameters")
        put("parameters", named)
        if named:
            _check_parameters(self.routes, [name for name, _ in named])
        put("headers", tuple((name.lower(), p) for name, p in _named(headers or {}, "headers")))

    @classmethod
    def parse(cls, value: Mapping[str, Any]) -> RequestPattern:
        """From the form it has in a stub file. Raises FormError."""
        if not isinstance(value, Mapping):
            raise FormError(Difference("", f"an object with any of {', '.join(_MEMBERS)}", shown(value)))
        given: dict[str, Any] = dict(value)
        for name, part in value.items():
            if name not in _MEMBERS:
                raise FormError(
                    Difference(str(name), f"one of {', '.join(_MEMBERS)}{_near(name)}", "no such part")
                )
            if part is None and name in _VALUES:
                given[name] = value_pattern(None)  # in a file it says that nothing may be sent
        return cls(**given)

    def as_json(self) -> dict[str, Any]:
        """As a stub file writes it; predicates show as their names."""
        found: dict[str, Any] = {}
        if self.routes is not None:
            found["route"] = self.routes[0] if len(self.routes) == 1 else list(self.routes)
        if self.streaming is not None:
            found["streaming"] = self.streaming
        for name in _VALUES:
            pattern: ValuePattern | None = getattr(self, name)
            if pattern is not None:
                found[name] = pattern.as_json()
        for name in ("parameters", "headers"):
            if named := getattr(self, name):
                found[name] = {each: pattern.as_json() for each, pattern in named}
        if self.predicate is not None:
            found["predicate"] = name_of(self.predicate)
        return found

    def matches(self, call: Call | Asked) -> bool:
        """Whether there is no difference."""
        return next(self._differences(_asked(call)), None) is None

    def difference(self, call: Call | Asked) -> list[Difference]:
        """Each way in which a call is not the one meant; [] if it is. What a predicate raises is raised.

        What is secret is never shown, neither what is expected nor what a client sent.
        """
        from .hiding import without_named_secrets  # only who tells of a miss pays for it

        return [without_named_secrets(each) for each in self._differences(_asked(call))]

    def unknown_paths(self) -> list[tuple[str, str]]:
        """Paths that the router has not, though it has one that is near: each with that one."""
        from .meant import near_path  # nobody else asks

        return [(path, near) for path in self.routes or () if (near := near_path(path)) is not None]

    def _expected_routes(self) -> str:
        meant = dict(self.unknown_paths())
        return " or ".join(
            f"{path} (TGI has none: did you mean {meant[path]}?)" if path in meant else path
            for path in self.routes or ()
        )

    def _differences(self, asked: Asked) -> Iterator[Difference]:
        if self.routes is not None and asked.route not in self.routes:
            yield Difference("route", self._expected_routes, asked.route)
        if self.streaming is not None and asked.streaming is not self.streaming:
            wanted, other = (
                ("a stream", "a whole answer") if self.streaming else ("a whole answer", "a stream")
            )
            yield Difference("streaming", wanted, other)
        if self.model is not None:
            yield from self.model.differences(asked.model, "model")
        if self.inputs is not None:
            yield from self.inputs.differences(asked.inputs, "inputs")
        if self.messages is not None:
            yield from self.messages.differences(asked.messages, "messages")
        for name, pattern in self.parameters:
            yield from pattern.differences(asked.parameter(name), step("parameters", name))
        for name, pattern in self.headers:
            yield from pattern.differences(asked.headers.get(name), step("headers", name))
        if self.body is not None:
            yield from self.body.differences(asked.body, "body")
        if self.predicate is not None and not self.predicate(asked):
            yield Difference("call", f"what {name_of(self.predicate)} accepts", asked.route)


def _near(name: object) -> str:
    """A hint for the name of a part that there is not."""
    from difflib import get_close_matches  # only a mistake pays for it

    near = get_close_matches(str(name), _MEMBERS, n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""


def _asked(call: Call | Asked) -> Asked:
    return call if isinstance(call, Asked) else Asked(call)


def _routes(route: str | Sequence[str] | None) -> tuple[str, ...] | None:
    if route is None:
        return None
    routes = (route,) if isinstance(route, str) or not isinstance(route, Iterable) else tuple(route)
    if not routes or not all(map(_is_path, routes)):
        raise FormError(Difference("route", "a path that begins with /, or several", shown(route)))
    return routes


def _is_path(given: object) -> bool:
    return isinstance(given, str) and given.startswith("/") and sendable(given)


def _check_parameters(routes: tuple[str, ...] | None, names: list[str]) -> None:
    """Refuses names that are nearly a parameter of TGI's, unless a path is none of TGI's."""
    from .meant import is_path, near_parameter  # only who names parameters pays for it

    if not all(map(is_path, routes or ())):
        return
    wrong = [
        Difference(
            step("parameters", name),
            f"a parameter that a route has (did you mean `{near}`? others are found by `body`)",
            shown(name),
        )
        for name in names
        if (near := near_parameter(name)) is not None
    ]
    if wrong:
        raise FormError(*wrong)


def _named(patterns: Mapping[str, Any], where: str) -> tuple[tuple[str, ValuePattern], ...]:
    if not isinstance(patterns, Mapping):
        raise FormError(Difference(where, "an object with a pattern for each name", shown(patterns)))
    for name in patterns:
        if not isinstance(name, str) or not sendable(name):
            raise FormError(Difference(where, "names that are texts which UTF-8 can write", shown(name)))
    return tuple((name, value_pattern(pattern, step(where, name))) for name, pattern in patterns.items())
