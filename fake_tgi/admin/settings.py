"""`/__admin/settings`: what can be changed while the server runs.

GET shows it all. PATCH changes what it names, in an object for each group (`{"time": {...}}`), and
everything is read before anything is changed. Times apply to calls that come from now on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..delays import configured
from ..settings import Settings, SettingsError
from ..shards.scripted import FormatError
from .bodies import json_object, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["TIME", "routes"]

TIME: Final = (
    "time_to_first_token", "prefill_time_per_token", "inter_token_latency", "load_factor", "profile",
    "simulate_batching",
)  # fmt: skip
"""The settings of the group `time`, under their names as flags; null takes one away."""


def routes(state: State) -> list[Route]:
    """The resource over one fake's state."""

    async def settings(request: Request) -> JSONResponse:
        if request.method == "PATCH":
            try:
                changed = _changed(state.settings, json_object(await request.body()))
            except FormatError as error:
                return refuse(str(error))
            state.infer.delays = configured(changed)
            state.settings = changed
        return JSONResponse({"time": {name: getattr(state.settings, name) for name in TIME}})

    return [Route("/__admin/settings", settings, methods=["GET", "PATCH"])]


def _changed(settings: Settings, body: dict[str, Any]) -> Settings:
    unknown = sorted(set(body) - {"time"})
    if unknown:
        raise FormatError(f"{unknown[0]}: expected one of time")
    time = body.get("time", {})
    if not isinstance(time, dict):
        raise FormatError(f"time: expected an object, got {time!r}")
    unknown = sorted(set(time) - set(TIME))
    if unknown:
        raise FormatError(f"time.{unknown[0]}: expected one of {', '.join(TIME)}")
    try:
        return replace(settings, **time)
    except SettingsError as error:
        raise FormatError(f"time: {error}") from None
