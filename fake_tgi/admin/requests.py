"""`/__admin/requests`: the journal, asked by pattern.

    GET  /__admin/requests            the records, oldest first; ?limit=N: the last N
    POST /__admin/requests/find       those that a request pattern matches (the form it has in a stub file)
    POST /__admin/requests/count      how many those are
    GET  /__admin/requests/unmatched  those that no stub answered

All wait up to `?wait=SECONDS` (default 1) for answers in flight, so that what they show is complete.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..journal import ServeEvent
from ..journal.json_form import as_json
from ..matching import FormError, RequestPattern
from ..shards.scripted import FormatError
from .bodies import json_object, known, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]


def routes(state: State) -> list[Route]:
    """The routes over one fake's journal."""

    async def settled(request: Request, *names: str) -> None:
        known(request.query_params.keys(), (*names, "wait"))
        wait = _number(request, "wait", 1.0)
        if wait:
            await state.journal.idle(wait)  # what is still in flight then says so

    def shown(events: Iterable[ServeEvent]) -> JSONResponse:
        return JSONResponse(
            {
                "requests": [as_json(event) for event in events],
                "in_flight": state.journal.in_flight,
                "dropped": state.journal.dropped,
            }
        )

    async def all_of(request: Request) -> JSONResponse:
        try:
            await settled(request, "limit")
            limit = int(_number(request, "limit", float(state.journal.entries)))
        except FormatError as error:
            return refuse(error)
        return shown(list(state.journal)[-limit:] if limit else ())

    async def unmatched(request: Request) -> JSONResponse:
        try:
            await settled(request)
        except FormatError as error:
            return refuse(error)
        return shown(event for event in state.journal if event.stub is None)

    async def found(request: Request) -> list[ServeEvent] | JSONResponse:
        try:
            pattern = RequestPattern.parse(json_object(await request.body()))
            await settled(request)
        except (FormError, FormatError) as error:
            return refuse(error)
        return [event for event in state.journal if pattern.matches(event.call)]

    async def find(request: Request) -> JSONResponse:
        events = await found(request)
        return events if isinstance(events, JSONResponse) else shown(events)

    async def count(request: Request) -> JSONResponse:
        events = await found(request)
        return events if isinstance(events, JSONResponse) else JSONResponse({"count": len(events)})

    return [
        Route("/__admin/requests", all_of, methods=["GET"]),
        Route("/__admin/requests/unmatched", unmatched, methods=["GET"]),
        Route("/__admin/requests/find", find, methods=["POST"]),
        Route("/__admin/requests/count", count, methods=["POST"]),
    ]


def _number(request: Request, name: str, default: float) -> float:
    given = request.query_params.get(name)
    if given is None:
        return default
    try:
        number = float(given)
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf"):
        raise FormatError(f"{name}: expected a number from 0, got {given!r}")
    return number
