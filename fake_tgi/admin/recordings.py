"""`/__admin/recordings`: the exchanges that are played, and how.

GET    /__admin/recordings  every one, and the files that were refused
POST   /__admin/recordings  `{"exchanges": […]}` adds some (schema Exchange) until the server is reset;
                            `{"folder": "…"}` plays those of a folder or file on the server's machine instead
                            of all; `"speed"` and `"on_miss"` say how, as flags do
DELETE /__admin/recordings  none is played any more, until some are added or the server is reset
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..recordings.generations import RecordedGenerations
from ..recordings.recording import Recording, parse_recording
from ..recordings.replay import OnMiss, Replay
from ..shards.scripted import FormatError
from ..timing.speed import INSTANT, SPEED, read_speed
from .bodies import json_object, known, member, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]


def routes(state: State) -> list[Route]:
    """The routes over what one fake replays."""

    async def resource(request: Request) -> JSONResponse:
        if request.method == "DELETE":
            state.play(None)
        elif request.method == "POST":
            try:
                _change(state, json_object(await request.body()))
            except FormatError as error:
                return refuse(error)
        return JSONResponse(_listed(state.replay))

    return [Route("/__admin/recordings", resource, methods=["GET", "POST", "DELETE"])]


def _change(state: State, body: dict[str, Any]) -> None:
    """Does all of it, or nothing if anything is wrong. Raises FormatError."""
    known(body, ("exchanges", "folder", "speed", "on_miss"))
    if not body:
        raise FormatError("expected one of exchanges, folder, speed, on_miss, got an empty object")
    values = member(body, "exchanges", list, "a list of recorded exchanges", [])
    found = [parse_recording(value, f"exchanges[{index}]") for index, value in enumerate(values)]
    speed = _speed(body)
    on_miss = _on_miss(state, body)
    replay = _of_folder(state, body) or state.replay or Replay([], RecordedGenerations(state.tokenizer))
    if speed is not None:
        replay.speed = speed
    if on_miss is not None:
        replay.on_miss = on_miss
    for recording in found:
        replay.add(recording, lent=True)
    state.play(replay)


def _speed(body: dict[str, Any]) -> float | None:
    said = body.get("speed")
    if isinstance(said, str):
        try:
            return read_speed(said)
        except ValueError as error:
            raise FormatError(f"speed: {error}, got {said!r}") from None
    speed = member(body, "speed", (int, float), SPEED, None, fits=lambda number: number > 0)
    return None if speed is None else float(speed)


def _on_miss(state: State, body: dict[str, Any]) -> OnMiss | None:
    """Only a start says which server is behind the fake, and where what it answers is kept."""
    beyond = state.beyond
    known: tuple[str, ...]
    if beyond is None:
        known, hint = ("seeded", "fail"), "seeded or fail (the others: start with --upstream)"
    elif not beyond.keeps:
        known, hint = (
            ("seeded", "fail", "proxy"),
            "seeded, fail or proxy (record: start with --on-miss record)",
        )
    else:
        known, hint = get_args(OnMiss), "seeded, fail, proxy or record"
    found: OnMiss | None = member(body, "on_miss", str, hint, None, fits=known.__contains__)
    return found


def _of_folder(state: State, body: dict[str, Any]) -> Replay | None:
    folder = member(body, "folder", str, "the path of a folder or file of recordings", None)
    if folder is None:
        return None
    try:
        return Replay.read(Path(folder), state.tokenizer)
    except OSError as error:
        raise FormatError(
            f"folder: expected a folder or file of recordings, got {folder!r}: {error}"
        ) from None


def _listed(replay: Replay | None) -> dict[str, Any]:
    if replay is None:
        return {"recordings": [], "generations": 0, "refused": [], "speed": None, "on_miss": None}
    return {
        "recordings": list(map(_shown, replay)),
        "generations": len(replay.generations),
        "refused": list(map(str, replay.refused)),
        "speed": "instant" if replay.speed == INSTANT else replay.speed,
        "on_miss": replay.on_miss,
    }


def _shown(recording: Recording) -> dict[str, Any]:
    return {
        "name": recording.name,
        "method": recording.method,
        "path": recording.target,
        "status": recording.status,
        "ended": recording.ended,
    }
