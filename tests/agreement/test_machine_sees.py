"""A machine that cannot see a broken fake proves nothing: each damage here is one that it must see.

The damaged fake breaks a promise that no single answer shows to be broken, or says something that is as valid
as what it should have said.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from fake_tgi.app import Application
from fake_tgi.health import Health
from fake_tgi.limits import Permits
from fake_tgi.shards.scripted import GenerationQueue
from fake_tgi.stubs import stub_map
from fake_tgi.stubs.placed import PlacedStub
from text_generation.errors import TextGenerationError

from .test_machine import Machine

Patch = Callable[[pytest.MonkeyPatch], None]

# The first failure is enough: nothing is drawn again, and nothing shrunk.
ONCE = settings(
    max_examples=100,
    stateful_step_count=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


def on_the_wire(change: Callable[[bytes], bytes | None]) -> Patch:
    """Each piece of a body is changed, to as many bytes; or, of a stream, left out (None)."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        call = Application.__call__

        async def damaged(self: Any, scope: Any, receive: Any, send: Any) -> None:
            async def sending(message: Any) -> None:
                body = message.get("body")
                changed = change(body) if body and not scope["path"].startswith("/__admin") else body
                await send(message if body is None else {**message, "body": changed or b""})

            await call(self, scope, receive, sending)

        monkeypatch.setattr(Application, "__call__", damaged)
        monkeypatch.delattr(Application, "frames")  # so that the server asks as any server does

    return patch


def instead(old: bytes, new: bytes) -> Patch:
    assert len(old) == len(new)
    return on_the_wire(lambda body: body.replace(old, new))


def patched(owner: Any, name: str, new: Any) -> Patch:
    return lambda monkeypatch: monkeypatch.setattr(owner, name, new)


def takes_the_last(queue: Any, request: Any) -> Any:
    return queue._queued.pop()[1] if queue._queued else None


DAMAGES: dict[str, Patch] = {
    "a permit is never given back": patched(Permits, "release", lambda self: None),
    "a permit is taken for nothing": patched(Permits, "acquire", lambda self: True),
    "the queue is taken from its end": patched(GenerationQueue, "take", takes_the_last),
    "a generation stays in the queue after a reset": patched(GenerationQueue, "clear", lambda self: None),
    "a failure of the model leaves the router in good faith": patched(Health, "failed", lambda self: None),
    "the health check always says yes": patched(Health, "check", lambda self: True),
    "a stub answers more often than it may": patched(PlacedStub, "spent", property(lambda self: False)),
    "the oldest stub answers": patched(stub_map, "order", lambda placed: (-placed.stub.priority, placed.id)),
    "no stub comes before another": patched(stub_map, "order", lambda placed: -placed.id),
    "stubs outlive a reset": patched(stub_map.StubMap, "clear", lambda self: None),
    "an error of a stream is swallowed": on_the_wire(
        lambda body: None if body.startswith(b'data: {"error"') else body
    ),
    "an event of a stream is swallowed": on_the_wire(
        lambda body: None if body.startswith(b'data: {"index":2,') else body
    ),
    "a chat says that it ended for its length": instead(b'"finish_reason":"stop"', b'"finish_reason":"leng"'),
    "another class of error": instead(b'"error_type":"generation"', b'"error_type":"validation"'),
    "log-probabilities lose their sign": instead(b'"logprob":-', b'"logprob": '),
}


class ImpatientMachine(Machine):
    patience = 0.5


@pytest.mark.sweep
@pytest.mark.damages_answers
@pytest.mark.parametrize("damage", DAMAGES)
def test_the_machine_sees(damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    DAMAGES[damage](monkeypatch)
    with pytest.raises((AssertionError, TextGenerationError)):
        run_state_machine_as_test(ImpatientMachine, settings=ONCE)
