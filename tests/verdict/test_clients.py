"""Real clients against a real server: ours do nothing wrong, whatever goes wrong; careless ones do."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest

from fake_tgi.app import Application, create_app
from fake_tgi.fault_plans import FaultPlan
from fake_tgi.faults import FAULTS, read_faults
from fake_tgi.server import Server
from fake_tgi.settings import Settings
from fake_tgi.stubs import Stub
from fake_tgi.verdict import Received, Verdict, judge
from text_generation import AsyncClient, Client, Retries

TEXT = "Žluťoučký kůň 🐎 は猫, and some plain words."
PATIENT = Retries(2, first_delay=0.06)

# One way or several of everything that can go wrong with an answer.
WRONG = (
    "error(500)", "error(503) times=1", "overload", "overload times=1", "overload(retry_after=0)",
    'error(422, error="Input validation error: x", error_type=validation)', "proxy_page(502) times=1",
    "loading(50ms)", "cut(before_headers) times=1", "cut(after_headers)", "cut(tokens=3)",
    "cut(in_event, tokens=3)", "cut(in_character, tokens=1)", "cut(tokens=3, how=reset)", "end_early(3)",
    "end_early", "stall(50ms, tokens=2)", "drip(200, 1ms)", "resegment(1)", "damage(no_json, event=3)",
    "damage(short, event=3)", "damage(no_utf8, event=3)", "damage(oversized, event=2, size=9000)",
    "damage(twice)", "damage(late)", "content_type(text/html)", "gzip", "close", "health(false)",
)  # fmt: skip


@pytest.fixture(scope="module")
def application() -> Application:
    return create_app(Settings())


@pytest.fixture(scope="module")
def server(application: Application) -> Iterator[Server]:
    with Server(application) as server:
        yield server


@pytest.fixture
def app(application: Application) -> Application:
    application.state.clear()
    application.state.stubs.add(Stub(answer=TEXT))
    return application


def go_wrong(app: Application, fault: str) -> None:
    app.state.faults.plan = FaultPlan(tuple(read_faults(fault)))


def verdict_on(app: Application, *received: Received) -> Verdict:
    assert app.state.journal.wait_until_idle(5)
    return judge(app.state.journal, received=received)


def came_to(call: Callable[[], str]) -> Received:
    try:
        return Received(call())
    except Exception as error:
        return Received(error=error)


def whole(client: Client) -> str:
    return client.generate("hi", max_new_tokens=60).generated_text


def streamed(client: Client) -> str:
    tokens = [each.token for each in client.generate_stream("hi", max_new_tokens=60)]
    return "".join(token.text for token in tokens if not token.special)


async def whole_async(client: AsyncClient) -> str:
    return (await client.generate("hi", max_new_tokens=60)).generated_text


async def streamed_async(client: AsyncClient) -> str:
    tokens = [each.token async for each in client.generate_stream("hi", max_new_tokens=60)]
    return "".join(token.text for token in tokens if not token.special)


def test_everything_that_can_go_wrong_is_tried() -> None:
    tried = {type(rule.fault) for text in WRONG for rule in read_faults(text)}
    assert tried == set(FAULTS.values())


@pytest.mark.damages_answers
@pytest.mark.parametrize("asking", [whole, streamed])
@pytest.mark.parametrize("fault", WRONG)
def test_our_client_does_nothing_wrong(
    server: Server, app: Application, fault: str, asking: Callable[[Client], str]
) -> None:
    go_wrong(app, fault)
    with Client(server.base_url, timeout=5, retries=PATIENT) as client:
        received = came_to(lambda: asking(client))
    verdict = verdict_on(app, received)
    assert verdict.ok, f"{received}\n{verdict}"


@pytest.mark.damages_answers
@pytest.mark.parametrize("asking", [whole_async, streamed_async])
@pytest.mark.parametrize("fault", WRONG)
def test_our_async_client_does_nothing_wrong(
    server: Server, app: Application, fault: str, asking: Callable[[AsyncClient], Awaitable[str]]
) -> None:
    async def ask() -> str:
        async with AsyncClient(server.base_url, timeout=5, retries=PATIENT) as client:
            return await asking(client)

    go_wrong(app, fault)
    received = came_to(lambda: asyncio.run(ask()))
    verdict = verdict_on(app, received)
    assert verdict.ok, f"{received}\n{verdict}"


def test_our_clients_keep_their_connection(server: Server, app: Application) -> None:
    with Client(server.base_url) as client:
        for number in range(5):
            client.generate(f"number {number}", max_new_tokens=2)
    assert verdict_on(app).ok
    assert len({event.connection for event in app.state.journal}) == 1


def test_our_client_closes_a_stream_that_its_caller_leaves(server: Server, app: Application) -> None:
    go_wrong(app, "drip(300, 5ms)")
    with Client(server.base_url) as client:
        stream = client.generate_stream("hi", max_new_tokens=60)
        next(iter(stream))
        stream.close()
        received = Received("", stopped=True)
        assert verdict_on(app, received).ok
    (event,) = app.state.journal
    assert event.ended == "client left"
    assert event.tokens_wasted > 10


def careless(port: int, path: str, *, again: int = 0, wait: float = 0.0) -> tuple[int, bytes]:
    """Asks over a new connection each time, and again as soon as it likes; returns whatever it gets."""
    body = json.dumps({"inputs": "hi", "parameters": {"max_new_tokens": 60}})
    while True:
        with closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("POST", path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            got = answer.status, answer.read()
        if got[0] < 400 or not again:
            return got
        again -= 1
        time.sleep(wait)


def names(verdict: Verdict) -> set[str]:
    return {finding.name for finding in verdict.failing("warning")}


def test_a_client_that_asks_again_at_once_is_found_out(server: Server, app: Application) -> None:
    go_wrong(app, "overload times=2")
    careless(server.port, "/generate", again=2)
    assert names(verdict_on(app)) == {"retry-without-backoff"}


@pytest.mark.damages_answers
def test_a_client_that_does_not_listen_is_found_out(server: Server, app: Application) -> None:
    go_wrong(app, "overload(retry_after=1) times=1")
    careless(server.port, "/generate", again=1, wait=0.1)
    assert names(verdict_on(app)) == {"retry-against-retry-after"}


@pytest.mark.damages_answers
def test_a_client_that_does_not_give_up_is_found_out(server: Server, app: Application) -> None:
    go_wrong(app, 'error(422, error="Input validation error: x", error_type=validation)')
    careless(server.port, "/generate", again=11, wait=0.005)
    assert names(verdict_on(app)) == {"never-ending-retry", "retry-of-what-cannot-succeed"}


def test_a_client_that_always_connects_anew_is_found_out(server: Server, app: Application) -> None:
    for _ in range(3):
        careless(server.port, "/generate")
    assert names(verdict_on(app)) == {"new-connection-per-call"}


@pytest.mark.damages_answers
@pytest.mark.parametrize(
    ("fault", "found"),
    [
        ("end_early(3)", "truncated-stream-accepted"),
        ("overload", "error-event-ignored"),
        ("proxy_page(502)", "error-answer-accepted"),
        ("damage(short, event=3)", "damaged-event-accepted"),
        ("resegment(2)", "split-character-mishandled"),
    ],
)
def test_a_client_that_takes_anything_for_text_is_found_out(
    server: Server, app: Application, fault: str, found: str
) -> None:
    go_wrong(app, fault)
    _, body = careless(server.port, "/generate_stream")
    text = "".join(body[at : at + 2].decode("utf-8", "replace") for at in range(0, len(body), 2))
    assert names(verdict_on(app, Received(text))) == {found}
