"""How to put an application through what TGI does, without pytest fixtures: `FakeTGI` in a program."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from hypothesis import given, settings

from fake_tgi import FakeTGI, anything, contains, fake_tgi_cases, json_subset, matches, strategies
from fake_tgi.library import Case
from fake_tgi.matching import Asked
from fake_tgi.segmentation import Segmentation
from fake_tgi.strategies import Stream
from text_generation import AsyncClient, Client, errors
from text_generation.errors import OverloadedError, SilenceTimeoutError


class App:
    """Somebody's application, which only knows where the server is."""

    def __init__(self, url: str, **options: Any) -> None:
        self.client = Client(url, **options)

    def ask(self, question: str) -> str:
        return self.client.generate(question, max_new_tokens=20).generated_text

    def greet(self) -> str:
        events = self.client.generate_stream("Say hello to everybody.")
        return "".join(event.token.text for event in events if not event.token.special)

    def stubborn(self, question: str) -> str:
        """Asks until there is an answer."""
        for _ in range(5):
            try:
                return self.ask(question)
            except errors.TextGenerationError:
                continue
        raise RuntimeError("no answer")


@pytest.fixture
def fake() -> Iterator[FakeTGI]:
    with FakeTGI() as fake:
        yield fake


def test_say_what_the_model_answers_and_look_at_what_it_was_asked(fake: FakeTGI) -> None:
    fake.reply("Paris.")
    assert App(fake.base_url).ask("capital of France?") == "Paris."
    assert fake.last_request.parameters["max_new_tokens"] == 20


def test_stubs_are_objects_that_can_be_asked(fake: FakeTGI) -> None:
    hello = fake.on_generate(inputs=contains("hello"), stream=True).stream(["Hel", "lo"], finish="eos_token")
    assert App(fake.base_url).greet() == "Hello"
    assert hello.called_once
    hello.calls[0].assert_json_subset({"parameters": {"best_of": None}})


@pytest.mark.damages_answers
def test_an_application_survives_what_goes_wrong(fake: FakeTGI) -> None:
    fake.reply("Still here.")
    fake.overloaded(times=2).then.disconnect(after_tokens=0).then.ok()
    assert App(fake.base_url).stubborn("x") == "Still here."
    assert [seen.status for seen in fake.requests] == [429, 429, 200, 200]


@pytest.mark.damages_answers
@pytest.mark.parametrize("case", fake_tgi_cases("/generate_stream"), ids=str)
def test_every_real_failure_of_a_stream(fake: FakeTGI, case: Case) -> None:
    fake.inject(case)
    assert case.client_error is not None
    with pytest.raises(getattr(errors, case.client_error)):
        list(Client(fake.base_url).generate_stream("x"))


def test_a_minute_of_silence_without_waiting_for_it() -> None:
    with FakeTGI(clock="virtual", ttft="lognormal(800ms, 0.4)", itl="25ms", listen=False) as fake:
        fake.stall(after_tokens=5, seconds=60)
        with requests.Session() as session:
            session.mount(fake.base_url, fake.requests_adapter())
            stream = Client(fake.base_url, session=session, timeout=30).generate_stream("Tell me.")
            began = time.monotonic()
            with pytest.raises(SilenceTimeoutError):
                list(stream)
            assert time.monotonic() - began < 10
        assert fake.last_request.ended == "client left"


def parsed(pieces: Iterable[bytes]) -> list[str]:
    """Somebody's parser of event streams."""
    rest, found = b"", []
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n\n")
        found += [event.removeprefix(b"data:").strip().decode() for event in whole if event[:5] == b"data:"]
    return found


@settings(max_examples=20, deadline=None)
@given(stream=strategies.streams(), cuts=strategies.segmentations())
def test_ones_own_parser_reads_every_stream_however_it_is_cut(stream: Stream, cuts: Segmentation) -> None:
    events = [event if event == "[DONE]" else json.loads(event) for event in parsed(stream.to_bytes(cuts))]
    assert events == stream.events


def test_answer_with_a_function_that_sees_the_question(fake: FakeTGI) -> None:
    def shout(asked: Asked) -> str:
        return str(asked.inputs).upper()

    fake.on_generate(where=lambda asked: asked.inputs != "quiet").run(shout)
    assert App(fake.base_url).ask("louder") == "LOUDER"


def test_match_any_part_of_a_request(fake: FakeTGI) -> None:
    fake.on_chat(
        messages=anything(),
        headers={"x-tenant": matches("^t-")},
        body=json_subset({"tools": None}),
    ).reply("For tenants.")
    client = Client(fake.base_url, headers={"x-tenant": "t-1"})
    answer = client.chat([{"role": "user", "content": "Hello"}])
    assert answer.choices[0].message.content == "For tenants."
    Client(fake.base_url).chat([{"role": "user", "content": "Hello"}])
    (missed,) = fake.unmatched
    assert fake.near_misses(missed) == ["stub 1: headers.x-tenant: expected a text like /^t-/, got nothing"]


def test_nothing_was_asked(fake: FakeTGI) -> None:
    App(fake.base_url)
    fake.assert_no_requests()


def test_a_conversation_has_states(fake: FakeTGI) -> None:
    fake.on_chat(inputs="Hello").reply("Who are you?").in_scenario("talk", "start", then="greeted")
    fake.on_chat().reply("Nice to meet you.").in_scenario("talk", "greeted")
    client = Client(fake.base_url)
    said = [
        client.chat([{"role": "user", "content": text}]).choices[0].message.content
        for text in ("Hello", "A friend.")
    ]
    assert said == ["Who are you?", "Nice to meet you."]


def test_on_the_running_event_loop() -> None:
    async def program() -> None:
        async with FakeTGI() as fake:
            fake.reply("Paris.")
            answer = await AsyncClient(fake.base_url).generate("capital of France?")
            assert answer.generated_text == "Paris."
            fake.assert_request_made(inputs=contains("France"))

    asyncio.run(program())


def test_in_a_process_of_its_own() -> None:
    with FakeTGI(subprocess=True, max_concurrent_requests=0) as fake:
        with pytest.raises(OverloadedError):
            App(fake.base_url).ask("x")
        fake.on("/").priority(1).reply("never")
        assert fake.requests[0].status == 429
        with FakeTGI.connect(fake.base_url) as same:
            assert len(same.requests) == 1


def test_without_a_socket_for_each_library() -> None:
    with FakeTGI(listen=False) as fake:
        fake.reply("Paris.")
        body = {"inputs": "capital of France?"}
        with requests.Session() as session:
            session.mount("https://api-inference.huggingface.co", fake.requests_adapter())
            got = session.post("https://api-inference.huggingface.co/generate", json=body)
            assert got.json()["generated_text"] == "Paris."
        with (
            httpx.Client(transport=fake.httpx_transport()) as client,
            client.stream("POST", f"{fake.base_url}/generate_stream", json=body) as stream,
        ):
            assert '"generated_text":"Paris."' in [line for line in stream.iter_lines() if line][-1]

        async def program() -> None:
            async with aiohttp.ClientSession(connector=fake.aiohttp_connector()) as session:
                answer = await AsyncClient(fake.base_url, session=session).generate("capital of France?")
                assert answer.generated_text == "Paris."
            async with httpx.AsyncClient(transport=fake.httpx_async_transport()) as client:
                assert [event async for event in _events(client, f"{fake.base_url}/generate_stream", body)]

        asyncio.run(program())
        assert len(fake.requests) == 4


async def _events(client: httpx.AsyncClient, url: str, body: Any) -> AsyncIterator[str]:
    async with client.stream("POST", url, json=body) as stream:
        async for line in stream.aiter_lines():
            if line.startswith("data:"):
                yield line
