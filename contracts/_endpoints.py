"""Which contract a route, a status and a content type have.

Everything here is looked up in endpoints.json and, for what lies under `/__admin`, in controls.json. A path
matches a route exactly, its query left aside, or as a template whose `{id}` takes one or more segments; a GET
route answers HEAD as well, with no body. What no route covers (an unknown path, another method, OPTIONS) has
contracts too, but belongs to no endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Any

from ._files import table

__all__ = [
    "EVENT_STREAM",
    "Answer",
    "Endpoint",
    "Header",
    "endpoint",
    "endpoints",
    "everywhere",
    "expected_answers",
]

EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class Header:
    """A header of an answer. `schema` is a JSON Schema of its text."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """One form that an answer may take.

    `content_type` is None for an empty body. `schema` names the schema of the body or, for an event stream,
    of one event's data. `done` tells whether `[DONE]` ends the stream; None if that depends on the request,
    or if there is no stream. `when` says in words when this form comes.
    """

    status: int
    content_type: str | None
    schema: str
    headers: tuple[Header, ...]
    when: str
    done: bool | None = None

    @property
    def is_stream(self) -> bool:
        """Whether the body is a stream of events."""
        return self.content_type == EVENT_STREAM


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route.

    `path` may be a template (`/status/{id}`). `origin` is `router`, `hosted` for the hosted Inference API, or
    `fake` for the controls of the fake. `api_key` tells whether it asks for the server's key. `request` names
    the schema of its body, which is application/json, or is None. `answers` are all forms by status.
    `parameters` are those of path and query as OpenAPI has them, but for the `{id}` of a model.
    """

    method: str
    path: str
    origin: str
    title: str
    description: str
    api_key: bool
    request: str | None
    answers: Mapping[int, tuple[Answer, ...]]
    parameters: tuple[Mapping[str, Any], ...] = ()


def endpoints() -> tuple[Endpoint, ...]:
    """All routes: those of endpoints.json in its order, then those of controls.json."""
    return _all()


def everywhere(path: str) -> Mapping[str, Mapping[str, Any]]:
    """By name, the headers of every answer on this path, whatever its form."""
    headers: Mapping[str, Mapping[str, Any]] = table(_table_of(path))["everywhere"]
    return headers


def endpoint(method: str, path: str) -> Endpoint:
    """The route that answers a request, for example `endpoint("POST", "/generate")`.

    The method may be in any case, the path may have a query. For HEAD it is the GET route with empty bodies.

    Raises LookupError if no route has that path, or none for that method.
    """
    found, allowed = _match(method.upper(), path)
    if found is not None:
        return found
    if allowed:
        raise LookupError(f"{path} is there for {', '.join(allowed)}, not for {method.upper()}")
    raise LookupError(
        f"no route has the path {path!r}; known are {', '.join(sorted({e.path for e in _all()}))}"
    )


def expected_answers(method: str, path: str, status: int) -> tuple[Answer, ...]:
    """The forms that an answer of this status to this request may take.

    On paths of the hosted service, those of a router of one's own, which has no such paths, are among them.

    Raises LookupError if the status is none that this request may get.
    """
    method = method.upper()
    found, allowed = _match(method, path)
    if found is not None:
        forms, known = found.answers.get(status, ()), sorted(found.answers)
        if found.origin == "hosted":  # a router of one's own does not have it
            forms += _elsewhere_of(method, path, status, [])
    else:
        forms = _elsewhere_of(method, path, status, allowed)
        if allowed and _is_hosted(path):
            forms += _elsewhere_of(method, path, status, [])
        known = [row.status for row in _elsewhere_rows(method, path, allowed)]
    if not forms:
        raise LookupError(
            f"{method} {path} never answers {status}; it may answer {', '.join(map(str, known))}"
        )
    return forms


def _elsewhere_of(method: str, path: str, status: int, allowed: list[str]) -> tuple[Answer, ...]:
    return tuple(row for row in _elsewhere_rows(method, path, allowed) if row.status == status)


def _elsewhere_rows(method: str, path: str, allowed: list[str]) -> list[Answer]:
    """What may be said of a request that no route takes; `allowed` are the methods that its path has."""
    name = _table_of(path)
    return [_allowing(_elsewhere(case, name), path, allowed) for case in _cases(method, path, allowed)]


def _is_hosted(path: str) -> bool:
    """Whether a path is the hosted service's alone."""
    return all(each.origin == "hosted" for method in ("GET", "POST") if (each := _match(method, path)[0]))


@cache
def _all() -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(
            row["method"],
            row["path"],
            row["origin"],
            row["title"],
            row["description"],
            row["api_key"],
            row["request"]["schema"] if row["request"] else None,
            MappingProxyType(
                {
                    int(status): tuple(_answer(int(status), form, name) for form in forms)
                    for status, forms in row["answers"].items()
                }
            ),
            tuple(row.get("parameters", ())),
        )
        for name in ("endpoints", "controls")
        for row in table(name)["endpoints"]
    )


def _table_of(path: str) -> str:
    controls = path.partition("?")[0]
    return "controls" if controls == "/__admin" or controls.startswith("/__admin/") else "endpoints"


def _answer(status: int, form: Mapping[str, Any], name: str) -> Answer:
    headers = tuple(
        Header(name, header["description"], MappingProxyType(header["schema"]))
        for name, header in table(name)["headers"][form["headers"]].items()
    )
    return Answer(status, form["content_type"], form["schema"], headers, form["when"], form.get("done"))


def _cases(method: str, path: str, allowed: list[str]) -> Iterator[str]:
    """What may be said of a request that no route takes; `allowed` are the methods that its path has."""
    if _table_of(path) == "controls":
        yield "other method of a control" if allowed else "unknown control"
        yield "shut controls"
    elif method == "OPTIONS":
        yield "OPTIONS"
    elif not allowed:
        yield "unknown path"
    else:
        yield "other method"
        if all(each.api_key for other in allowed if (each := _match(other, path)[0])):
            yield "other method without the key"


def _allowing(answer: Answer, path: str, allowed: list[str]) -> Answer:
    """With `allow` as this path has it; of the controls, and of a path that is not there, nothing is said."""
    if _table_of(path) == "controls" or not allowed:
        return answer
    methods = ",".join(name for name in ("POST", "GET", "HEAD") if _match(name, path)[0])
    header = table("endpoints")["headers"]["allow"]["allow"]
    others = tuple(each for each in answer.headers if each.name != "allow")
    exact = Header("allow", header["description"], MappingProxyType({"const": methods}))
    return replace(answer, headers=(*others, exact))


@cache
def _elsewhere(case: str, name: str) -> Answer:
    row = table(name)["elsewhere"][case]
    return _answer(row["status"], row, name)


@cache
def _routes() -> tuple[Mapping[str, Mapping[str, Endpoint]], tuple[tuple[re.Pattern[str], Endpoint], ...]]:
    exact: dict[str, dict[str, Endpoint]] = {}
    templates = []
    for each in _all():
        if "{" in each.path:
            templates.append((re.compile(re.sub(r"\\\{\w+\\\}", "[^?]+", re.escape(each.path))), each))
        else:
            exact.setdefault(each.path, {})[each.method] = each
    return exact, tuple(templates)


def _match(method: str, path: str) -> tuple[Endpoint | None, list[str]]:
    path = path.partition("?")[0]
    exact, templates = _routes()
    by_method = exact.get(path) or {
        each.method: each for pattern, each in templates if pattern.fullmatch(path)
    }
    if method == "HEAD" and "GET" in by_method:
        return _without_bodies(by_method["GET"]), []
    return by_method.get(method), sorted(by_method)


def _without_bodies(get: Endpoint) -> Endpoint:
    answers = {s: tuple(replace(form, schema="Empty") for form in forms) for s, forms in get.answers.items()}
    return replace(get, method="HEAD", answers=MappingProxyType(answers))
