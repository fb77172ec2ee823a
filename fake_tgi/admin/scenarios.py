"""`/__admin/scenarios`: in which state each scenario is.

GET    /__admin/scenarios       all that stubs name, or that were moved, and the states that stubs name
DELETE /__admin/scenarios       every scenario starts again
PUT    /__admin/scenarios/NAME  `{"state": "…"}` puts one into a state
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..scenarios import START
from ..shards.scripted import FormatError
from .bodies import json_object, known, member, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]


def routes(state: State) -> list[Route]:
    """The routes over one fake's scenarios."""

    async def resource(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            state.scenarios.clear()
        state.stubs.look_at_file()
        return JSONResponse({"scenarios": _scenarios(state)})

    async def one(request: Request) -> JSONResponse:
        name = request.path_params["name"]
        try:
            body = json_object(await request.body())
            known(body, ("state",))
            wanted = member(body, "state", str, "the name of a state")
            if not wanted:
                raise FormatError("state: expected the name of a state, got an empty text")
        except FormatError as error:
            return refuse(error)
        state.scenarios.move(name, wanted)
        return JSONResponse({"name": name, "state": wanted})

    return [
        Route("/__admin/scenarios", resource, methods=["GET", "DELETE"]),
        Route("/__admin/scenarios/{name:path}", one, methods=["PUT"]),
    ]


def _scenarios(state: State) -> list[dict[str, Any]]:
    known: dict[str, set[str]] = {name: {moved} for name, moved in state.scenarios.states().items()}
    for placed in state.stubs:
        if (step := placed.stub.step) is not None:
            known.setdefault(step.scenario, set()).update(filter(None, (step.state, step.next)))
    return [
        {"name": name, "state": state.scenarios.state(name), "states": sorted(states | {START})}
        for name, states in sorted(known.items())
    ]
