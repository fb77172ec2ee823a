"""The controls of a running fake, as JSON under `/__admin/`. Nothing here needs the model's API key.

Bad input is a 422 that says where, what was expected and what came, and changes nothing. What each control
takes and answers is in contracts/controls.json, and so in `/api-doc/openapi.json`.
"""

from __future__ import annotations

import re
from dataclasses import asdict
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from ..model import Condition
from ..shards.scripted import FormatError
from . import clock, faults, recordings, requests, scenarios, settings, stubs
from .bodies import error, json_object, known, member, refuse
from .condition import read_condition

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["create_admin"]


_PARAMETER: Final = re.compile(r"\{(\w+):\w+\}")


def _named(parameter: re.Match[str]) -> str:
    """`{id:int}` as the documentation writes it: ID."""
    return parameter[1].upper()


def create_admin(state: State) -> Starlette:
    """The application behind `/__admin/`, over one fake's state."""

    async def generations(request: Request) -> JSONResponse:
        try:
            body = json_object(await request.body())
            known(body, ("generations", "replace"))
            queued = state.queue.put(
                member(body, "generations", list, "a list of generations"),
                replace=member(body, "replace", bool, "true or false", False),
            )
        except FormatError as problem:
            return refuse(problem)
        return JSONResponse({"queued": queued})

    async def health(request: Request) -> JSONResponse:
        if request.method == "POST":
            try:
                state.model.condition = read_condition(json_object(await request.body()), Condition())
            except FormatError as problem:
                return refuse(problem)
        return JSONResponse({**asdict(state.model.condition), "believed_healthy": state.health.flag})

    async def reset(request: Request) -> JSONResponse:
        state.clear()
        return JSONResponse({"reset": True})

    routes = [
        Route("/__admin/generations", generations, methods=["POST"]),
        Route("/__admin/health", health, methods=["GET", "POST"]),
        Route("/__admin/reset", reset, methods=["POST"]),
        *recordings.routes(state),
        *requests.routes(state),
        *scenarios.routes(state),
        *stubs.routes(state),
        *faults.routes(state),
        *clock.routes(state),
        *settings.routes(state),
    ]

    async def elsewhere(request: Request, problem: Exception) -> JSONResponse:
        assert isinstance(problem, HTTPException)
        path = request.url.path
        if problem.status_code != 405:
            paths = sorted({_PARAMETER.sub(_named, route.path) for route in routes})
            there = ", ".join(paths)
            near = get_close_matches(path, paths, n=1, cutoff=0.8)
            hint = f" (did you mean {near[0]}?)" if near else ""
            return error(404, f"expected one of {there}{hint}, got {path}", expected=there + hint, got=path)
        allowed = ", ".join(sorted((problem.headers or {})["Allow"].split(", ")))
        reply = error(
            405, f"{path}: expected {allowed}, got {request.method}", expected=allowed, got=request.method
        )
        reply.headers["allow"] = allowed
        return reply

    return Starlette(routes=routes, exception_handlers={404: elsewhere, 405: elsewhere})
