"""One fake, reached in every way: the same stories come out the same."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from typing import Any

import pytest

from fake_tgi import FakeTGI, contains

from .callers import Broken, Caller, Late
from .ways import WAYS, Way

every_way = pytest.mark.parametrize("way", WAYS, ids=str)

STREAM = {"inputs": "Hello", "parameters": {"max_new_tokens": 5}}
CHAT = {"messages": [{"role": "user", "content": "Hello"}]}


def texts(events: list[Any]) -> list[str]:
    return [event["token"]["text"] for event in events]


@every_way
def test_a_stub_answers_with_its_text_on_every_route_and_can_be_asked(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        stub = fake.on(inputs=contains("Hello")).reply("Paris.")
        assert not stub.called
        assert await caller.generate("Hello you", max_new_tokens=7) == "Paris."
        assert stub.called_once
        seen = stub.calls[0]
        assert (seen.method, seen.route, seen.inputs) == ("POST", "/generate", "Hello you")
        assert seen.json == {"inputs": "Hello you", "parameters": {"max_new_tokens": 7}}
        assert (seen.parameters["max_new_tokens"], seen.streaming, seen.status) == (7, False, 200)
        seen.assert_json_subset({"parameters": {"best_of": None}})

        chat = (await caller.ask("POST", "/v1/chat/completions", CHAT)).json()
        assert chat["choices"][0]["message"]["content"] == "Paris."
        assert not stub.called_once
        assert [call.route for call in stub.calls] == ["/generate", "/v1/chat/completions"]
        assert fake.last_request.messages == CHAT["messages"]

    way.play(story)


@every_way
def test_a_stream_comes_token_by_token_while_it_is_produced(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.on_generate(stream=True).stream(["one", " two", " three"])
        fake.stall(after_tokens=1, seconds=6)
        events = caller.events("/generate_stream", STREAM)
        first = await anext_of(events)
        assert first["token"]["text"] == "one"
        assert fake.journal[0].ended == "in flight"
        rest = asyncio.ensure_future(listed(events))
        await asyncio.sleep(0.02)
        assert not rest.done()
        await fake.clock.elapse("6s")
        assert texts(await rest) == [" two", " three"]
        assert fake.last_request.ended == "complete"
        assert [event["token"]["text"] for event in fake.last_request.events] == ["one", " two", " three"]

    way.play(story)


@every_way
def test_a_chat_streams_and_ends_with_done(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.reply("Hello there.")
        body = {**CHAT, "stream": True}
        *chunks, last = await listed(caller.events("/v1/chat/completions", body))
        assert last == "[DONE]"
        pieces = [chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks]
        assert "".join(pieces) == "Hello there."

    way.play(story)


@every_way
@pytest.mark.damages_answers
def test_faults_strike_the_calls_of_their_sentence_in_order(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.reply("fine")
        sentence = fake.overloaded(times=2).then.html(502).then.cut(place="before_headers").then.ok()
        body = {"inputs": "Hello"}
        assert [(await caller.ask("POST", "/generate", body)).status for _ in range(3)] == [429, 429, 502]
        with pytest.raises(Broken):
            await caller.ask("POST", "/generate", body)
        assert await caller.generate("Hello") == "fine"
        await fake.idle()
        assert [seen.ended for seen in fake.requests][-2:] == ["cut by a fault", "complete"]
        assert sentence.unstruck == []

    way.play(story)


CUTS = {
    "before the headers": {"place": "before_headers"},
    "before the headers, reset": {"place": "before_headers", "how": "reset"},
    "after the headers": {"place": "after_headers"},
    "after the headers, reset": {"place": "after_headers", "how": "reset"},
    "after two tokens": {"after_tokens": 2},
    "after two tokens, reset": {"after_tokens": 2, "how": "reset"},
    "in an event": {"place": "in_event", "after_tokens": 2},
}


@every_way
@pytest.mark.damages_answers
def test_a_client_gets_what_came_before_a_cut_and_then_learns_of_it(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.on_generate().stream(["one", " two", " three"])
        for name, cut in CUTS.items():
            fake.cut(**cut)  # type: ignore[arg-type]  # a table of keyword arguments
            got, end = await read(caller.events("/generate_stream", STREAM))
            assert isinstance(end, Broken), name
            expected = ["one", " two"] if cut.get("after_tokens") else []
            # Of an answer that is reset, a reader may lose what it had not yet read.
            assert texts(got) == expected[: len(got)] if cut.get("how") else texts(got) == expected, name
            assert fake.last_request.ended == "cut by a fault", name
        assert texts(await listed(caller.events("/generate_stream", STREAM))) == ["one", " two", " three"]

    way.play(story)


@every_way
def test_a_client_that_waits_too_long_for_a_silent_server_gives_up_and_is_seen_to_leave(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.on_generate().stream(["one", " two", " three"])
        fake.stall(after_tokens=2, seconds=60)
        got, end = await read(caller.events("/generate_stream", STREAM))
        assert isinstance(end, Late)
        assert texts(got) == ["one", " two"]
        await fake.idle()
        assert fake.last_request.ended == "client left"

    way.play(story, timeout=0.2)


@every_way
def test_a_client_that_leaves_early_is_noticed_and_what_it_held_is_given_back(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.on_generate().stream(["one", " two", " three"])
        fake.stall(after_tokens=1, seconds=60, times=None)
        for _ in range(3):  # there are two permits
            events = caller.events("/generate_stream", STREAM)
            assert (await anext_of(events))["token"]["text"] == "one"
            await events.aclose()  # type: ignore[attr-defined]  # they are generators
            await fake.idle()
        assert [seen.ended for seen in fake.requests] == ["client left"] * 3
        assert [len(seen.events) for seen in fake.requests] == [1] * 3

    way.play(story, max_concurrent_requests=2)


@every_way
def test_fifty_streams_at_once_do_not_disturb_each_other(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        for number in range(50):
            fake.on_generate(inputs=f"stream {number}").stream([f"{number}", " of", " fifty"])
        fake.stall(after_tokens=1, seconds=1, times=None)

        async def one(number: int) -> list[Any]:
            return await listed(caller.events("/generate_stream", {"inputs": f"stream {number}"}))

        running = [asyncio.ensure_future(one(number)) for number in range(50)]
        await until(lambda: sum(event.status is not None for event in fake.journal) == 50)
        assert not any(task.done() for task in running)
        await fake.clock.elapse(1)
        answers = await asyncio.gather(*running)
        assert [texts(answer) for answer in answers] == [[f"{n}", " of", " fifty"] for n in range(50)]
        assert fake.unused == []
        assert {seen.ended for seen in fake.requests} == {"complete"}

    way.play(story)


@every_way
def test_a_connection_is_kept_and_one_that_was_closed_is_replaced_unnoticed(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.reply("fine")
        fake.ok().then.ok().then.hang_up()
        for _ in range(4):
            assert await caller.generate("Hello") == "fine"
            await asyncio.sleep(0.02)  # an end that is on its way arrives
        connections = [event.connection for event in fake.journal]
        assert len(set(connections[:3])) == 1
        assert connections[3] != connections[0]

    way.play(story)


@every_way
@pytest.mark.damages_answers  # TGI has no such route
def test_large_bodies_pass_whole_in_both_directions(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        large = "word " * 100_000
        stub = fake.on("/large").raw(200, {"content-type": "text/plain"}, large * 3)
        answer = await caller.ask("POST", "/large", {"text": large})
        assert answer.body == (large * 3).encode()
        assert fake.last_request.json == {"text": large}
        assert stub.called_once

    way.play(story)


@every_way
def test_what_was_asked_is_asserted_with_every_difference(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.assert_no_requests()
        fake.on_generate(inputs="Hallo").named("greeting").reply("Tag!")
        await caller.generate("Hello")
        assert fake.assert_request_made("/generate", inputs=contains("ell"))[0].inputs == "Hello"
        with pytest.raises(AssertionError) as caught:
            fake.assert_request_made("/generate", inputs="Hallo")
        first, request, difference = str(caught.value).splitlines()
        assert first.endswith("like this, got 0: {'route': '/generate', 'inputs': 'Hallo'}")
        assert re.match(r'  \d+\. POST /generate {"inputs":', request)
        assert difference == '       inputs: expected "Hallo", got "Hello"'
        with pytest.raises(AssertionError, match=r"expected no request, got 1:\n  \d+\. POST /generate"):
            fake.assert_no_requests()
        (unmatched,) = fake.unmatched
        assert fake.near_misses(unmatched) == ['greeting: inputs: expected "Hallo", got "Hello"']
        assert [stub.name for stub in fake.unused] == ["greeting"]

    way.play(story)


@every_way
@pytest.mark.damages_answers
def test_the_client_is_graded_by_what_was_seen_of_it(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.reply("fine")
        await caller.generate("Hello")
        assert fake.assert_client_ok().requests == 1
        fake.overloaded(retry_after=30)
        for _ in range(2):
            await caller.ask("POST", "/generate", {"inputs": "Again"})
        with pytest.raises(AssertionError, match="retry-against-retry-after"):
            fake.assert_client_ok()

    way.play(story)


@every_way
def test_a_reset_forgets_everything_and_gives_the_same_answers_again(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        before = [await caller.generate("Hello"), await caller.generate("Hello")]
        stub = fake.reply("stubbed")
        fake.overloaded(times=None)
        fake.timing(itl="1s")
        fake.sick()
        assert (await caller.ask("POST", "/generate", {"inputs": "Hello"})).status == 429
        assert (await caller.ask("GET", "/health")).status == 503
        assert stub.called
        fake.reset()
        assert (fake.requests, fake.stubs, fake.unused) == ([], [], [])
        assert [await caller.generate("Hello"), await caller.generate("Hello")] == before
        assert (await caller.ask("GET", "/health")).status == 200
        assert stub.call_count == 1, "a stub that is gone tells what it had done when it was last asked"

    way.play(story)


@every_way
def test_tokens_come_when_their_time_has_come(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.timing(ttft="3s", itl="1s")
        fake.on_generate().stream(["one", " two", " three"])
        began = fake.clock.now
        running = asyncio.ensure_future(listed(caller.events("/generate_stream", STREAM)))
        await until(lambda: bool(fake.requests))
        await fake.clock.elapse("4s")
        assert fake.clock.now == pytest.approx(began + 4)
        assert not running.done()
        assert len(fake.journal[0].sent) == 2
        await fake.clock.elapse(1)
        assert texts(await running) == ["one", " two", " three"]
        assert fake.last_request.seconds == pytest.approx(5)

    way.play(story)


async def listed(events: Any) -> list[Any]:
    return [event async for event in events]


async def read(events: Any) -> tuple[list[Any], Exception | None]:
    """What came, and what it ended with if it did not end well."""
    got = []
    try:
        async for event in events:
            got.append(event)
    except (Broken, Late) as end:
        return got, end
    return got, None


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  what is waited for happens in another thread or process
        await asyncio.sleep(0.005)


async def anext_of(events: Any) -> Any:
    return await events.__anext__()


def test_where_no_fake_answers_it_is_said_which_address_was_asked() -> None:
    fake = FakeTGI.connect("http://127.0.0.1:9")
    with pytest.raises(
        ConnectionError, match=r"http://127\.0\.0\.1:9: expected a fake to answer, got .*running"
    ):
        fake.reply("Hi.")
