"""`/__admin/clock`: what time it is for the fake, and moving it.

GET shows it. POST `{"advance": "60s"}` lets time pass on a virtual clock, with all that happens in it;
`{"speed": 10}` changes how fast a real one runs, where the server was started with `--speedup`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..clock import ScaledClock, VirtualClock
from ..shards.scripted import FormatError
from ..timing.durations import TimingError, duration
from .bodies import json_object, known, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]

_LONGEST = 10 * 365 * 86_400.0
"""Seconds."""


def routes(state: State) -> list[Route]:
    """The resource over one fake's state."""

    async def clock(request: Request) -> JSONResponse:
        if request.method == "POST":
            try:
                await _move(state.clock, json_object(await request.body()))
            except FormatError as error:
                return refuse(error)
        return JSONResponse(_shown(state.clock))

    return [Route("/__admin/clock", clock, methods=["GET", "POST"])]


async def _move(clock: object, body: dict[str, Any]) -> None:
    known(body, ("advance", "speed"))
    if len(body) != 1:
        raise FormatError(f"expected one of advance, speed, got the keys {sorted(body)}")
    if "advance" in body:
        seconds = _seconds(body["advance"])
        if not isinstance(clock, VirtualClock):
            raise FormatError(
                "advance: expected a clock that can be moved, while real time passes by itself: "
                "start the server with --clock stepped"
            )
        await clock.elapse(seconds)
        return
    speed = body["speed"]
    if type(speed) not in (int, float) or not 0 < speed <= 1e6:
        raise FormatError(f"speed: expected a number above 0, at most 1000000, got {speed!r}")
    if not isinstance(clock, ScaledClock):
        raise FormatError(
            "speed: expected a clock that has one: start the server with --speedup and a number that is not 1"
        )
    clock.speed = speed


def _seconds(value: object) -> float:
    try:
        seconds = duration(value) if isinstance(value, str) else value
    except TimingError as error:
        raise FormatError(f"advance: {error}") from None
    if type(seconds) not in (int, float) or not 0 <= float(str(seconds)) <= _LONGEST:
        raise FormatError(f"advance: expected a duration such as 60s, or seconds, got {value!r}")
    return float(str(seconds))


def _shown(clock: Any) -> dict[str, Any]:
    if isinstance(clock, VirtualClock):
        return {"kind": "virtual" if clock.jumps else "stepped", "now": clock()}
    speed = clock.speed if isinstance(clock, ScaledClock) else 1.0
    return {"kind": "real", "now": clock(), "speed": speed}
