"""`/__admin/faults`: what goes wrong, as a list of rules.

GET shows them, PUT replaces them all, POST adds some, DELETE takes them all away. A rule is words
(`"cut(tokens=3) rate=0.1"`) or an object; all are read before any is taken.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from ..fault_plans import SEED, FaultPlan, FaultRule
from ..faults import FaultError, as_json, read_rule
from ..shards.scripted import FormatError
from .bodies import json_object, known, member, refuse

if TYPE_CHECKING:
    from starlette.requests import Request

    from ..state import State

__all__ = ["routes"]


def routes(state: State) -> list[Route]:
    """The resource over one fake's state."""

    async def faults(request: Request) -> JSONResponse:
        planned = state.faults
        try:
            if request.method == "DELETE":
                planned.plan = FaultPlan((), planned.plan.seed)
            elif request.method in ("PUT", "POST"):
                body = json_object(await request.body())
                known(body, ("faults", "seed", "allow_header"))
                rules = _rules(member(body, "faults", list, "a list of faults", []))
                seed = member(body, "seed", int, SEED, planned.plan.seed, fits=lambda seed: 0 <= seed < 2**64)
                by_header = member(body, "allow_header", bool, "true or false", planned.by_header)
                if request.method == "PUT" or seed != planned.plan.seed:
                    kept = () if request.method == "PUT" else planned.plan.rules
                    planned.plan = FaultPlan((*kept, *rules), seed)
                else:
                    planned.add(*rules)
                planned.by_header = by_header
        except FormatError as error:
            return refuse(error)
        return JSONResponse(
            {
                "faults": [
                    {**as_json(rule), "calls": calls}
                    for rule, calls in zip(planned.plan.rules, planned.counts, strict=True)
                ],
                "seed": planned.plan.seed,
                "allow_header": planned.by_header,
            }
        )

    return [Route("/__admin/faults", faults, methods=["GET", "PUT", "POST", "DELETE"])]


def _rules(values: list[Any]) -> list[FaultRule]:
    rules = []
    for index, value in enumerate(values):
        try:
            rules.append(read_rule(value))
        except FaultError as error:
            why = str(error).rpartition(", got ")[0] or str(error)
            raise FormatError(
                f"faults[{index}]: expected a fault that can be read ({why}), got {value!r}"
            ) from None
    return rules
