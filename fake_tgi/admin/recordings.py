"""`/__admin/recordings`: the exchanges that are played.

GET    /__admin/recordings  every one, and the files that were refused
POST   /__admin/recordings  `{"exchanges": […], "speed": 2}` adds some (schema Exchange), sets the speed
DELETE /__admin/recordings  none is played any more, until some are added
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..recordings.generations import RecordedGenerations
from ..recordings.recording import parse_recording
from ..recordings.replay import Replay
from ..shards.scripted import FormatError
from .bodies import json_object, member, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]


def routes(state: State) -> list[Route]:
    """The routes over what one fake replays."""

    async def resource(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            state.replay = None
        elif request.method == "POST":
            try:
                _add(state, json_object(await request.body()))
            except FormatError as error:
                return refuse(str(error))
        return JSONResponse(_listed(state.replay))

    return [Route("/__admin/recordings", resource, methods=["GET", "POST", "DELETE"])]


def _add(state: State, body: dict[str, Any]) -> None:
    """Adds all, or none if anything is wrong. Raises FormatError."""
    unknown = sorted(set(body) - {"exchanges", "speed"})
    if unknown:
        raise FormatError(f"{unknown[0]}: expected one of exchanges, speed")
    values = member(body, "exchanges", list, "a list of recorded exchanges")
    found = [parse_recording(value, f"exchanges[{index}]") for index, value in enumerate(values)]
    speed = body.get("speed")
    if speed is not None and (type(speed) not in (int, float) or not speed > 0):
        raise FormatError(f"speed: expected a number above 0, got {speed!r}")
    if state.replay is None:
        state.replay = Replay([], RecordedGenerations(state.tokenizer))
    for recording in found:
        state.replay.add(recording)
    if speed is not None:
        state.replay.speed = float(speed)


def _listed(replay: Replay | None) -> dict[str, Any]:
    return {
        "recordings": [
            {
                "name": recording.name,
                "method": recording.method,
                "path": recording.target,
                "status": recording.status,
                "ended": recording.ended,
            }
            for recording in replay or ()
        ],
        "refused": [str(refused) for refused in (replay.refused if replay is not None else ())],
    }
