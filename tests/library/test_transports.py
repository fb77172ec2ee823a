"""Without a socket it is as with one: what is raised, what is kept, who waits for whom; and time can jump."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests

from fake_tgi import FakeTGI
from fake_tgi.transports.wires import BlockingEnd, Calls
from text_generation import AsyncClient, Client, Timeouts
from text_generation.errors import ConnectionFailedError, SilenceTimeoutError

from .callers import Aiohttp, Broken, Caller, Httpx, HttpxAsync, Late, Requests
from .ways import IN_MEMORY, Way

STREAM = {"inputs": "Hello", "parameters": {"max_new_tokens": 5}}


def kinds(error: BaseException | None) -> list[str]:
    """The library's own exceptions, from the outermost to the innermost."""
    found = []
    while error is not None:
        kind = type(error)
        found.append(f"{kind.__module__.partition('.')[0]}.{kind.__name__}")
        error = error.__cause__
    return found


TROUBLES: dict[str, Any] = {
    "before the headers": lambda fake: fake.cut(place="before_headers"),
    "before the headers, reset": lambda fake: fake.cut(place="before_headers", how="reset"),
    "in a stream": lambda fake: fake.cut(after_tokens=1),
    "in a stream, reset": lambda fake: fake.cut(after_tokens=1, how="reset"),
    "in an event": lambda fake: fake.cut(place="in_event", after_tokens=1),
    "a stall": lambda fake: fake.stall(after_tokens=1, seconds=60),
}
SOCKETS = {
    "memory, requests": Way("socket", lambda fake, timeout: Requests(fake.base_url, timeout=timeout)),
    "memory, aiohttp": Way("socket", lambda fake, timeout: Aiohttp(fake.base_url, timeout=timeout)),
    "memory, httpx": Way("socket", lambda fake, timeout: Httpx(httpx, fake.base_url, timeout=timeout)),
    "memory, async httpx": Way("socket", lambda f, timeout: HttpxAsync(httpx, f.base_url, timeout=timeout)),
}


@pytest.mark.parametrize("way", [way for way in IN_MEMORY if way.name in SOCKETS], ids=str)
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.damages_answers
def test_the_library_raises_what_it_raises_over_a_socket(way: Way, trouble: str) -> None:
    raised: list[list[str]] = []

    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.on_generate().stream(["one", " two", " three"])
        TROUBLES[trouble](fake)
        with pytest.raises((Broken, Late)) as caught:
            [event async for event in caller.events("/generate_stream", STREAM)]
        raised.append(kinds(caught.value)[:2])

    way.play(story, timeout=0.2)
    SOCKETS[way.name].play(story, timeout=0.2)
    in_memory, over_a_socket = raised
    assert in_memory == over_a_socket
    assert len(in_memory) == 2


@pytest.mark.parametrize("way", IN_MEMORY, ids=str)
def test_a_fake_that_does_not_run_refuses_connections_as_the_library_says_it(way: Way) -> None:
    async def calls() -> None:
        caller = way.calling(FakeTGI(listen=False), 1.0)
        with pytest.raises(Broken) as caught:
            await caller.ask("GET", "/health")
        cause = caught.value.__cause__
        assert isinstance(cause, (requests.ConnectionError, aiohttp.ClientConnectorError)) or (
            type(cause).__name__ == "ConnectError"
        )
        assert "the fake is not running" in str(cause)
        await caller.close()

    asyncio.run(calls())


JUMPING = [way for way in IN_MEMORY if "aiohttp" not in way.name]


@pytest.mark.parametrize("way", IN_MEMORY, ids=str)
def test_a_minute_of_silence_passes_in_no_time(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.on_generate().stream(["one", " two", " three"])
        fake.stall(after_tokens=2, seconds="60s")
        began = time.monotonic()
        assert len([event async for event in caller.events("/generate_stream", STREAM)]) == 3
        assert time.monotonic() - began < 5
        assert fake.last_request.seconds == pytest.approx(60)

    way.play(story, clock="virtual", timeout=100)


@pytest.mark.parametrize("way", JUMPING, ids=str)
def test_a_timeout_ends_on_the_fakes_clock_before_the_silence_does(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.on_generate().stream(["one", " two", " three"])
        fake.stall(after_tokens=2, seconds="60s")
        got = []
        began = time.monotonic()
        try:
            async for event in caller.events("/generate_stream", STREAM):
                got.append(event["token"]["text"])
        except Late:
            got.append("late")
        assert time.monotonic() - began < 5
        assert got == ["one", " two", "late"]
        await fake.idle()
        assert fake.last_request.ended == "client left"

    way.play(story, clock="virtual", timeout=10)


@pytest.mark.parametrize("way", JUMPING, ids=str)
def test_time_does_not_jump_for_a_timeout_alone(way: Way) -> None:
    """An answer that takes real time to make is waited for, however short a timeout is in virtual time."""

    async def story(fake: FakeTGI, caller: Caller) -> None:
        def slowly(asked: Any) -> str:
            time.sleep(0.1)
            return "worth it"

        fake.on_generate().run(slowly)
        assert await caller.generate("Hello") == "worth it"
        assert fake.clock.now == 0

    way.play(story, clock="virtual", timeout=10)


@pytest.mark.parametrize("way", IN_MEMORY, ids=str)
def test_a_client_that_leaves_has_left_before_time_jumps_on(way: Way) -> None:
    async def story(fake: FakeTGI, caller: Caller) -> None:
        fake.timing(itl="1s")
        fake.on_generate().stream([f"{number} " for number in range(50)])
        events = caller.events("/generate_stream", STREAM)
        got = [await events.__anext__() for _ in range(3)]
        await events.aclose()  # type: ignore[attr-defined]  # they are generators
        await fake.idle()
        assert len(got) == 3
        assert fake.last_request.ended == "client left"
        assert len(fake.last_request.events) <= 5

    way.play(story, clock="virtual")


def test_time_does_not_jump_while_an_answer_is_on_its_way_to_one_of_many_clients() -> None:
    """Answers of one turn of the loop may wait for each other, but not where time moves on meanwhile."""

    async def first_answers() -> list[float]:
        async with FakeTGI(listen=False, clock="virtual") as fake:
            loop, clock = asyncio.get_running_loop(), fake.state.clock

            def jump() -> None:
                clock.call_later(loop, 1, jump)  # there is always something to jump to

            jump()
            async with httpx.AsyncClient(transport=fake.httpx_async_transport()) as client:

                async def ask(number: int) -> float:
                    await client.post("http://tgi/generate", json={"inputs": f"Hello {number}"})
                    return fake.clock.now

                return await asyncio.gather(*map(ask, range(4)))

    # a client that the machine keeps from acting for too long is not waited for: hence the attempts
    assert any(asyncio.run(first_answers()) == [0, 0, 0, 0] for _ in range(3))


@pytest.fixture
def fake() -> Iterator[FakeTGI]:
    with FakeTGI(listen=False, clock="virtual") as fake:
        yield fake


def test_our_client_works_through_a_session(fake: FakeTGI) -> None:
    with requests.Session() as session:
        session.mount(fake.base_url, fake.requests_adapter())
        client = Client(fake.base_url, session=session, timeout=Timeouts(silence=10))
        stub = fake.on_generate().stream(["Hel", "lo"])
        assert "".join(event.token.text for event in client.generate_stream("x")) == "Hello"
        assert stub.called_once
        fake.stall(after_tokens=1, seconds="60s")
        stream = client.generate_stream("x")
        assert next(stream).token.text == "Hel"
        began = time.monotonic()
        with pytest.raises(SilenceTimeoutError):
            next(stream)
        assert time.monotonic() - began < 5


def test_our_asynchronous_client_works_through_a_session(fake: FakeTGI) -> None:
    async def calls() -> None:
        async with aiohttp.ClientSession(connector=fake.aiohttp_connector()) as session:
            client = AsyncClient(fake.base_url, session=session)
            fake.reply("Hello")
            assert (await client.generate("x")).generated_text == "Hello"
            events = [event async for event in client.generate_stream("x")]
            assert events[-1].generated_text == "Hello"

    asyncio.run(calls())


def test_a_forgotten_transport_is_told(fake: FakeTGI) -> None:
    with pytest.raises(ConnectionFailedError, match=r"fake-tgi\.invalid"):
        Client(fake.base_url, timeout=1).generate("x")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_any_host_may_be_meant_with_or_without_tls(fake: FakeTGI, scheme: str) -> None:
    url = f"{scheme}://api.example.test/health"
    with requests.Session() as session:
        session.mount(f"{scheme}://", fake.requests_adapter())
        assert session.get(url, proxies={"all": "http://127.0.0.1:9"}).status_code == 200
    with httpx.Client(transport=fake.httpx_transport()) as client:
        assert client.get(url).status_code == 200

    async def calls() -> None:
        async with (
            aiohttp.ClientSession(connector=fake.aiohttp_connector()) as session,
            session.get(url) as got,
        ):
            assert got.status == 200

    asyncio.run(calls())
    assert [seen.headers["host"] for seen in fake.requests] == ["api.example.test"] * 3


def test_a_blocking_call_on_the_loop_that_serves_is_refused_with_what_to_do() -> None:
    async def calls() -> None:
        async with FakeTGI(listen=False) as fake:
            with requests.Session() as session:
                session.mount(fake.base_url, fake.requests_adapter())
                with pytest.raises(RuntimeError, match="use an asynchronous client, or `with FakeTGI"):
                    session.get(f"{fake.base_url}/health")

    asyncio.run(calls())


def test_a_connection_that_is_forgotten_is_closed() -> None:
    with FakeTGI(listen=False, clock="stepped") as stepped:
        stepped.stall(after_tokens=1, seconds=60)
        wires = stepped._memory()
        end = BlockingEnd(wires)
        body = b'{"inputs":"x"}'
        head = b"POST /generate_stream HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        end.send(head + b"content-length: %d\r\n\r\n%b" % (len(body), body))
        assert end.receive(15) == b"HTTP/1.1 200 OK"
        del end
        stepped.wait_until_idle()
        assert stepped.last_request.ended == "client left"


@pytest.mark.damages_answers
def test_a_reader_that_is_slow_stops_the_server_as_a_socket_does() -> None:
    with FakeTGI(listen=False) as fake, httpx.Client(transport=fake.httpx_transport()) as client:
        fake.on_generate().raw(200, {"content-type": "text/plain"}, "x" * 6_553_600)
        fake.drip(65_536, seconds="1us")
        with client.stream("POST", f"{fake.base_url}/generate", json={"inputs": "x"}) as got:
            time.sleep(0.1)
            assert fake.journal[0].ended == "in flight"
            assert sum(len(data) for _, data in fake.journal[0].sent) < 2_000_000
            assert len(got.read()) == 6_553_600
        assert fake.last_request.ended == "complete"


class Asleep:
    """A loop that is told to wake up, and has not done so yet."""

    def __init__(self) -> None:
        self.due: list[Callable[[], object]] = []
        self.call_soon = self.call_soon_threadsafe = self.due.append

    def is_closed(self) -> bool:
        return False

    def wake(self) -> None:
        due, self.due[:] = list(self.due), []
        for each in due:
            each()


def test_what_a_client_does_in_one_go_wakes_the_server_once() -> None:
    loop: Any = Asleep()
    done: list[object] = []
    call = Calls(loop)
    for number in range(3):
        call(done.append, number)
    assert (len(loop.due), done) == (1, [])
    loop.wake()
    assert (len(loop.due), done) == (0, [0, 1, 2])
    call(done.append, 3)
    loop.wake()
    assert done == [0, 1, 2, 3]


def test_what_one_call_raises_keeps_no_other_from_being_made() -> None:
    loop: Any = Asleep()
    done: list[object] = []
    call = Calls(loop)
    call([].pop)
    call(done.append, 1)
    with pytest.raises(IndexError):
        loop.wake()
    call(done.append, 2)
    loop.wake()
    assert done == [1, 2]
