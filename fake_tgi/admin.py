"""The controls of a running fake, as JSON under `/__admin/`. Nothing here needs the model's API key.

Bad input is a 422 that says where, what was expected and what came, and changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from .model import Condition
from .scripted import FormatError

if TYPE_CHECKING:
    from starlette.requests import Request

    from .state import State

__all__ = ["create_admin"]


def create_admin(state: State) -> Starlette:
    """The application behind `/__admin/`, over one fake's state."""

    async def generations(request: Request) -> JSONResponse:
        try:
            body = _object(await request.body())
            queued = state.queue.put(
                _member(body, "generations", list, "a list of generations"),
                replace=_member(body, "replace", bool, "true or false", False),
            )
        except FormatError as error:
            return _refuse(str(error))
        return JSONResponse({"queued": queued})

    async def health(request: Request) -> JSONResponse:
        if request.method == "POST":
            try:
                state.model.condition = _condition(_object(await request.body()))
            except FormatError as error:
                return _refuse(str(error))
        return JSONResponse({**asdict(state.model.condition), "believed_healthy": state.health.flag})

    async def reset(request: Request) -> JSONResponse:
        state.clear()
        return JSONResponse({"reset": True})

    return Starlette(
        routes=[
            Route("/__admin/generations", generations, methods=["POST"]),
            Route("/__admin/health", health, methods=["GET", "POST"]),
            Route("/__admin/reset", reset, methods=["POST"]),
        ]
    )


def _condition(body: dict[str, Any]) -> Condition:
    """How the model is to be from now on; what is left out is well."""
    unknown = sorted(set(body) - {"sick", "gone", "crash_after", "crash_message"})
    if unknown:
        raise FormatError(f"{unknown[0]}: expected one of sick, gone, crash_after, crash_message")
    well = Condition()
    crash_after = body.get("crash_after")
    if crash_after is not None and (type(crash_after) is not int or crash_after < 0):
        raise FormatError(f"crash_after: expected a number of tokens from 0, or null, got {crash_after!r}")
    return Condition(
        sick=_member(body, "sick", bool, "true or false", well.sick),
        gone=_member(body, "gone", bool, "true or false", well.gone),
        crash_after=crash_after,
        crash_message=_member(body, "crash_message", str, "a string", well.crash_message),
    )


def _refuse(message: str) -> JSONResponse:
    return JSONResponse({"error": message, "error_type": "admin"}, status_code=422)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError as error:
        raise FormatError(f"expected a JSON object, got no JSON: {error}") from error
    if not isinstance(value, dict):
        raise FormatError(f"expected a JSON object, got {type(value).__name__}")
    return value


def _member(body: dict[str, Any], key: str, kind: type, expected: str, default: Any = ...) -> Any:
    value = body.get(key, default)
    if value is ...:
        raise FormatError(f"{key}: expected {expected}, but the key is missing; got the keys {sorted(body)}")
    if not isinstance(value, kind):
        raise FormatError(f"{key}: expected {expected}, got {value!r}")
    return value
