"""`/__admin/stubs`: the stubs, in the form that they have in a stub file.

    GET    /__admin/stubs              all of them, in the order in which they are asked
    POST   /__admin/stubs              adds a stub, or all of a file, `{"stubs": [...], "scenarios": {...}}`
    PUT    /__admin/stubs              all of a file instead of all that were added
    DELETE /__admin/stubs              takes away all that were added; those of the stub file stay
    GET    /__admin/stubs/ID           one stub
    DELETE /__admin/stubs/ID           takes it away
    GET    /__admin/stubs/errors       what users' own functions raised
    POST   /__admin/stubs/near-misses  a recorded request: the stubs that come closest, and what differs

Several stubs are added all, or none if one is wrong.
"""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..call import Call
from ..matching import FormError
from ..shards.scripted import FormatError
from ..stubs import PlacedStub, Stub, read_stub
from ..stubs.form import check_form
from .bodies import error as refusal
from .bodies import json_object, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]


def routes(state: State) -> list[Route]:
    """The routes over one fake's stubs."""
    stubs = state.stubs

    async def resource(request: Request) -> JSONResponse:
        try:
            if request.method == "DELETE":
                stubs.replace([])
            elif request.method == "PUT":
                stubs.replace(*_several(json_object(await request.body())))
            elif request.method == "POST":
                body = json_object(await request.body())
                read = _several(body) if "stubs" in body else ([read_stub(body)], {})
                return JSONResponse({"stubs": list(map(shown, stubs.add_all(*read)))}, status_code=201)
        except (FormError, FormatError) as error:
            return refuse(error)
        stubs.look_at_file()
        return JSONResponse(
            {
                "stubs": [shown(placed) for placed in stubs],
                "file": None if stubs.file is None else str(stubs.file.path),
                "problem": None if stubs.file is None else stubs.file.problem,
            }
        )

    async def one(request: Request) -> JSONResponse:
        stubs.look_at_file()
        try:
            found = stubs.find(request.path_params["id"])
        except LookupError as error:
            return refusal(404, error.args[0])
        if request.method == "DELETE":
            stubs.remove(found)
        return JSONResponse(shown(found))

    async def errors(request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "errors": [
                    {
                        "stub": failure.placed.name,
                        "id": failure.placed.id,
                        "request": {"method": failure.call.method, "path": failure.call.path},
                        "error": f"{type(failure.error).__name__}: {failure.error}",
                        "traceback": "".join(traceback.format_exception(failure.error)),
                    }
                    for failure in stubs.errors
                ]
            }
        )

    async def near_misses(request: Request) -> JSONResponse:
        try:
            call = _call(json_object(await request.body()))
        except (FormError, FormatError) as error:
            return refuse(error)
        return JSONResponse({"near_misses": [miss.as_json() for miss in stubs.near_misses(call)]})

    return [
        Route("/__admin/stubs", resource, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/__admin/stubs/errors", errors, methods=["GET"]),
        Route("/__admin/stubs/near-misses", near_misses, methods=["POST"]),
        Route("/__admin/stubs/{id:int}", one, methods=["GET", "DELETE"]),
    ]


def shown(placed: PlacedStub) -> dict[str, Any]:
    """A stub with its number, who put it there, and how often it has answered."""
    return {"id": placed.id, "source": placed.source, "hits": placed.hits, **placed.stub.as_json()}


def _several(body: dict[str, Any]) -> tuple[list[Stub], dict[str, str]]:
    """The stubs of a whole file, and where it has scenarios begin. Raises FormError."""
    check_form({"version": 1, **body}, "StubFile")
    read = [read_stub(each, f"stubs[{at}]") for at, each in enumerate(body["stubs"])]
    return read, body.get("scenarios", {})


def _call(body: dict[str, Any]) -> Call:
    from tgi_contracts import body_of  # the contracts are read once somebody asks

    check_form(body, "RecordedRequest")
    path, _, query = body["path"].partition("?")
    headers = tuple((k.lower().encode(), v.encode("latin-1", "replace")) for k, v in body["headers"].items())
    return Call(body["method"], path, headers, body_of(body) or b"", query)
