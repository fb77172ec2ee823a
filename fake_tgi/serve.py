"""The one path: a call in, frames out.

Order, as the router layers it: CORS around everything, then the API key, then the method, then the
endpoint. Whatever an endpoint refuses becomes an answer here, unless its head is already out: by then the
endpoint itself must have said it in its stream. What TGI breaks down over ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module

from .call import Call
from .endpoints import about, generate
from .endpoints.reading import plain
from .extraction import ExtractionRefusal, is_json
from .frames import Body, Chunks, Frame, Hangup, Head
from .headers import JSON, TEXT
from .journal import ServeEvent
from .quick_values import dataclass
from .refusals import Breakdown, Refusal
from .state import State
from .stubs.unmatched import unmatched

__all__ = ["ROUTES", "Endpoint", "Route", "broken", "needs_body", "serve"]

Endpoint = Callable[[State, Call], Iterator[Frame]]


@dataclass(frozen=True, slots=True)
class Route:
    """One path. `key` says that the API key guards it (its POST alone, where it has a GET too)."""

    allow: bytes
    get: Endpoint | None = None
    post: Endpoint | None = None
    key: bool = False
    other: Endpoint | None = None

    def endpoint(self, method: str) -> Endpoint | None:
        """What answers `method`, if anything does."""
        if method == "POST":
            return self.post
        return self.get if method in ("GET", "HEAD") else self.other


def _later(module: str, name: str) -> Endpoint:
    """An endpoint whose module its first call imports: what nobody asks for costs a start nothing."""

    found: Endpoint | None = None

    def endpoint(state: State, call: Call) -> Iterator[Frame]:
        nonlocal found
        if found is None:
            found = getattr(import_module(f".endpoints.{module}", __package__), name)
            assert found is not None
        return found(state, call)

    return endpoint


def _get(endpoint: Endpoint) -> Route:
    return Route(b"GET,HEAD", get=endpoint)


def _post(endpoint: Endpoint, *, key: bool = True) -> Route:
    return Route(b"POST", post=endpoint, key=key)


# router/src/server.rs:2180-2300
ROUTES: dict[str, Route] = {
    "/": Route(b"POST,GET,HEAD", get=about.health, post=generate.compat, key=True),
    "/generate": _post(generate.generate),
    "/generate_stream": _post(generate.generate_stream),
    "/v1/chat/completions": _post(_later("chat", "chat")),
    "/v1/completions": _post(_later("completions", "completions")),
    "/vertex": _post(_later("platforms", "vertex")),
    "/invocations": _post(_later("platforms", "invocations")),
    "/tokenize": _post(about.tokenize),
    "/chat_tokenize": _post(_later("chat", "chat_tokenize"), key=False),
    "/info": _get(about.info),
    "/health": _get(about.health),
    "/ping": _get(about.health),
    "/v1/models": _get(about.models),
    "/metrics": _get(about.metrics),
    "/docs": _get(_later("docs", "redirect")),
    "/api-doc/openapi.json": _get(_later("docs", "openapi")),
    "/framework/text-generation-inference": _get(_later("hosted", "deployed")),
}

# The hosted API's paths end in a model's name, the page's in a file's.
PREFIXES: dict[str, Route] = {
    "/docs/": _get(_later("docs", "page")),
    "/models/": _post(_later("hosted", "model")),
    "/status/": _get(_later("hosted", "status")),
}


def _unknown(state: State, call: Call) -> Iterator[Frame]:
    return plain(404)


# A path that the router has not: a stub may have it, for any method.
_NONE = Route(b"", get=_unknown, post=_unknown, other=_unknown)


def find(path: str) -> Route | None:
    """The route of exactly this path; nothing is normalised."""
    route = ROUTES.get(path)
    if route is None:
        for prefix, candidate in PREFIXES.items():
            if path.startswith(prefix):
                return candidate
    return route


def serve(state: State, call: Call) -> Iterator[Frame]:
    """The answer to `call`, whose body is complete; it is in the journal from now on.

    It is made lazily, and gives back what it holds when the iterator ends or is closed.
    """
    event = state.journal.begin(call)
    if state.replay is None:
        frames = _framed(state, call, event)
    else:
        framed = partial(_framed, state, call, event)
        frames = state.replay.frames(state, call, framed, partial(setattr, event, "why"))
    return state.journal.record(event, state.with_faults(call, frames, event.strike))


def broken(state: State, call: Call, error: BaseException) -> Iterator[Frame]:
    """An answer that could not be made, in the journal; whoever plays it learns why."""

    def frames() -> Iterator[Frame]:
        raise error
        yield

    return state.journal.record(state.journal.begin(call), frames())


def _framed(state: State, call: Call, event: ServeEvent) -> Iterator[Frame]:
    """The answer with what surrounds every answer: CORS headers, `allow` around them where the path has
    not this method, and no body for HEAD."""
    route = find(call.path) or _NONE
    endpoint = route.endpoint(call.method)
    around = state.cors.headers(call)
    if endpoint is None:
        around = (*around, (b"allow", route.allow))
    head = call.method == "HEAD"
    for frame in _answer(state, call, event, route, endpoint):
        if type(frame) is Head:
            yield Head(frame.status, frame.headers + around, frame.length)
        elif not (head and isinstance(frame, (Body, Chunks))):
            yield frame


def _answer(
    state: State, call: Call, event: ServeEvent, route: Route, endpoint: Endpoint | None
) -> Iterator[Frame]:
    if call.method == "OPTIONS":
        yield from plain(200)
        return
    # The key guards a path with its 405, but not the open GET that is merged beside the guarded POST of "/".
    guarded = route.key and (route.get is None or call.method == "POST")
    if guarded and not authorised(state, call):
        yield from plain(401)
        return
    if endpoint is None:
        yield from plain(405)
        return
    stub = state.stubs.match(call)
    try:
        if stub is not None:
            event.stub, event.stub_id, event.why = stub.placed.name, stub.placed.id, stub.why
            yield from stub.frames(state.telling(call, event), call, endpoint, event.fail)
        else:
            asked = state.telling(call, event) if state.drawn else state
            yield from (state.settings.strict and unmatched(state, call)) or endpoint(asked, call)
    except Refusal as refused:
        yield from plain(refused.status, JSON, refused.body())
    except ExtractionRefusal as refused:
        yield from plain(refused.status, TEXT, refused.text.encode())
    except Breakdown:
        yield Hangup()


def needs_body(state: State, call: Call) -> bool:
    """Whether the answer depends on the body of `call`. Where it does not, the router never reads it."""
    route = find(call.path)
    return (
        not state.stubs.idle
        or state.replay is not None
        or (
            call.method == "POST"
            and route is not None
            and route.post is not None
            and (not route.key or authorised(state, call))
            and is_json(call.header(b"content-type"))
        )
    )


def authorised(state: State, call: Call) -> bool:
    """Whether the call carries the API key; key and scheme in any case (S:2213-2236)."""
    if state.api_key is None:
        return True
    given = call.header(b"authorization")
    return given is not None and given.lower() == state.api_key
