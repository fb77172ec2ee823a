"""The controls of a running fake, as JSON under `/__admin/`. Nothing here needs the model's API key.

Bad input is a 422 that says where, what was expected and what came, and changes nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from ..model import Condition
from ..shards.scripted import FormatError
from . import clock, faults, recordings, requests, scenarios, settings, stubs
from .bodies import json_object, member, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["create_admin"]


def create_admin(state: State) -> Starlette:
    """The application behind `/__admin/`, over one fake's state."""

    async def generations(request: Request) -> JSONResponse:
        try:
            body = json_object(await request.body())
            queued = state.queue.put(
                member(body, "generations", list, "a list of generations"),
                replace=member(body, "replace", bool, "true or false", False),
            )
        except FormatError as error:
            return refuse(str(error))
        return JSONResponse({"queued": queued})

    async def health(request: Request) -> JSONResponse:
        if request.method == "POST":
            try:
                state.model.condition = _condition(json_object(await request.body()))
            except FormatError as error:
                return refuse(str(error))
        return JSONResponse({**asdict(state.model.condition), "believed_healthy": state.health.flag})

    async def reset(request: Request) -> JSONResponse:
        state.clear()
        return JSONResponse({"reset": True})

    return Starlette(
        routes=[
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
    )


def _condition(body: dict[str, Any]) -> Condition:
    """How the model is to be from now on; what is left out is well."""
    known = tuple(Condition.__slots__)
    unknown = sorted(set(body) - set(known))
    if unknown:
        raise FormatError(f"{unknown[0]}: expected one of {', '.join(known)}")
    well = Condition()
    crash_after = body.get("crash_after")
    if crash_after is not None and (type(crash_after) is not int or crash_after < 0):
        raise FormatError(f"crash_after: expected a number of tokens from 0, or null, got {crash_after!r}")
    return Condition(
        sick=member(body, "sick", bool, "true or false", well.sick),
        untrusted=member(body, "untrusted", bool, "true or false", well.untrusted),
        gone=member(body, "gone", bool, "true or false", well.gone),
        crash_after=crash_after,
        crash_message=member(body, "crash_message", str, "a string", well.crash_message),
    )
