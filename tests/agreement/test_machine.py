"""A fake on a socket and both clients, driven at random against a model of what must hold.

The model knows what was queued, how the fake's model was told to be, and what the router believes of its
health. From that it foretells each answer: its tokens, its error, what is left of the queue. Whatever is
asked is asked by both clients, and both must get what was foretold; afterwards every permit is free.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections import deque
from typing import Any

import pytest
import requests as http
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from fake_tgi.app import create_app
from fake_tgi.fault_plans import FaultPlan
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from fake_tgi.shard import Sampling, ShardRequest
from fake_tgi.strategies import ModelCall, fault_plans
from tests.client.faces import Async, Sync
from text_generation.errors import (
    GenerationError,
    OverloadedError,
    TextGenerationError,
    UnknownError,
    ValidationError,
)

from .foretelling import LIMIT, PROMPTS, Foretold, Known, model_calls, spoken


def single(number: float | None) -> bytes | None:
    return None if number is None else struct.pack("<f", number)


def same_tokens(got: list[Any], wanted: list[dict[str, Any]]) -> None:
    assert [(t.id, t.text, single(t.logprob), t.special) for t in got] == [
        (t["id"], t["text"], single(t["logprob"]), t["special"]) for t in wanted
    ]


def plain(answer: Any) -> Any:
    """An answer without what differs from one time to the next."""
    return answer.model_dump(exclude={"created", "meta"})


class Machine(RuleBasedStateMachine):
    """One fake, two clients, and what is known of them."""

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

    # What is done to the fake

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
        self.app.state.permits.resize(0 if full else 128)

    # What is asked of it

    @rule(prompt=st.sampled_from(PROMPTS), top_n_tokens=st.sampled_from([None, 2]))
    def generate(self, prompt: str, top_n_tokens: int | None) -> None:
        seen = []
        for face, client in self.pairs:
            foretold = self.foretell(prompt)
            try:
                answer = face.call(
                    client, "generate", prompt, max_new_tokens=LIMIT, top_n_tokens=top_n_tokens
                )
            except TextGenerationError as error:
                self.failed(error, foretold, seen)
                continue
            assert foretold.error is None
            details = answer.details
            assert details.generated_tokens == len(details.tokens)
            assert (details.top_tokens is not None) == (top_n_tokens is not None)
            if foretold.tokens is not None:
                same_tokens(details.tokens, foretold.tokens)
                assert answer.generated_text == foretold.text
                assert details.finish_reason == foretold.finish_reason
                if top_n_tokens:
                    for got, wanted in zip(details.top_tokens, foretold.top_tokens or [], strict=True):
                        same_tokens(got, wanted)
            seen.append((foretold, plain(answer)))
        self.agree(seen)

    @rule(prompt=st.sampled_from(PROMPTS))
    def stream(self, prompt: str) -> None:
        seen = []
        for face, client in self.pairs:
            foretold = self.foretell(prompt)
            items, error = face.collect(face.stream(client, "generate_stream", prompt, max_new_tokens=LIMIT))
            if foretold.tokens is not None:  # also those before an error
                same_tokens([item.token for item in items], foretold.tokens)
            assert foretold.count in (None, len(items))
            if error is not None:
                self.failed(error, foretold, seen)
                continue
            assert foretold.error is None
            assert [item.generated_text is None for item in items] == [True] * (len(items) - 1) + [False]
            if foretold.tokens is not None:
                assert items[-1].generated_text == foretold.text
                assert items[-1].details.finish_reason == foretold.finish_reason
            seen.append((foretold, [item.model_dump() for item in items]))
        self.agree(seen)

    @rule(prompt=st.sampled_from(PROMPTS), count=st.integers(1, 2))
    def leave_a_stream_early(self, prompt: str, count: int) -> None:
        for face, client in self.pairs:
            foretold = self.foretell(prompt)
            stream = face.stream(client, "generate_stream", prompt, max_new_tokens=LIMIT)
            try:
                items = face.take(stream, count)
            except TextGenerationError as error:
                self.failed(error, foretold, [])
                continue
            finally:
                face.close(stream)
            if foretold.tokens is not None:
                same_tokens([item.token for item in items], foretold.tokens[:count])

    @rule(prompt=st.sampled_from(PROMPTS), streamed=st.booleans())
    def chat(self, prompt: str, streamed: bool) -> None:
        messages = [{"role": "user", "content": prompt}]
        seen = []
        for face, client in self.pairs:
            foretold = self.foretell(None)
            answer, error = self.chatted(face, client, messages, streamed=streamed)
            if error is not None:
                self.failed(error, foretold, seen, openai=streamed)
                continue
            assert foretold.error is None
            message, choice = answer.choices[0].message, answer.choices[0]
            if foretold.tokens is not None:
                wanted = foretold.text
                if streamed:
                    wanted = "".join(token["text"] for token in foretold.tokens if not token["special"])
                assert message.content == wanted
                assert answer.usage["completion_tokens"] == len(foretold.tokens)
                spelled = "stop" if foretold.finish_reason == "eos_token" else foretold.finish_reason
                assert choice.finish_reason == spelled
            seen.append((foretold, plain(answer)))
        self.agree(seen)

    def chatted(self, face: Any, client: Any, messages: Any, *, streamed: bool) -> tuple[Any, Any]:
        """A chat's whole answer, or its error."""
        options = {"max_tokens": LIMIT, "temperature": 0.0}
        try:
            if not streamed:
                return face.call(client, "chat", messages, **options), None
            usage = {"include_usage": True}
            stream = face.stream(client, "chat", messages, stream=True, stream_options=usage, **options)
            return face.result(stream), None
        except TextGenerationError as error:
            return None, error

    @rule(prompts=st.lists(st.sampled_from(PROMPTS), min_size=1, max_size=3))
    def complete(self, prompts: list[str]) -> None:
        for face, client in self.pairs:
            before = self.app.state.health.flag
            foretold = [self.foretell(prompt) for prompt in prompts] if not self.known.full else []
            try:
                answer = face.call(client, "completion", prompts, max_tokens=LIMIT, temperature=0.0)
            except OverloadedError:
                assert self.known.full
                assert self.app.state.health.flag == before
            except GenerationError as error:
                # The first failure ends it; prompts behind it may or may not have been asked.
                self.failed(error, next(each for each in foretold if each.error is not None), [])
                self.reset()
            else:
                for choice in answer.choices:
                    wanted = foretold[choice.index]
                    assert wanted.error is None
                    assert wanted.text is None or choice.text == wanted.text

    @precondition(lambda self: self.known == Known(self.known.queue, sick=self.known.sick))
    @rule(prompt=st.sampled_from(PROMPTS), adversarial=st.booleans(), data=st.data())
    def ask_for_the_best(self, prompt: str, adversarial: bool, data: st.DataObject) -> None:
        sampled = ShardRequest(prompt, 3, LIMIT, truncate=4000, sampling=Sampling(do_sample=True, seed=7))
        two = [data.draw(spoken(sampled, adversarial=adversarial)) for _ in range(2)]
        calls = [ModelCall(sampled, made).recorded() for made in two]
        self.control("generations", {"generations": calls * 2, "replace": True})
        self.known.queue.clear()
        answers = [
            face.call(client, "generate", prompt, do_sample=True, best_of=2, max_new_tokens=LIMIT)
            for face, client in self.pairs
        ]
        assert plain(answers[0]) == plain(answers[1])
        (other,) = answers[0].details.best_of_sequences
        texts = [answers[0].generated_text, other.generated_text]
        assert sorted(texts) == sorted(made.generated_text for made in two)

    @rule(
        wrong=st.sampled_from(
            [{"stop_sequences": ["a"] * 5}, {"top_n_tokens": 6}, {"max_new_tokens": 0}, {"truncate": 4096}]
        )
    )
    def ask_for_what_is_refused(self, wrong: dict[str, Any]) -> None:
        for face, client in self.pairs:
            for method in ("generate", "generate_stream"):
                try:
                    if method == "generate":
                        face.call(client, method, "a", **wrong)
                    else:
                        _, error = face.collect(face.stream(client, method, "a", **wrong))
                        if error is not None:
                            raise error
                except OverloadedError:
                    assert self.known.full  # which is looked at first
                except ValidationError:
                    pass
                else:
                    raise AssertionError(f"{wrong} was accepted")

    @rule()
    def check_health(self) -> None:
        for face, client in self.pairs:
            assert face.call(client, "health") == self.known.check_health()

    @rule(text=st.sampled_from(["", *PROMPTS]))
    def look_around(self, text: str) -> None:
        first, second = (face.call(client, "tokenize", text) for face, client in self.pairs)
        assert first == second
        assert [text.encode()[token.start : token.stop].decode() for token in first] == [
            token.text for token in first
        ]
        one, other = (face.call(client, "info") for face, client in self.pairs)
        assert plain(one) == plain(other)
        assert one.model_id == "test/model"

    # What was foretold

    def foretell(self, prompt: str | None) -> Foretold:
        if self.known.full:
            return Foretold([], error="Model is overloaded")
        return self.known.ask(prompt)

    def failed(
        self, error: BaseException, foretold: Foretold, seen: list[Any], *, openai: bool = False
    ) -> None:
        """A call that failed was to fail, with this error."""
        assert foretold.error is not None, f"unforeseen: {error!r}"
        assert str(error).endswith(foretold.error)
        overloaded = foretold.error == "Model is overloaded"
        kinds = (OverloadedError, UnknownError) if overloaded else (GenerationError, UnknownError)
        # In an OpenAI stream every error looks the same to a client, but for its words.
        assert isinstance(error, kinds if openai else kinds[0]), repr(error)
        seen.append((foretold, foretold.error))

    def agree(self, seen: list[tuple[Foretold, Any]]) -> None:
        """Both clients were answered alike, where their answers had the same cause."""
        (first_cause, first), (second_cause, second) = seen
        if first_cause == second_cause:
            assert first == second

    # What always holds

    @invariant()
    def every_permit_is_free(self) -> None:
        permits = self.app.state.permits
        deadline = time.monotonic() + 5
        while permits.free != permits.total and time.monotonic() < deadline:
            time.sleep(0.005)  # a client that left is noticed a moment later
        assert permits.free == permits.total == (0 if self.known.full else 128)

    @invariant()
    def the_queue_is_as_long_as_foretold(self) -> None:
        assert len(self.app.state.queue) == len(self.known.queue)

    @invariant()
    def the_router_believes_what_it_must(self) -> None:
        assert self.app.state.health.flag == self.known.believed_healthy


class TroubledMachine(Machine):
    """The same, and now and then something goes wrong between the fake and its clients."""

    @precondition(lambda self: not self.known.full)
    @rule(plan=fault_plans(), prompt=st.sampled_from(PROMPTS))
    def get_into_trouble(self, plan: FaultPlan, prompt: str) -> None:
        """Whatever goes wrong on the way, a caller sees an answer or one of our errors, and it passes."""
        self.app.state.faults.plan = plan
        for face, client in self.pairs:
            for _ in range(2):
                _, error = face.collect(face.stream(client, "generate_stream", prompt, max_new_tokens=LIMIT))
                assert error is None or isinstance(error, TextGenerationError)
                for method, arguments in ("generate", (prompt,)), ("tokenize", (prompt,)), ("info", ()):
                    with contextlib.suppress(TextGenerationError):
                        face.call(client, method, *arguments)
        self.app.state.faults.plan = FaultPlan()
        self.known = Known()
        self.control("reset", {})
        for face, client in self.pairs:
            assert face.call(client, "info").model_id == "test/model"


FEW = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class TestMachine(Machine.TestCase):
    settings = FEW


@pytest.mark.damages_answers
class TestTroubledMachine(TroubledMachine.TestCase):
    settings = FEW
