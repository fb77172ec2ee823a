"""What the help desk passes on, and what it does when the model fails, or its own client leaves."""

import asyncio
import threading
import time

import httpx
import pytest
import uvicorn
from helpdesk import create_app

from fake_tgi import contains


@pytest.fixture
async def browser(fake_tgi):
    app = create_app()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://helpdesk") as client:
        yield client
    await app.state.client.close()


@pytest.fixture
def address(fake_tgi):
    """The application on a socket, for what only a real connection shows."""
    server = uvicorn.Server(uvicorn.Config(create_app(), port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


async def test_an_answer(fake_tgi, browser):
    stub = fake_tgi.on_chat(inputs=contains("refund"), stream=True).stream(["With", " pleasure", "."])
    answer = await browser.get("/ask", params={"question": "Can I have a refund?"})
    assert answer.text == "With pleasure."
    (asked,) = stub.calls
    assert [message["role"] for message in asked.messages] == ["system", "user"]
    asked.assert_json_subset({"max_tokens": 100})


async def test_many_questions_at_once(fake_tgi, browser):
    for number in range(20):
        fake_tgi.on_chat(inputs=contains(f"number {number}.")).reply(f"Answer {number}")
    asked = (browser.get("/ask", params={"question": f"This is number {number}."}) for number in range(20))
    assert [each.text for each in await asyncio.gather(*asked)] == [
        f"Answer {number}" for number in range(20)
    ]


async def test_a_tool(fake_tgi, browser):
    fake_tgi.on_chat(inputs=contains("Sunday")).call_tool("opening_hours", {"day": "sunday"})
    answer = await browser.get("/hours", params={"question": "Are you open on Sunday?"})
    assert answer.json() == {"day": "sunday", "hours": "closed"}


async def test_no_question(fake_tgi, browser):
    assert (await browser.get("/ask")).status_code == 400
    fake_tgi.assert_no_requests()


async def test_a_busy_model_is_asked_again_by_the_client(fake_tgi, browser):
    fake_tgi.on_chat().reply("Hello.")
    fake_tgi.overloaded(retry_after=0).then.ok()
    assert (await browser.get("/ask", params={"question": "Hello?"})).text == "Hello."


async def test_a_model_that_stays_busy(fake_tgi, browser):
    fake_tgi.overloaded(times=None, retry_after=0)
    answer = await browser.get("/ask", params={"question": "Hello?"})
    assert answer.status_code == 503
    fake_tgi.assert_request_made("/v1/chat/completions", times=3)


async def test_words_arrive_as_they_are_said(fake_tgi, address):
    fake_tgi.timing(ttft="1ms", itl="30ms")
    fake_tgi.on_chat().stream(["One", " two", " three", "."])
    came = []
    async with httpx.AsyncClient() as client, client.stream("GET", f"{address}/ask?question=Count") as answer:
        async for text in answer.aiter_text():
            came.append((time.monotonic(), text))
    assert "".join(text for _, text in came) == "One two three."
    assert came[-1][0] - came[0][0] > 0.05


async def test_who_leaves_stops_the_model(fake_tgi, address):
    fake_tgi.on_chat().stream(["word "] * 200)
    fake_tgi.timing(ttft="1ms", itl="20ms")
    async with httpx.AsyncClient() as client, client.stream("GET", f"{address}/ask?question=Talk") as answer:
        async for _ in answer.aiter_text():
            break
    await fake_tgi.idle()
    assert fake_tgi.last_request.ended == "client left"
