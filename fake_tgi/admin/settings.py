"""`/__admin/settings`: what can be changed while the server runs.

GET shows it all. PATCH changes what it names, in an object for each group (`{"time": {...}}`), and
everything is read before anything is changed. What is changed applies to calls that come from now on, and
`/__admin/reset` brings back what the server was started with.
"""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..changing import GROUPS, SINGLE
from ..model import Condition
from ..settings import Settings, SettingsError
from ..shards.scripted import FormatError
from .bodies import json_object, known, member, refuse
from .condition import read_condition

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]

_NAMES: Final = (*GROUPS, *SINGLE, "health")
_JSON: Final = {"None": "null", "True": "true", "False": "false"}
_NAMED: Final = re.compile(r"`?(\w+)`?\b")


def routes(state: State) -> list[Route]:
    """The resource over one fake's state."""

    async def settings(request: Request) -> JSONResponse:
        if request.method == "PATCH":
            try:
                body = json_object(await request.body())
                known(body, _NAMES)
                changed, condition = _settings(state.settings, body), _condition(state.model.condition, body)
            except FormatError as problem:
                return refuse(problem)
            state.use(changed)
            state.model.condition = condition
        return JSONResponse(_shown(state))

    return [Route("/__admin/settings", settings, methods=["GET", "PATCH"])]


def _shown(state: State) -> dict[str, Any]:
    settings = state.settings
    return {
        **{group: {name: getattr(settings, name) for name in names} for group, names in GROUPS.items()},
        **{name: getattr(settings, name) for name in SINGLE},
        "health": asdict(state.model.condition),
    }


def _settings(before: Settings, body: dict[str, Any]) -> Settings:
    """The settings that a body makes of those before. Raises FormatError."""
    given: dict[str, Any] = {name: body[name] for name in SINGLE if name in body}
    places: dict[str, str] = {name: name for name in SINGLE}
    for group, names in GROUPS.items():
        values = member(body, group, dict, "an object", {})
        known(values, names, f"{group}.")
        given.update(values)
        places.update((name, f"{group}.{name}") for name in names)
    try:
        return replace(before, **given)
    except SettingsError as problem:
        raise FormatError(_placed(str(problem), places, given)) from None


def _condition(before: Condition, body: dict[str, Any]) -> Condition:
    return read_condition(member(body, "health", dict, "an object", {}), before, "health.")


def _placed(message: str, places: dict[str, str], given: dict[str, Any]) -> str:
    """What settings say of themselves, with the place in the body that it is about."""
    about = next((name for name in _NAMED.findall(message) if name in given), None)
    about = about or next((name for name in _NAMED.findall(message) if name in places), None)
    if about is None:
        return message
    said = re.sub(rf"^`?{about}`?:? (must be |expected )", "", message)
    if said == message:
        said = f"what a server can be started with: {message}"
    said = said.replace("or None", "or null").replace("True or False", "true or false")
    said = re.sub(r"(?<=, got )(None|True|False)$", lambda found: _JSON[found[0]], said)
    return f"{places[about]}: expected {said}"
