"""What is done to the fake of a machine: generations queued, stubs added, its model made sick, all reset."""

from __future__ import annotations

from collections import deque
from typing import Any

import requests as http
from hypothesis import strategies as st
from hypothesis.stateful import rule

from .driven import PERMITS, Driven
from .foretelling import Known, KnownStub, model_calls, stubs

__all__ = ["Doing"]


class Doing(Driven):
    """Rules that change the fake, and with it what is known."""

    @rule(calls=st.lists(model_calls(), min_size=1, max_size=4), replace=st.booleans())
    def queue(self, calls: list[dict[str, Any]], replace: bool) -> None:
        if replace:
            self.known.queue.clear()
        self.known.queue.extend(calls)
        told = self.control("generations", {"generations": calls, "replace": replace})
        assert told == {"queued": len(self.known.queue)}

    @rule(said=model_calls())
    def queue_the_same_for_both(self, said: dict[str, Any]) -> None:
        self.known.queue = deque([said, said])
        self.control("generations", {"generations": [said, said], "replace": True})

    @rule(damage=st.sampled_from(["tokens", "finish_reason"]), said=model_calls())
    def queue_what_is_no_generation(self, damage: str, said: dict[str, Any]) -> None:
        broken = {**said, damage: 5}
        url = f"{self.server.base_url}/__admin/generations"
        with http.post(url, json={"generations": [said, broken]}, timeout=10) as answer:
            assert answer.status_code == 422
            assert f"generations[1].{damage}" in answer.text

    @rule(
        sick=st.booleans(),
        gone=st.sampled_from([False, False, True]),
        crash_after=st.sampled_from([None, 0, 1, 3]),
    )
    def change_the_model(self, sick: bool, gone: bool, crash_after: int | None) -> None:
        self.known.sick, self.known.gone, self.known.crash_after = sick, gone, crash_after
        told = self.control("health", {"sick": sick, "gone": gone, "crash_after": crash_after})
        assert told["believed_healthy"] == self.known.believed_healthy

    @rule()
    def reset(self) -> None:
        self.known = Known(full=self.known.full)
        assert self.control("reset", {}) == {"reset": True}

    @rule(full=st.booleans())
    def fill_or_free_the_router(self, full: bool) -> None:
        self.known.full = full
        self.app.state.permits.resize(0 if full else PERMITS)

    @rule(said=stubs())
    def add_a_stub(self, said: dict[str, Any]) -> None:
        with http.post(f"{self.server.base_url}/__admin/stubs", json=said, timeout=10) as answer:
            assert answer.status_code == 201, answer.text
            [added] = answer.json()["stubs"]
        assert added["id"] not in [stub.place for stub in self.known.stubs]
        self.known.stubs.append(KnownStub(added["id"], said))

    @rule(chosen=st.integers(0, 10))
    def take_a_stub_away(self, chosen: int) -> None:
        url = f"{self.server.base_url}/__admin/stubs"
        if chosen >= len(self.known.stubs):
            self.known.stubs.clear()
            assert http.delete(url, timeout=10).status_code == 200
            return
        stub = self.known.stubs.pop(chosen)
        assert http.delete(f"{url}/{stub.place}", timeout=10).json()["hits"] == stub.hits
        assert http.delete(f"{url}/{stub.place}", timeout=10).status_code == 404
