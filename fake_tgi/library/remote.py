"""The control of a fake in another process, through its admin API. Nothing is kept here: the fake has it."""

from __future__ import annotations

import asyncio
import base64
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..changing import GROUPS, SINGLE, known
from ..faults import as_json as fault_as_json
from ..journal.json_form import from_json
from ..settings import SettingsError
from .admin_api import AdminApi, AdminError
from .control import StubGone
from .portable import portable

if TYPE_CHECKING:
    from ..call import Call
    from ..fault_plans import FaultRule
    from ..journal import ServeEvent
    from ..model import Condition
    from ..stubs import Stub
    from ..stubs.origin import Origin

__all__ = ["RemoteControl"]


class RemoteControl:
    """`api` gives the admin API, and raises RuntimeError while the fake is not running.

    `model_id` is what it was told to be; empty where that is not known.
    """

    def __init__(self, api: Callable[[], AdminApi], model_id: str = "") -> None:
        self._api = api
        self._model_id = model_id

    def add_stub(self, stub: Stub, origin: Origin | None) -> int:
        added: int = self._ask("POST", "/stubs", portable(stub))["stubs"][0]["id"]
        return added

    def remove_stub(self, id: int) -> None:
        self._of_stub("DELETE", id)

    def hits(self, id: int) -> int:
        hits: int = self._of_stub("GET", id)["hits"]
        return hits

    def function_errors(self) -> list[BaseException]:
        return [RuntimeError(each["traceback"]) for each in self._ask("GET", "/stubs/errors")["errors"]]

    def near_misses(self, call: Call) -> list[str]:
        return [
            _told(miss) for miss in self._ask("POST", "/stubs/near-misses", _request(call))["near_misses"]
        ]

    def add_faults(self, rules: Sequence[FaultRule]) -> None:
        self._ask("POST", "/faults", {"faults": [fault_as_json(rule) for rule in rules]})

    def clear_faults(self) -> None:
        self._ask("DELETE", "/faults")

    def events(self) -> list[ServeEvent]:
        return [from_json(record) for record in self._ask("GET", "/requests?wait=0")["requests"]]

    def settle(self, timeout: float) -> int:
        left: int = self._ask("GET", f"/requests?limit=0&wait={timeout:g}")["in_flight"]
        return left

    def reset(self) -> None:
        self._ask("POST", "/reset")

    def now(self) -> float:
        now: float = self._ask("GET", "/clock")["now"]
        return now

    def advance(self, seconds: float) -> None:
        if not (isinstance(seconds, (int, float)) and 0 <= seconds < math.inf):
            raise ValueError(f"expected a number of seconds from 0, got {seconds!r}")
        try:
            self._ask("POST", "/clock", {"advance": seconds})
        except AdminError as error:
            raise RuntimeError(str(error)) from None

    async def elapse(self, seconds: float) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self.advance, seconds)

    def change(self, settings: dict[str, Any]) -> None:
        known(settings)
        grouped: dict[str, Any] = {name: settings[name] for name in SINGLE if name in settings}
        for group, names in GROUPS.items():
            grouped[group] = {name: settings[name] for name in names if name in settings}
        try:
            self._ask("PATCH", "/settings", grouped)
        except AdminError as error:
            raise SettingsError(str(error)) from None

    def set_condition(self, condition: Condition) -> None:
        self._ask("POST", "/health", asdict(condition))

    def model_id(self) -> str:
        return self._model_id

    def _of_stub(self, method: str, id: int) -> Any:
        try:
            return self._ask(method, f"/stubs/{id}")
        except AdminError as error:
            if error.status == 404:
                raise StubGone(str(error)) from None
            raise

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        return self._api()(method, path, body)


def _told(miss: dict[str, Any]) -> str:
    differences = (
        f"{each['where']}{each['where'] and ': '}expected {each['expected']}, got {each['got']}"
        for each in miss["differences"]
    )
    return f"{miss['stub']}: {'; '.join(differences)}"


def _request(call: Call) -> dict[str, Any]:
    """As the schema RecordedRequest has it."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in call.headers}
    path = f"{call.path}?{call.query}" if call.query else call.path
    told: dict[str, Any] = {"method": call.method, "path": path, "headers": headers}
    try:
        return {**told, "raw": call.body.decode()} if call.body else told
    except UnicodeDecodeError:
        return {**told, "raw_b64": base64.b64encode(call.body).decode()}
