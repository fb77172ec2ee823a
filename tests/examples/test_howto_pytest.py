"""How tests of an application look that have the fixture `fake_tgi`: the eight things people want first.

`MyApp` is anybody's application. It reads where its server is from the environment, and knows of no test.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest
import requests
from hypothesis import given

import text_generation
from fake_tgi import FakeTGI, contains, fake_tgi_cases, strategies
from fake_tgi.library import Case
from fake_tgi.strategies import Stream
from text_generation import Retries

pytestmark = pytest.mark.damages_answers(reason="some of these break answers on purpose")


class MyApp:
    """Asks a TGI server, with retries."""

    def __init__(self) -> None:
        self.client = text_generation.Client(
            os.environ["TGI_BASE_URL"], retries=Retries(4, first_delay=0.06), timeout=5
        )

    def ask(self, question: str) -> str:
        return self.client.generate(question, max_new_tokens=20).generated_text

    def greet(self) -> str:
        return "".join(each.token.text for each in self.client.generate_stream("hello world"))


@pytest.fixture
def my_app(fake_tgi: FakeTGI) -> Iterator[MyApp]:
    app = MyApp()
    yield app
    app.client.close()


# 1. No set-up: the environment points here, and answers are the same each time.


def test_an_answer(fake_tgi: FakeTGI, my_app: MyApp) -> None:
    fake_tgi.reply("Paris.")
    assert my_app.ask("capital of France?") == "Paris."
    assert fake_tgi.last_request.parameters["max_new_tokens"] == 20


# 2. Stubs are objects that can be asked. One that nobody used fails the test, and says what came instead.


def test_a_stream_token_by_token(fake_tgi: FakeTGI, my_app: MyApp) -> None:
    hello = fake_tgi.on_generate(inputs=contains("hello"), stream=True).stream(
        ["Hel", "lo"], finish="eos_token"
    )
    assert my_app.greet() == "Hello"
    assert hello.called_once
    hello.calls[0].assert_json_subset({"parameters": {"best_of": None}})


# 3. What goes wrong reads like a sentence, and the verdict grades what the client made of it.


def test_it_survives(fake_tgi: FakeTGI, my_app: MyApp) -> None:
    fake_tgi.overloaded(times=2).then.disconnect(after_tokens=0).then.ok()
    assert my_app.ask("What is Deep Learning?")
    fake_tgi.assert_request_made(times=4)
    fake_tgi.assert_client_ok()


# 4. Every error that the route can answer with.


@pytest.mark.parametrize("case", fake_tgi_cases("/generate_stream"), ids=str)
def test_every_error(fake_tgi: FakeTGI, case: Case) -> None:
    fake_tgi.inject(case)
    with (
        text_generation.Client(fake_tgi.base_url) as client,
        pytest.raises(getattr(text_generation.errors, case.client_error)),
    ):
        list(client.generate_stream("What is Deep Learning?"))


# 5. Time without waiting for it: 60 seconds of silence, in a moment.


@pytest.mark.fake_tgi(clock="virtual", ttft="lognormal(800ms, 0.4)", itl="25ms")
def test_a_silence(fake_tgi: FakeTGI) -> None:
    fake_tgi.stall(after_tokens=5, seconds=60)

    async def asked() -> list[str]:
        url = f"{os.environ['TGI_BASE_URL']}/generate_stream"
        body = {"inputs": "What is Deep Learning?", "parameters": {"max_new_tokens": 8}}
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
            return [line.decode() async for line in answer.content if line.startswith(b"data:")]

    assert len(asyncio.run(asked())) == 8
    assert 60 < fake_tgi.last_request.seconds < 75


# 6. What a real server said, in a file beside this one: made with
# `pytest --fake-tgi-record=once --fake-tgi-upstream=URL`, without secrets, and compared with `verify`.


@pytest.mark.fake_tgi_recording
def test_what_was_recorded() -> None:
    url = f"{os.environ['TGI_BASE_URL']}/generate_stream"
    body = {"inputs": "What is Deep Learning?", "parameters": {"max_new_tokens": 3}}
    answer = requests.post(url, json=body, timeout=5)
    assert parse(answer.content) == " Every new version"


# 7. A parser of one's own, against every stream that TGI can send and every way to cut it.


def parse(body: bytes) -> str:
    """The text of a stream of `/generate_stream`."""
    events = [json.loads(event[6:]) for event in body.decode().split("\n\n") if event.startswith("data: ")]
    return str(events[-1]["generated_text"])


@given(stream=strategies.streams("/generate_stream"), cuts=strategies.segmentations())
def test_my_parser(stream: Stream, cuts: Any) -> None:
    assert parse(b"".join(stream.to_bytes(cuts))) == stream.generated_text


# 8. Outside a fixture, or outside pytest.


def test_anywhere() -> None:
    with FakeTGI(seed=7) as fake:
        fake.on_chat().reply("Hi.")
        body = {"messages": [{"role": "user", "content": "Hello"}]}
        answer = requests.post(f"{fake.base_url}/v1/chat/completions", json=body, timeout=5).json()
        assert answer["choices"][0]["message"]["content"] == "Hi."


async def in_the_running_loop() -> str:
    async with FakeTGI() as fake, aiohttp.ClientSession(connector=fake.aiohttp_connector()) as session:
        fake.reply("Hi.")
        async with session.post(f"{fake.base_url}/generate", json={"inputs": "Hello"}) as answer:
            return str((await answer.json())["generated_text"])


def test_in_the_running_loop_and_without_a_socket() -> None:
    assert asyncio.run(in_the_running_loop()) == "Hi."
