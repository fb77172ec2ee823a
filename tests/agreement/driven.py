"""A fake on a socket, both clients, and what is known of them: what every machine of `test_machine` has.

Rules change the fake or ask it. Whatever is asked is asked by both clients, and both must get what the model
foretold; between rules the fake must be as the model says.
"""

from __future__ import annotations

import struct
import time
from typing import Any

import requests as http
from hypothesis.stateful import RuleBasedStateMachine, invariant

from fake_tgi.app import create_app
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from tests.client.faces import Async, Sync

from .foretelling import Foretold, Known

__all__ = ["Driven", "plain", "same_tokens"]

PERMITS = 128


def single(number: float | None) -> bytes | None:
    return None if number is None else struct.pack("<f", number)


def same_tokens(got: list[Any], wanted: list[dict[str, Any]]) -> None:
    assert [(t.id, t.text, single(t.logprob), t.special) for t in got] == [
        (t["id"], t["text"], single(t["logprob"]), t["special"]) for t in wanted
    ]


def plain(answer: Any) -> Any:
    """An answer without what differs from one time to the next."""
    return answer.model_dump(exclude={"created", "meta"})


class Driven(RuleBasedStateMachine):
    """One fake, two clients, and what is known of them."""

    patience = 5.0
    """Seconds in which the fake must notice that a client has left."""

    def __init__(self) -> None:
        super().__init__()
        self.app = create_app(Settings(model_id="test/model"))
        self.server = Server(self.app).start()
        self.faces = (Sync(), Async())
        self.clients = [face.client(self.server.base_url) for face in self.faces]
        self.pairs = list(zip(self.faces, self.clients, strict=True))
        self.known = Known()

    def teardown(self) -> None:
        for face in self.faces:
            face.finish()
        self.server.stop()

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        with http.post(f"{self.server.base_url}/__admin/{path}", json=body, timeout=10) as answer:
            assert answer.status_code == 200, answer.text
            told: dict[str, Any] = answer.json()
            return told

    # What was foretold

    def foretell(self, prompt: str, *, chat: bool = False) -> Foretold:
        """What the next call gets."""
        return self.known.ask(prompt, chat=chat)

    def failed(
        self, error: BaseException, foretold: Foretold, seen: list[Any], *, stream: bool, openai: bool = False
    ) -> None:
        """A call that failed was to fail, with these words and this class."""
        wanted = foretold.error
        assert wanted is not None, f"unforeseen: {error!r}"
        assert str(error).endswith(wanted.told(stream=stream))
        # An error that came as an event of an OpenAI stream has lost its class, but for one.
        lost = openai and stream and wanted.is_event
        assert type(error).__name__ in ((wanted.raised, "UnknownError") if lost else (wanted.raised,))
        seen.append((foretold, wanted))

    def agree(self, seen: list[tuple[Foretold, Any]]) -> None:
        """Both clients were answered alike, where their answers had the same cause."""
        (first_cause, first), (second_cause, second) = seen
        if first_cause == second_cause:
            assert first == second

    # What always holds

    @invariant()
    def every_permit_is_free(self) -> None:
        permits = self.app.state.permits
        deadline = time.monotonic() + self.patience
        while permits.free != permits.total and time.monotonic() < deadline:
            time.sleep(0.005)  # a client that left is noticed a moment later
        assert permits.free == permits.total == (0 if self.known.full else PERMITS)

    @invariant()
    def the_queue_is_as_long_as_foretold(self) -> None:
        assert len(self.app.state.queue) == len(self.known.queue)

    @invariant()
    def every_stub_has_answered_as_often_as_foretold(self) -> None:
        foretold = [(stub.place, stub.hits) for stub in self.known.in_order()]
        assert [(placed.id, placed.hits) for placed in self.app.state.stubs] == foretold

    @invariant()
    def the_router_believes_what_it_must(self) -> None:
        assert self.app.state.health.flag == self.known.believed_healthy
